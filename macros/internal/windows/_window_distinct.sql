{#- Different values: one counts from the first of its events until the last of them has left. An event
    extends that only if no newer one of the same value was known before. -#}

{% macro _distinct_value(plan, aggregate, window) -%}
    {#- The number of different values. -#}
    {%- set payload = feature_warehouse._payload(
        plan, aggregate.expression, aggregate.where,
        aggregate.column if aggregate.column and not aggregate.where else aggregate.stem
    ) -%}
    {%- set key = (payload, window.offset) -%}
    {%- if key not in plan.counted_once -%}
        {%- set name = payload.strip('"') ~ '_extensions' ~ (
            '_' ~ plan.enters[window.offset] if window.offset else ''
        ) -%}
        {%- do plan.counted_once.update({key: {
            'name': feature_warehouse._taken_name(plan, name), 'payload': payload,
            'offset': window.offset, 'columns': {},
        }}) -%}
    {%- endif -%}
    {%- set columns = plan.counted_once[key].columns -%}
    {%- if window.length not in columns -%}
        {%- do columns.update({window.length: feature_warehouse._taken_name(
            plan, payload.strip('"') ~ '_change_' ~ window.suffix
        )}) -%}
    {%- endif -%}
    {%- set state = feature_warehouse._state(
        plan, plan.states, aggregate.stem ~ '_' ~ window.suffix ~ '_state', 'sum(' ~ columns[window.length] ~ ') over known'
    ) -%}
    {{ return('cast(' ~ state ~ ' as bigint)') }}
{%- endmacro %}


{% macro _extensions(plan, once) -%}
    {#- The CTE of events that make a value count for longer. -#}
{{ once.name }} as (
    select
        *,
        {{ feature_warehouse._window(
            'lead(' ~ plan.enters_at ~ ')', plan.entity + [once.payload],
            [plan.enters_at, plan.event_at], 8, ' as ' ~ plan.next_at
        ) }}
    from (
        select
            {%- for key in plan.entity + [once.payload, plan.event_at] %}
            {{ key }},
            {%- endfor %}
            {{ feature_warehouse._enters_at(plan, once.offset) }} as {{ plan.enters_at }},
            max({{ plan.event_at }}) over (
                {{ feature_warehouse._clause('partition by', plan.entity + [once.payload], 16) }}
                order by {{ feature_warehouse._enters_at(plan, once.offset) }}, {{ plan.event_at }}
                rows between unbounded preceding and 1 preceding
            ) as {{ plan.previous_at }}
        from {{ plan.ranked_source }}
        where {{ once.payload }} is not null
    ) as ordered
    where {{ plan.previous_at }} is null or {{ plan.event_at }} > {{ plan.previous_at }}
)
{%- endmacro %}


{% macro _extension_branches(plan, once) -%}
    {#- The rows of `changes` by which a value begins to count, and those by which it ends. -#}
    {%- set begins = {} -%}
    {%- for length, column in once.columns.items() -%}
        {%- if length is none -%}
            {%- set begin = 'case when ' ~ plan.previous_at ~ ' is null then 1 else 0 end' -%}
        {%- else -%}
            {%- set reach = feature_warehouse._interval(once.offset + length) -%}
            {%- set begin = 'case\n            when ' ~ plan.previous_at ~ ' is null\n                or '
                ~ plan.enters_at ~ ' >= ' ~ plan.previous_at ~ ' + ' ~ reach ~ '\n                then ' ~ (
                    'case when ' ~ plan.enters_at ~ ' < ' ~ plan.event_at ~ ' + ' ~ reach ~ ' then 1 else 0 end'
                    if plan.late else '1'
                ) ~ '\n            else 0\n        end' -%}
        {%- endif -%}
        {%- do begins.update({column: begin}) -%}
    {%- endfor -%}
    {%- set branches = [feature_warehouse._change_branch(
        plan, once.name, plan.enters_at, 'other', begins,
        feature_warehouse._alive(plan, once.offset, plan.enters_at)
    )] -%}
    {%- for length, column in once.columns.items() if length is not none -%}
        {%- set leaves = plan.event_at ~ ' + ' ~ feature_warehouse._interval(once.offset + length) -%}
        {%- set conditions = ['(' ~ plan.next_at ~ ' is null or ' ~ plan.next_at ~ ' >= ' ~ leaves ~ ')'] -%}
        {%- if plan.late -%}
            {%- do conditions.append(plan.enters_at ~ ' < ' ~ leaves) -%}
        {%- endif -%}
        {%- do branches.append(feature_warehouse._change_branch(
            plan, once.name, leaves, 'other', {column: '-1'}, conditions
        )) -%}
    {%- endfor -%}
    {{ return(branches) }}
{%- endmacro %}
