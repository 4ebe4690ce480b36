{% macro dataset_card(training_set) -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- set relation = feature_warehouse._ref(training_set) -%}
    {%- if execute -%}
        {%- set made = feature_warehouse._set_named(training_set, 'dataset_card()') -%}
        {{ return(feature_warehouse._dataset_card(made, relation)) }}
    {%- endif -%}
{%- endmacro %}
