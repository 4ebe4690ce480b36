{% macro _late_data_cost(made) -%}
    {#- Both values of a feature come out of one join, side by side for each label row. -#}
    {%- set compared = [] -%}
    {%- set views = [] -%}
    {%- set available = made.options.copy() -%}
    {%- do available.update({'knowledge': 'available'}) -%}
    {%- for view in feature_warehouse._training_set_views(made, available) if view.created_timestamp -%}
        {%- set known = {} -%}
        {%- set early = {} -%}
        {%- for feature, name in view.features.items() -%}
            {%- set number = compared | length + 1 -%}
            {%- do known.update({feature: 'when_available_' ~ number}) -%}
            {%- do early.update({feature: 'when_true_' ~ number}) -%}
            {%- set type = view.types[feature] -%}
            {%- do compared.append({
                'name': name,
                'differs': feature_warehouse._comparable('when_available_' ~ number, type)
                    ~ ' is distinct from ' ~ feature_warehouse._comparable('when_true_' ~ number, type)
            }) -%}
        {%- endfor -%}
        {%- set plain = {'event_timestamp_as': none, 'age_as': none} -%}
        {%- set waiting = view.copy() -%}
        {%- do waiting.update(plain) -%}
        {%- do waiting.update({'features': known}) -%}
        {%- set knowing = view.copy() -%}
        {%- do knowing.update(plain) -%}
        {%- do knowing.update({
            'features': early, 'knowledge': 'event_time', 'alias': view.alias ~ '_event_time'
        }) -%}
        {%- do views.extend([waiting, knowing]) -%}
    {%- endfor -%}
    {%- set rows = feature_warehouse._label_rows(made.label_set, made.options) -%}
with compared as (
{{ feature_warehouse._indented(feature_warehouse._join(rows, views), 4) }}
)

{% for item in compared -%}
select
    cast({{ feature_warehouse._text_literal(item.name) }} as text) as feature,
    count(*) as label_rows,
    count(case when {{ item.differs }} then 1 end) as rows_that_differ
from compared
union all
{% endfor -%}
select
    cast(null as text) as feature,
    count(*) as label_rows,
    {%- if compared %}
    count(
        case
            when
                {% for item in compared -%}
                {{ 'or ' if not loop.first }}{{ item.differs }}
                {% endfor -%}
            then 1
        end
    ) as rows_that_differ
    {%- else %}
    cast(0 as bigint) as rows_that_differ
    {%- endif %}
from compared
{%- endmacro %}
