{#- Counts and sums, of what has entered a window less what has left it: exact for whole numbers and
    decimals. -#}

{% macro _tally(plan, window, function, payload, value, name) -%}
    {#- The column that holds a count or a sum over the events in a window. -#}
    {{ return(
        feature_warehouse._tally_of_events(plan, window, function, value, name)
        if feature_warehouse._can('ignores_nulls')
        else feature_warehouse._tally_of_changes(plan, window, function, payload, value, name)
    ) }}
{%- endmacro %}


{% macro _tally_of_changes(plan, window, function, payload, value, name) -%}
    {%- do plan.changing.append(payload) -%}
    {%- set entered = feature_warehouse._entering(plan, window) -%}
    {%- set sum = feature_warehouse._filtered(function, value, entered, 'known') -%}
    {%- if window.length is not none -%}
        {%- set left = feature_warehouse._filtered(
            function, value, plan.change ~ " = '" ~ plan.leaves[(window.offset, window.length)] ~ "'", 'known'
        ) -%}
        {%- set sum = sum ~ '\n            - ' ~ ('coalesce(' ~ left ~ ', 0)' if function == 'sum' else left) -%}
    {%- endif -%}
    {{ return(feature_warehouse._state(plan, plan.states, name ~ '_' ~ window.suffix, sum)) }}
{%- endmacro %}


{#- Sums run over the events, which are fewer than the changes, and each change carries those of its event
    along by IGNORE NULLS: a quarter to a half of the time on DuckDB. -#}
{% macro _tally_of_events(plan, window, function, value, name) -%}
    {%- set sum = feature_warehouse._carried(
        plan, window, plan.enters[window.offset], function, value, name
    ) -%}
    {%- if plan.late or window.offset != plan.enters | min -%}
        {%- set sum = 'coalesce(' ~ sum ~ ', 0)' -%}
    {%- endif -%}
    {%- if window.length is not none -%}
        {%- set left = feature_warehouse._carried(
            plan, window, plan.leaves[(window.offset, window.length)], function, value, name
        ) -%}
        {%- set sum = feature_warehouse._joined([sum, '- coalesce(' ~ left ~ ', 0)'], 12) -%}
    {%- endif -%}
    {{ return(feature_warehouse._state(plan, plan.tallies, name ~ '_' ~ window.suffix, sum)) }}
{%- endmacro %}


{% macro _carried(plan, window, change, function, value, name) -%}
    {#- A running count or sum as it was at the last change of a kind. -#}
    {%- set enters = change == plan.enters[window.offset] -%}
    {%- if change not in plan.carried -%}
        {%- do plan.carried.update({change: {
            'name': feature_warehouse._taken_name(
                plan, 'entered' ~ change[2:] if enters else 'left' ~ change[3:]
            ),
            'running': feature_warehouse._running_column(plan, window, change, enters),
        }}) -%}
    {%- endif -%}
    {%- set carried = plan.carried[change] -%}
    {%- set running = plan.running[carried.running] -%}
    {%- set sql = function ~ '(' ~ value ~ ') over ' ~ running.over -%}
    {%- if plan.late and window.length is not none -%}
        {%- set in_time = feature_warehouse._enters_at(plan, window.offset) ~ ' < '
            ~ feature_warehouse._after(plan, window.offset + window.length) -%}
        {%- set sql = feature_warehouse._filtered(function, value, in_time, running.over) -%}
    {%- endif -%}
    {%- if sql not in running.fields -%}
        {%- do running.fields.update({sql: feature_warehouse._free_name(
            name ~ ('_' ~ window.suffix if plan.late else ''), running.fields.values() | list
        )}) -%}
    {%- endif -%}
    {{ return(carried.name ~ '.' ~ feature_warehouse._quote(running.fields[sql])) }}
{%- endmacro %}


{% macro _running_column(plan, window, change, enters) -%}
    {#- The column of running aggregates that a kind of change carries. Without created timestamps events
        enter and leave in one order; with them each window has events of its own that came in time. -#}
    {%- if plan.running and not plan.late -%}
        {{ return(plan.running.keys() | first) }}
    {%- endif -%}
    {%- set by_entry = plan.late and enters -%}
    {%- set column = feature_warehouse._taken_name(plan, 'running' ~ ('_' ~ change if plan.late else '')) -%}
    {%- do plan.running.update({column: {
        'over': feature_warehouse._quote('by_' ~ change) if by_entry else 'by_event',
        'order': feature_warehouse._enters_at(plan, window.offset) if by_entry else plan.event_at,
        'fields': {},
    }}) -%}
    {{ return(column) }}
{%- endmacro %}


{#- What an event leaves behind in a window: when it enters, the window that ends with it; when it leaves, the
    one that begins after it. Frames are ordered by microseconds, which DuckDB compares faster; those of
    RANGE include both ends. -#}
{% macro _carried_frame(plan, window, function, payload, name) -%}
    {%- if window.length is none -%}
        {{ return(feature_warehouse._carried(
            plan, window, plan.enters[window.offset], function, payload, name
        )) }}
    {%- endif -%}
    {%- if window.suffix not in plan.frames -%}
        {%- set stay = feature_warehouse._stay(plan, window) -%}
        {%- do plan.frames.update({window.suffix: {
            'name': feature_warehouse._taken_name(plan, 'last_' ~ window.suffix),
            'sides': [
                {
                    'change': plan.enters[window.offset],
                    'column': feature_warehouse._taken_name(plan, 'entering_' ~ window.suffix),
                    'frame': (stay - 1) ~ ' preceding and current row',
                },
                {
                    'change': plan.leaves[(window.offset, window.length)],
                    'column': feature_warehouse._taken_name(plan, 'leaving_' ~ window.suffix),
                    'frame': 'current row and ' ~ stay ~ ' following exclude group',
                },
            ],
            'fields': {},
        }}) -%}
    {%- endif -%}
    {%- set frame = plan.frames[window.suffix] -%}
    {%- set sql = function ~ '(' ~ payload ~ ')' -%}
    {%- if sql not in frame.fields -%}
        {%- do frame.fields.update({sql: feature_warehouse._free_name(name, frame.fields.values() | list)}) -%}
    {%- endif -%}
    {{ return(frame.name ~ '.' ~ feature_warehouse._quote(frame.fields[sql])) }}
{%- endmacro %}


{% macro _running_events(plan) -%}
    {#- The events, each with what has happened up to it, and with what it leaves behind. -#}
    {%- set windows = {} -%}
    {%- set order = feature_warehouse._epoch_microseconds(plan.event_at) if plan.frames else plan.event_at -%}
    {%- set columns = {} -%}
    {%- for column, running in plan.running.items() -%}
        {%- do windows.update({running.over: feature_warehouse._window_over(
            plan, [], order if running.order == plan.event_at else running.order
        )}) -%}
        {%- do columns.update({column: running.fields}) -%}
    {%- endfor -%}
    {%- for frame in plan.frames.values() -%}
        {%- for side in frame.sides -%}
            {%- do windows.update({side.column: feature_warehouse._window_over(
                plan, [], order, 'range between ' ~ side.frame
            )}) -%}
            {%- set fields = {} -%}
            {%- for sql, field in frame.fields.items() -%}
                {%- do fields.update({sql ~ ' over ' ~ side.column: field}) -%}
            {%- endfor -%}
            {%- do columns.update({side.column: fields}) -%}
        {%- endfor -%}
    {%- endfor -%}
running_events as {{ feature_warehouse._computed_once() }}(
    select
        *
        {%- for column, fields in columns.items() %},
        {
            {%- for sql, field in fields.items() %}
            {{ feature_warehouse._literal(field) }}: {{ sql }}{{ ',' if not loop.last }}
            {%- endfor %}
        } as {{ column }}
        {%- endfor %}
    from {{ plan.ranked_source }}
    window
        {%- for name, definition in windows.items() %}
        {{ name }} as ({{ definition }}){{ ',' if not loop.last }}
        {%- endfor %}
)
{%- endmacro %}


{% macro _entering(plan, window) -%}
    {#- The rows of `changes` by which events enter a window; one that came too late never does. -#}
    {%- set entered = plan.change ~ " = '" ~ plan.enters[window.offset] ~ "'" -%}
    {%- if plan.late and window.length is not none -%}
        {%- set entered = entered ~ ' and ' ~ plan.at ~ ' < '
            ~ feature_warehouse._after(plan, window.offset + window.length) -%}
    {%- endif -%}
    {{ return(entered) }}
{%- endmacro %}
