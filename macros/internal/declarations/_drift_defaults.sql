{% macro _drift_defaults() -%}
    {#- What a feature is judged by unless its view says otherwise. -#}
    {{ return({
        'baseline': 'training_set', 'psi': 0.25, 'jensen_shannon': 0.25, 'kolmogorov_smirnov': 0.25,
        'null_share': 0.1, 'new_values': 0.05, 'minimum_rows': 500, 'minimum_entities': 200, 'since': none,
        'off': none,
    }) }}
{%- endmacro %}
