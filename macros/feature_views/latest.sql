{% macro latest(view) -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- set relation = feature_warehouse._ref(view) -%}
    {%- if execute -%}
        {{ return(feature_warehouse._newest_rows(
            view, relation, feature_warehouse._now(), false
        )) }}
    {%- endif -%}
{%- endmacro %}
