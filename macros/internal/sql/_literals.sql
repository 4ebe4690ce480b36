{#- Values as SQL literals. -#}

{% macro _literal(value, data_type=none) -%}
    {#- Cast where a bare literal would widen the column: smallint, or a decimal on DuckDB. -#}
    {%- set wide = ['integer', 'int', 'bigint', 'double precision', 'double', 'float', 'real'] -%}
    {%- if value is boolean -%}
        {{ return('true' if value else 'false') }}
    {%- elif value is number and (data_type is none or data_type | lower | trim in wide) -%}
        {{ return(value | string) }}
    {%- endif -%}
    {%- set text = feature_warehouse._text_literal(value | string) -%}
    {{ return('cast(' ~ text ~ ' as ' ~ data_type ~ ')' if data_type else text) }}
{%- endmacro %}


{% macro _json(value) -%}
    {#- With the keys in their order, which tojson() keeps on dbt 1 only. -#}
    {%- if value is not mapping -%}
        {{ return(tojson(value)) }}
    {%- endif -%}
    {%- set pairs = [] -%}
    {%- for key in value -%}
        {%- do pairs.append(tojson(key) ~ ': ' ~ feature_warehouse._json(value[key])) -%}
    {%- endfor -%}
    {{ return('{' ~ pairs | join(', ') ~ '}') }}
{%- endmacro %}


{% macro _text_literal(text) -%}
    {#- A text as an SQL literal. -#}
    {{ return("'" ~ feature_warehouse._within_literal(text) ~ "'") }}
{%- endmacro %}
