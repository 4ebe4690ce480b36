{% test no_future_features(model, timestamp=none, feature_timestamps=none) %}
    {%- if execute -%}
        {%- set checked = feature_warehouse._checked_timestamps(timestamp, feature_timestamps) -%}
        {%- set problem = feature_warehouse._problem_column() -%}
        {%- set query -%}
{%- for column, lag in checked.columns %}
{{ 'union all\n' if not loop.first -}}
select
    *,
    cast({{ feature_warehouse._text_literal(column ~ ' is after ' ~ checked.timestamp) }} as {{ feature_warehouse._text_type() }})
        as {{ problem }}
from {{ model }}
where {{ feature_warehouse._utc(feature_warehouse._quote(column), checked.types.get(column)) }}
    {{- ' + ' ~ lag if lag }} > {{ feature_warehouse._utc(
    feature_warehouse._quote(checked.timestamp), checked.types.get(checked.timestamp)
) }}
{% endfor %}
        {%- endset %}
{{ feature_warehouse._without_personal_data(
    query, feature_warehouse._tested_columns() + [problem]
) }}
    {%- endif %}
{% endtest %}
