{% macro _pattern(parts) -%}
    {#- A regular expression as a literal on several lines. -#}
    {%- set literals = [] -%}
    {%- for part in parts -%}
        {%- do literals.append(feature_warehouse._text_literal(part)) -%}
    {%- endfor -%}
    {{ return('(\n                ' ~ literals | join('\n                || ') ~ '\n            )') }}
{%- endmacro %}
