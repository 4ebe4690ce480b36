{% macro feature_catalog(statistics=none) -%}
    {%- set relation = ref(statistics) if statistics is string else statistics -%}
    {%- if execute -%}
        {{ return(feature_warehouse._feature_catalog(relation)) }}
    {%- endif -%}
{%- endmacro %}
