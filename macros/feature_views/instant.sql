{% macro instant(text) -%}
    {{ return(feature_warehouse._instant(text)) }}
{%- endmacro %}
