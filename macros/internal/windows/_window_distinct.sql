{#- Different values: one counts from the first of its events in a window until the last of them has left. So an
    event begins a value if none of its kind is in the window, and ends it if none comes before it leaves. What
    began less what ended are the values in a window: two counts, as of anything that adds up. -#}

{% macro _distinct_value(plan, aggregate, window) -%}
    {#- The number of different values. -#}
    {%- set payload = feature_warehouse._payload(
        plan, aggregate.expression, aggregate.where,
        aggregate.column if aggregate.column and not aggregate.where else aggregate.stem
    ) -%}
    {%- set name = feature_warehouse._bare_name(payload) -%}
    {%- set spans = feature_warehouse._value_spans(plan, payload, name, window) -%}
    {%- set key = (window.offset, window.length) -%}
    {%- if key not in spans.begins -%}
        {%- do spans.begins.update(
            {key: feature_warehouse._taken_name(plan, name ~ '_begins_' ~ window.suffix)}
        ) -%}
        {%- if window.length is not none -%}
            {%- do spans.ends.update(
                {key: feature_warehouse._taken_name(plan, name ~ '_ends_' ~ window.suffix)}
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(feature_warehouse._tally(
        plan, window, 'count', spans.begins[key], spans.begins[key], name ~ '_values', spans.ends.get(key)
    )) }}
{%- endmacro %}


{% macro _value_spans(plan, payload, name, window) -%}
    {#- What the plan notes of a column whose values are counted once: for all windows, but where events may be
        known late for each offset, for then it has its own order. -#}
    {%- set offset = window.offset if plan.late else none -%}
    {%- if (payload, offset) not in plan.spans -%}
        {%- set ending = plan.enters[offset][2:] if offset else '' -%}
        {%- do plan.spans.update({(payload, offset): {
            'payload': payload,
            'enters': feature_warehouse._enters_at(plan, offset or 0),
            'previous_at': feature_warehouse._taken_name(plan, name ~ '_previous_at' ~ ending),
            'same': feature_warehouse._taken_name(plan, 'same_' ~ name ~ ending),
            'next_at': feature_warehouse._taken_name(plan, name ~ '_next_at' ~ ending),
            'begins': {},
            'ends': {},
        }}) -%}
    {%- endif -%}
    {{ return(plan.spans[(payload, offset)]) }}
{%- endmacro %}


{% macro _neighbours(plan) -%}
    {#- The CTE of events, each with the nearest ones of the same value. -#}
    {%- set windows = {} -%}
    {%- for span in plan.spans.values() -%}
        {%- do windows.update({span.same: feature_warehouse._window_over(plan, [span.payload], plan.event_at)}) -%}
    {%- endfor -%}
neighbours as (
    select
        *,
        {%- for span in plan.spans.values() %}
        {%- set same = feature_warehouse._over(span.same, windows) %}
        lag({{ plan.event_at }}) over {{ same }} as {{ span.previous_at }},
        lead({{ plan.event_at }}) over {{ same }} as {{ span.next_at }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ plan.ranked_source }}
    {{- feature_warehouse._window_clause(windows, 4) }}
)
{%- endmacro %}


{#- An event that is known late may be older than others of its value that were known before. Such a one changes
    nothing; the others, each newer than all before, are in the order of their own time too. -#}
{% macro _late_neighbours(plan) -%}
predecessors as (
    select
        *,
        {%- for span in plan.spans.values() %}
        max({{ plan.event_at }}) over (
            {{ feature_warehouse._clause('partition by', plan.entity + [span.payload], 12) }}
            order by {{ span.enters }}, {{ plan.event_at }}
            rows between unbounded preceding and 1 preceding
        ) as {{ span.previous_at }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ plan.ranked_source }}
),

neighbours as (
    select
        *,
        {%- for span in plan.spans.values() %}
        {{ feature_warehouse._window(
            'lead(' ~ span.enters ~ ')',
            plan.entity + [span.payload, feature_warehouse._is_newest_value(plan, span)],
            [span.enters, plan.event_at], 8, ' as ' ~ span.next_at
        ) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from predecessors
)
{%- endmacro %}


{% macro _is_newest_value(plan, span) -%}
    {#- The condition that no event of the same value, known before, is as new. -#}
    {{ return('coalesce(' ~ plan.event_at ~ ' > ' ~ span.previous_at ~ ', true)') }}
{%- endmacro %}


{% macro _spans(plan) -%}
    {#- The CTE of events with a mark on those that begin a value in a window, and on those that end it. -#}
spans as (
    select
        *
        {%- for span in plan.spans.values() -%}
            {%- set counts = [span.payload ~ ' is not null'] -%}
            {%- if plan.late -%}
                {%- do counts.append(feature_warehouse._is_newest_value(plan, span)) -%}
            {%- endif -%}
            {%- for key, column in span.begins.items() -%}
                {%- set first = span.previous_at ~ ' is null' -%}
                {{ feature_warehouse._mark(counts, [first] if key[1] is none else [
                    first, feature_warehouse._has_left(
                        plan, key, span.previous_at, span.enters if plan.late else plan.event_at
                    )
                ], column) }}
            {%- endfor -%}
            {%- for key, column in span.ends.items() -%}
                {{ feature_warehouse._mark(counts, [
                    span.next_at ~ ' is null',
                    feature_warehouse._has_left(plan, key, plan.event_at, span.next_at)
                ], column) }}
            {%- endfor -%}
        {%- endfor %}
    from neighbours
)
{%- endmacro %}


{% macro _mark(all, any, column) %},
        case
            when {{ all | join('\n                and ') }}
                and {{ any[0] if any | length == 1 else '(\n                    '
                    ~ any | join('\n                    or ') ~ '\n                )' }}
                then 1
        end as {{ column }}
{%- endmacro %}


{% macro _has_left(plan, window, event, at) -%}
    {#- The condition that an event has left a window when another enters: by the instants at which they enter
        where these may be late, else by their own, which are as far apart. -#}
    {%- set stay = window[0] + window[1] - (0 if plan.late else [plan.lag, window[0]] | max) -%}
    {{ return(at ~ ' >= ' ~ event ~ ' + ' ~ feature_warehouse._interval(stay)) }}
{%- endmacro %}
