{% macro dataset_card(training_set) -%}
    {%- set relation = ref(training_set) -%}
    {%- if execute -%}
        {%- set made = feature_warehouse._training_set_named(training_set, 'dataset_card()') -%}
        {{ return(feature_warehouse._dataset_card(made, relation)) }}
    {%- endif -%}
{%- endmacro %}
