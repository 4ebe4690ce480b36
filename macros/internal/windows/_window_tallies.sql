{#- Counts and sums, of what has entered a window less what has left it: exact for whole numbers and
    decimals. -#}

{% macro _tally(plan, window, function, payload, value, name, leaving=none) -%}
    {#- The column that holds a count or a sum over the events in a window. `leaving` is the column of what is
        taken away again, where it is not that of what was added. -#}
    {{ return(
        feature_warehouse._tally_of_events(plan, window, function, value, name, leaving)
        if feature_warehouse._can('ignores_nulls')
        else feature_warehouse._tally_of_changes(plan, window, function, payload, value, name, leaving)
    ) }}
{%- endmacro %}


{% macro _tally_of_changes(plan, window, function, payload, value, name, leaving) -%}
    {%- do plan.changing.append(payload) -%}
    {%- set entered = feature_warehouse._entering(plan, window) -%}
    {%- set known = feature_warehouse._over('known', plan.windows) -%}
    {%- set sum = feature_warehouse._filtered(function, value, entered, known) -%}
    {%- if window.length is not none -%}
        {%- do plan.changing.append(leaving or payload) -%}
        {%- set left = feature_warehouse._filtered(
            function, leaving or value,
            plan.change ~ " = '" ~ plan.leaves[(window.offset, window.length)] ~ "'", known
        ) -%}
        {%- set sum = sum ~ '\n            - ' ~ ('coalesce(' ~ left ~ ', 0)' if function == 'sum' else left) -%}
    {%- endif -%}
    {{ return(feature_warehouse._state(plan, plan.states, name ~ '_' ~ window.suffix, sum)) }}
{%- endmacro %}


{#- Sums run over the events, which are fewer than the changes. A change has the number of its event only: an
    instant looks up what had been added when an event last entered, and when one last left. -#}
{% macro _tally_of_events(plan, window, function, value, name, leaving) -%}
    {%- set sum = feature_warehouse._looked_up(
        plan, window, plan.enters[window.offset], function, value, name
    ) -%}
    {%- if plan.late or window.offset != plan.enters | min -%}
        {%- set sum = 'coalesce(' ~ sum ~ ', 0)' -%}
    {%- endif -%}
    {%- if window.length is not none -%}
        {%- set left = feature_warehouse._looked_up(
            plan, window, plan.leaves[(window.offset, window.length)], function, leaving or value, name
        ) -%}
        {%- set sum = feature_warehouse._joined([sum, '- coalesce(' ~ left ~ ', 0)'], 12) -%}
    {%- endif -%}
    {{ return(feature_warehouse._state(plan, plan.tallies, name ~ '_' ~ window.suffix, sum)) }}
{%- endmacro %}


{% macro _looked_up(plan, window, change, function, value, name) -%}
    {#- A running count or sum as it was at the last change of a kind. Without created timestamps events enter and
        leave in one order; with them each window has events of its own that came in time. -#}
    {%- set by_entry = plan.late and change == plan.enters[window.offset] -%}
    {%- set over = feature_warehouse._quote('by_' ~ change) if by_entry else 'by_event' -%}
    {%- if by_entry -%}
        {%- do plan.event_windows.update({over: feature_warehouse._window_over(
            plan, [], feature_warehouse._enters_at(plan, window.offset)
        )}) -%}
    {%- endif -%}
    {%- set sql = function ~ '(' ~ value ~ ') over ' ~ over -%}
    {%- if plan.late and window.length is not none -%}
        {%- set in_time = feature_warehouse._enters_at(plan, window.offset) ~ ' < '
            ~ feature_warehouse._after(plan, window.offset + window.length) -%}
        {%- set sql = feature_warehouse._filtered(function, value, in_time, over) -%}
    {%- endif -%}
    {%- set name = feature_warehouse._bare_name(value) ~ '_count' if function == 'count' and value != '*' else name -%}
    {{ return(feature_warehouse._of_event(
        plan, change, sql, name ~ ('_' ~ change if plan.late else '')
    )) }}
{%- endmacro %}


{% macro _of_event(plan, change, sql, name) -%}
    {#- A column of `running_events`, as it is at the event of the last change of a kind. -#}
    {%- do feature_warehouse._carry(plan, change) -%}
    {{ return(plan.carried[change] ~ '.' ~ feature_warehouse._state(plan, plan.running, name, sql)) }}
{%- endmacro %}


{% macro _carry(plan, change) -%}
    {#- Have each instant know the event of the last change of a kind. -#}
    {%- if change not in plan.carried -%}
        {%- do plan.carried.update({change: feature_warehouse._taken_name(
            plan, 'entered' ~ change[2:] if change in plan.enters.values() else 'left' ~ change[3:]
        )}) -%}
    {%- endif -%}
{%- endmacro %}


{#- An event has with it what it leaves behind in a window: when it enters, the window that ends with it; when it
    leaves, the one that begins after it. Frames are ordered by microseconds, which DuckDB compares faster;
    those of RANGE include both ends. -#}
{% macro _of_frame(plan, window, function, payload, name) -%}
    {%- set enters = plan.enters[window.offset] -%}
    {%- if window.length is none -%}
        {{ return(feature_warehouse._looked_up(plan, window, enters, function, payload, name)) }}
    {%- endif -%}
    {%- set leaves = plan.leaves[(window.offset, window.length)] -%}
    {%- set stay = feature_warehouse._stay(plan, window) -%}
    {%- set values = [] -%}
    {%- for change, side, frame in [
        (enters, 'entering', (stay - 1) ~ ' preceding and current row'),
        (leaves, 'leaving', 'current row and ' ~ stay ~ ' following exclude group')
    ] -%}
        {%- set over = feature_warehouse._quote(side ~ leaves[3:]) -%}
        {%- do plan.event_windows.update({over: feature_warehouse._window_over(
            plan, [], feature_warehouse._epoch_microseconds(plan.event_at), 'range between ' ~ frame
        )}) -%}
        {%- do values.append(feature_warehouse._of_event(
            plan, change, function ~ '(' ~ payload ~ ') over ' ~ over, name ~ '_' ~ feature_warehouse._bare_name(over)
        )) -%}
    {%- endfor -%}
    {%- set entered = plan.carried[enters] ~ '.' ~ plan.event_at -%}
    {%- set left = plan.carried[leaves] ~ '.' ~ plan.event_at -%}
    {{ return(
        'case\n            when ' ~ entered ~ ' < ' ~ left ~ ' + ' ~ feature_warehouse._interval(stay)
        ~ '\n                then ' ~ values[1] ~ '\n            else ' ~ values[0] ~ '\n        end'
    ) }}
{%- endmacro %}


{% macro _running_events(plan) -%}
    {#- The CTE of events with a number, with what has happened up to each, and with what it leaves behind. Without
        created timestamps the last event of an instant tells of all. -#}
    {%- set columns = [] if plan.late else plan.entity + [plan.event_at] -%}
    {%- set windows = {'by_event': feature_warehouse._window_over(
        plan, [], feature_warehouse._epoch_microseconds(plan.event_at)
    )} -%}
    {%- do windows.update(plan.event_windows) -%}
    {%- if plan.counts_entered and not plan.late -%}
        {%- do windows.update({'this_instant': feature_warehouse._window_over(
            plan, [], plan.event_at, 'range between current row and current row'
        )}) -%}
    {%- endif -%}
running_events as {{ feature_warehouse._computed_once() }}(
    select
        {%- for column in columns or ['*'] %}
        {{ column }},
        {%- endfor %}
        row_number() over () as {{ plan.number }}
        {%- if plan.counts_entered and not plan.late %},
        count(*) over this_instant as {{ plan.entering }}
        {%- endif %}
        {%- for column, sql in plan.running.items() %},
        {{ feature_warehouse._named(sql, column, 8) }}
        {%- endfor %}
    from {{ plan.event_source }}
    window
        {%- for name, definition in windows.items() %}
        {{ name }} as ({{ definition }}){{ ',' if not loop.last }}
        {%- endfor %}
    {%- if not plan.late %}
    qualify coalesce(lead({{ plan.event_at }}) over by_event <> {{ plan.event_at }}, true)
    {%- endif %}
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
