{% test no_drift(model, last='7 days', as_of=none, source='auto') %}
    {%- if execute -%}
        {%- set made = feature_warehouse._tested_training_set('no_drift') -%}
        {%- set clock = feature_warehouse._now() if as_of is none else feature_warehouse._instant(as_of) -%}
        {%- set plan = feature_warehouse._drift_comparisons(
            made, clock, feature_warehouse._fixed_length('last', last), source
        ) -%}
        {%- if not plan.comparisons %}
select 'no feature is judged' as feature
where 1 = 0
        {%- endif %}
        {%- for comparison in plan.comparisons %}
select *
from (
{{ feature_warehouse._indented(feature_warehouse._drift(
    comparison.now, comparison.then, comparison.features, bins=false
), 4) }}
) as comparison_{{ loop.index }}
where
    not_judged is null
    and alarms <> ''
            {%- if not loop.last %}
union all
            {%- endif %}
        {%- endfor %}
    {%- endif %}
{% endtest %}
