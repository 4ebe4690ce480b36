{% macro stale_data_cost(training_set, every=['1 hour', '15 minutes', '1 minute'], delay='0 seconds') -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- if not execute -%}
        {%- do feature_warehouse._ref(training_set) -%}
    {%- endif -%}
    {%- if execute -%}
        {%- set made = feature_warehouse._training_set_named(training_set, 'stale_data_cost()') -%}
        {%- set mistakes = feature_warehouse._schedule_mistakes(every, delay) -%}
        {%- if mistakes -%}
            {{ feature_warehouse._fail('stale_data_cost()', mistakes) }}
        {%- endif -%}
        {{ return(feature_warehouse._stale_data_cost(made, every, delay)) }}
    {%- endif -%}
{%- endmacro %}
