{#- Texts are compared by their bytes. -#}

{% macro _texts() -%}
    {#- The names of types that are texts, as a regular expression. -#}
    {{ return(
        '(?:text|string|n?varchar|character varying|n?char|character|bpchar|citext|national .*)$'
    ) }}
{%- endmacro %}


{% macro _bytewise(column, data_type) -%}
    {#- A text as an expression that is compared by its bytes, whatever the collation of column and database;
        a column of another type as it is. -#}
    {%- set type = modules.re.sub(' ?\\([^()]*\\)', '', (data_type or '') | lower | trim) -%}
    {%- set scalar = modules.re.sub('( ?\\[\\d*\\]| array)+$', '', type) -%}
    {%- if not modules.re.fullmatch(feature_warehouse._texts(), scalar) -%}
        {{ return(column) }}
    {%- elif scalar == 'citext' -%}
        {%- set column = 'cast(' ~ column ~ ' as text' ~ ('[]' if type != scalar else '') ~ ')' -%}
    {%- endif -%}
    {{ return(column ~ feature_warehouse._byte_order()) }}
{%- endmacro %}


{% macro _to_text(expression) -%}
    {#- A value cast to the type of texts. -#}
    {{ return('cast(' ~ expression ~ ' as ' ~ feature_warehouse._text_type() ~ ')') }}
{%- endmacro %}
