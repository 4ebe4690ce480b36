{% macro late_data_cost(training_set) -%}
    {%- do ref(training_set) -%}
    {%- if execute -%}
        {%- set made = feature_warehouse._training_set_named(training_set, 'late_data_cost()') -%}
        {{ return(feature_warehouse._late_data_cost(made)) }}
    {%- endif -%}
{%- endmacro %}
