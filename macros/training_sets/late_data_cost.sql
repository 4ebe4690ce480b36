{% macro late_data_cost(training_set) -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- if not execute -%}
        {%- do feature_warehouse._ref(training_set) -%}
    {%- endif -%}
    {%- if execute -%}
        {%- set made = feature_warehouse._training_set_named(training_set, 'late_data_cost()') -%}
        {{ return(feature_warehouse._late_data_cost(made)) }}
    {%- endif -%}
{%- endmacro %}
