{% macro latest(view) -%}
    {%- set relation = ref(view) -%}
    {%- if execute -%}
        {{ return(feature_warehouse._newest_rows(
            view, relation, "cast(current_timestamp at time zone 'UTC' as timestamp)", false
        )) }}
    {%- endif -%}
{%- endmacro %}
