{#- The plan of a window view. Its SQL is made in two steps: `_collected_window` goes through the features, each of
    which notes in the plan what it needs and gets an expression for it; `_emitted_window` writes the CTEs
    from the plan, and changes nothing more.

    Who notes what: `_window_plan` enters, leaves, reaches (when events come and go, by window);
    `_payload` payloads (columns of `events`); `_ranked_value` ranked (first, last);
    `_value_spans` spans (different values); `_tally_of_changes` and `_part` changing (payloads that each change
    carries); `_of_event` running (columns of `running_events`) and carried (by kind of change, the column
    with the number of the event); `_state` states and tallies (columns of these CTEs); `_looked_up` and
    `_of_frame` event_windows, `_block_parts` windows (of WINDOW clauses); `_inner` inner (late events that
    came and went within a block); `_taken_name` taken. -#}

{% macro _window_plan(view, relation) -%}
    {#- Names and expressions of a window view, and what its CTEs have to carry. -#}
    {%- set types = feature_warehouse._event_types(feature_warehouse._own_node(), view.events) -%}
    {%- set event = feature_warehouse._utc(
        feature_warehouse._quote(view.event_timestamp), types.enforced.get(view.event_timestamp)
    ) -%}
    {%- set due = event ~ (' + ' ~ feature_warehouse._interval(view.lag) if view.lag else '') -%}
    {%- set plan = {
        'relation': feature_warehouse._whole(relation),
        'entity': [],
        'sources': [],
        'event': event,
        'known': due,
        'late': view.created_timestamp is not none,
        'lag': view.lag,
        'tie_breaker': feature_warehouse._quote(view.tie_breaker) if view.tie_breaker else none,
        'where': view.where,
        'at': feature_warehouse._quote(view.timestamp),
        'taken': (view.join_keys.keys() | list + [view.timestamp, 'events_entered']) | map('lower') | list,
        'types': types.declared,
        'features': {},
        'payloads': {},
        'payload_names': {},
        'ranked': {},
        'spans': {},
        'enters': {},
        'leaves': {},
        'reaches': {},
        'changing': [],
        'running': {},
        'event_windows': {},
        'carried': {},
        'states': {},
        'tallies': {},
        'windows': {},
        'inner': {},
        'grows': feature_warehouse._grows(),
        'counts_entered': feature_warehouse._own_node().config.materialized == 'incremental',
    } -%}
    {%- for key, source in view.join_keys.items() -%}
        {%- do plan.entity.append(feature_warehouse._quote(key)) -%}
        {%- do plan.sources.append(
            (feature_warehouse._quote(source), feature_warehouse._quote(key))
        ) -%}
    {%- endfor -%}
    {%- if plan.late -%}
        {%- set created = feature_warehouse._utc(
            feature_warehouse._quote(view.created_timestamp), types.enforced.get(view.created_timestamp)
        ) -%}
        {%- do plan.update({'known': feature_warehouse._greatest(due ~ ', ' ~ created)}) -%}
    {%- endif -%}
    {%- for name in [
        'change', 'event_at', 'known_at', 'number', 'entering', 'changed_from', 'is_last', 'tie'
    ] -%}
        {%- do plan.update({name: feature_warehouse._taken_name(plan, name)}) -%}
    {%- endfor -%}
    {%- do plan.windows.update({'known': feature_warehouse._window_over(plan, [], plan.at)}) -%}
    {%- if plan.counts_entered -%}
        {%- do plan.windows.update({'this_instant': feature_warehouse._window_over(
            plan, [], plan.at, 'range between current row and current row'
        )}) -%}
    {%- endif -%}
    {%- for feature in view.features -%}
        {%- do feature_warehouse._plan_window(plan, feature.window) -%}
    {%- endfor -%}
    {{ return(plan) }}
{%- endmacro %}


{% macro _taken_name(plan, name) -%}
    {#- A name that no other column of the plan has; it is taken from now on. Large views ask a thousand times. -#}
    {%- set free = name if name | lower not in plan.taken else feature_warehouse._free_name(name, plan.taken) -%}
    {%- do plan.taken.append(free | lower) -%}
    {{ return(feature_warehouse._quote(free)) }}
{%- endmacro %}


{% macro _window_over(plan, partition, order, frame='') -%}
    {#- The definition of a window, for the WINDOW clause. -#}
    {%- set clauses = [] -%}
    {%- if plan.entity + partition -%}
        {%- do clauses.append(feature_warehouse._clause('partition by', plan.entity + partition, 12)) -%}
    {%- endif -%}
    {%- do clauses.append('order by ' ~ order) -%}
    {%- if frame -%}
        {%- do clauses.append(frame) -%}
    {%- endif -%}
    {%- set line = clauses | join(' ') -%}
    {{ return(
        line if line | length < 80 and '\n' not in line
        else '\n            ' ~ clauses | join('\n            ') ~ '\n        '
    ) }}
{%- endmacro %}


{% macro _plan_window(plan, window) -%}
    {#- The instants at which an event enters a window and leaves it. -#}
    {%- if window.offset not in plan.enters -%}
        {%- set short = feature_warehouse._short_length(
            feature_warehouse._interval(window.offset)[10:-1]
        ) if window.offset else '' -%}
        {%- do plan.enters.update({window.offset: 'in' ~ ('_' ~ short if short else '')}) -%}
    {%- endif -%}
    {#- How long after its event the last window of an offset is left, none for never. -#}
    {%- set reach = plan.reaches[window.offset] if window.offset in plan.reaches else 0 -%}
    {%- do plan.reaches.update({window.offset:
        none if window.length is none or reach is none else [reach, window.offset + window.length] | max
    }) -%}
    {%- set end = (window.offset, window.length) -%}
    {%- if window.length is not none and end not in plan.leaves -%}
        {%- do plan.leaves.update({end: feature_warehouse._free_name(
            'out_' ~ window.suffix, plan.leaves.values() | list
        )}) -%}
    {%- endif -%}
{%- endmacro %}


{% macro _after(plan, microseconds) -%}
    {#- An instant so long after an event. -#}
    {{ return(
        plan.event_at ~ (' + ' ~ feature_warehouse._interval(microseconds) if microseconds else '')
    ) }}
{%- endmacro %}


{% macro _enters_at(plan, offset) -%}
    {#- When an event begins to count, in terms of the columns of `events`. -#}
    {%- if not plan.late -%}
        {{ return(feature_warehouse._after(plan, [plan.lag, offset] | max)) }}
    {%- elif offset -%}
        {{ return(
            feature_warehouse._greatest(plan.known_at ~ ', ' ~ feature_warehouse._after(plan, offset))
        ) }}
    {%- endif -%}
    {{ return(plan.known_at) }}
{%- endmacro %}


{% macro _alive(plan, offset, enters) -%}
    {#- That an event is known before it has left the last window: conditions, none where all are. -#}
    {%- set reach = plan.reaches[offset] -%}
    {{ return(
        [enters ~ ' < ' ~ feature_warehouse._after(plan, reach)] if plan.late and reach else []
    ) }}
{%- endmacro %}


{% macro _payload(plan, expression, where, name) -%}
    {#- The column of `events` that holds an expression, NULL where the aggregate's condition is not met. -#}
    {%- set text = expression if not where else (
        'case when ' ~ where ~ ' then ' ~ ('1' if expression == '*' else expression) ~ ' end'
    ) -%}
    {%- if text not in plan.payload_names -%}
        {%- set column = feature_warehouse._taken_name(plan, name) -%}
        {%- do plan.payload_names.update({text: column}) -%}
        {%- do plan.payloads.update({column: text}) -%}
    {%- endif -%}
    {{ return(plan.payload_names[text]) }}
{%- endmacro %}


{% macro _state(plan, states, name, sql) -%}
    {#- The column, of `plan.states` or `plan.tallies`, that holds an expression. -#}
    {%- for column, known in states.items() if known == sql -%}
        {{ return(column) }}
    {%- endfor -%}
    {%- set column = feature_warehouse._taken_name(plan, name) -%}
    {%- do states.update({column: sql}) -%}
    {{ return(column) }}
{%- endmacro %}


{% macro _stay(plan, window) -%}
    {#- How long an event that is known in time stays in a window. -#}
    {{ return(window.offset + window.length - [plan.lag, window.offset] | max) }}
{%- endmacro %}
