{% test point_in_time_correct(model, sample=1000) %}
    {%- if execute -%}
        {%- set made = feature_warehouse._tested_training_set('point_in_time_correct') -%}
{{ feature_warehouse._recomputed(made, model, sample) }}
    {%- endif %}
{% endtest %}
