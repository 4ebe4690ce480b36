{#- A window view: its events, what enters and leaves when, what that adds up to, a row an instant. -#}

{% macro _window_features(view, relation) -%}
    {#- The SQL of a window view. -#}
    {%- if feature_warehouse._own_node().config.get('batch_size') -%}
        {{ feature_warehouse._fail("window view '" ~ model.name ~ "'", [
            'windows span batches; make it incremental without microbatch, which recomputes only the rows'
            ~ ' that new events change'
        ]) }}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._feature_view_mistakes(
        feature_warehouse._node_of(feature_warehouse._own_node().unique_id)
    ) or feature_warehouse._untrue_types(view, relation) or feature_warehouse._changed_window() -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail("window view '" ~ model.name ~ "'", mistakes) }}
    {%- endif -%}
    {%- set plan = feature_warehouse._collected_window(view, relation) -%}
    {%- set size = feature_warehouse._large_window(plan) | trim -%}
    {%- if size and not plan.grows and feature_warehouse._asks_for_types() -%}
        {%- do log(model.name ~ ': ' ~ size, info=true) -%}
    {%- endif -%}
    {{ return(feature_warehouse._emitted_window(plan)) }}
{%- endmacro %}


{% macro _large_window(plan) -%}
    {#- What the log says before a view is built that has many values for each event. -#}
    {%- set rows = plan.enters | length + plan.leaves | length -%}
    {%- set features = plan.features | length -%}
    {%- if rows * features >= 150 -%}
        up to {{ rows }} rows of {{ features }} features for each event; fewer windows make it smaller
    {%- endif -%}
{%- endmacro %}


{% macro _collected_window(view, relation) -%}
    {#- First step: the plan, with the value of each feature, and all that these values ask for. -#}
    {%- set plan = feature_warehouse._window_plan(view, relation) -%}
    {%- for feature in view.features -%}
        {%- do plan.features.update({feature.name: feature_warehouse._window_value(plan, feature)}) -%}
    {%- endfor -%}
    {#- By these a row is found again: at every instant something has entered some window. -#}
    {%- for change in plan.enters.values() if plan.carried -%}
        {%- do feature_warehouse._carry(plan, change) -%}
    {%- endfor -%}
    {%- if plan.ranked and plan.tie_breaker -%}
        {%- do plan.payloads.update({plan.tie: plan.tie_breaker}) -%}
    {%- endif -%}
    {%- set ranked = 'ranked_events' if plan.ranked else 'events' -%}
    {%- set event_source = 'spans' if plan.spans else ranked -%}
    {%- do plan.update({
        'ranked_source': ranked,
        'event_source': event_source,
        'source': 'running_events' if plan.carried else event_source,
    }) -%}
    {{ return(plan) }}
{%- endmacro %}


{% macro _emitted_window(plan) -%}
    {#- Second step: the SQL of a plan, which changes no more. -#}
    {%- set ctes = [] -%}
    {%- if plan.grows -%}
        {%- do ctes.append(feature_warehouse._window_events(plan, 'all_events')) -%}
        {%- do ctes.append(feature_warehouse._entries(plan)) -%}
        {%- do ctes.append(feature_warehouse._touched(plan)) -%}
        {%- do ctes.append(feature_warehouse._touched_events(plan)) -%}
    {%- else -%}
        {%- do ctes.append(feature_warehouse._window_events(plan, 'events')) -%}
    {%- endif -%}
    {%- if plan.ranked -%}
        {%- do ctes.append(feature_warehouse._ranked_events(plan)) -%}
    {%- endif -%}
    {%- if plan.spans -%}
        {%- do ctes.append(
            feature_warehouse._late_neighbours(plan) if plan.late else feature_warehouse._neighbours(plan)
        ) -%}
        {%- do ctes.append(feature_warehouse._spans(plan)) -%}
    {%- endif -%}
    {%- if plan.carried -%}
        {%- do ctes.append(feature_warehouse._running_events(plan)) -%}
    {%- endif -%}
    {%- do ctes.append(feature_warehouse._changes(plan)) -%}
    {%- do ctes.append(feature_warehouse._states(plan)) -%}
    {%- if plan.carried -%}
        {%- do ctes.append(feature_warehouse._tallies(plan)) -%}
    {%- endif -%}
    {%- for inner in plan.inner.values() -%}
        {%- do ctes.append(feature_warehouse._late_values(plan, inner)) -%}
    {%- endfor -%}
{{ feature_warehouse._with(ctes) -}}
select
    {%- for column in plan.entity + [plan.at] %}
    states.{{ column }},
    {%- endfor %}
    {%- for name, value in plan.features.items() %}
    {{ feature_warehouse._named(value, feature_warehouse._quote(name), 4) }}{{ ',' if not loop.last or plan.counts_entered }}
    {%- endfor %}
    {%- if plan.counts_entered %}
    states.events_entered
    {%- endif %}
from states
{%- for inner in plan.inner.values() %}
left join {{ inner.name }}
    on
        {% for column in plan.entity -%}
        states.{{ column }} = {{ inner.name }}.{{ column }}
        and {% endfor -%}
        states.{{ plan.at }} = {{ inner.name }}.{{ plan.at }}
{%- endfor %}
{%- if plan.grows %}
inner join touched
    on
        {% for column in plan.entity -%}
        states.{{ column }} = touched.{{ column }}
        and {% endfor -%}
        states.{{ plan.at }} >= touched.{{ plan.changed_from }}
{%- endif %}
{%- if not plan.carried %}
where states.{{ plan.is_last }}
{%- endif %}
{%- endmacro %}


{% macro _window_events(plan, name) -%}
    {#- The CTE of events with all values that aggregates look at. -#}
{{ name }} as (
    select
        {%- for source, key in plan.sources %}
        {{ source }}{{ ' as ' ~ key if source != key }},
        {%- endfor %}
        {%- for column, text in plan.payloads.items() %}
        {{ text }}{{ ' as ' ~ column if text != column }},
        {%- endfor %}
        {%- if plan.late %}
        {{ plan.known }} as {{ plan.known_at }},
        {%- endif %}
        {{ plan.event }} as {{ plan.event_at }}
    from {{ plan.relation }}
    where
        {% for source, key in plan.sources -%}
        {{ source }} is not null
        and {% endfor -%}
        {{ feature_warehouse._is_finite(plan.event) }}
        {%- if plan.late %}
        and {{ feature_warehouse._is_finite(plan.known) }}
        {%- endif %}
        {%- if plan.where %}
        and ({{ plan.where }})
        {%- endif %}
)
{%- endmacro %}


{% macro _ranked_events(plan) -%}
    {#- The CTE that adds each event's place in order, for first and last. -#}
ranked_events as (
    select
        *
        {%- for ranked in plan.ranked.values() -%}
            {%- set rank = feature_warehouse._window('row_number()', plan.entity, ranked.order, 20) -%}
            {%- set composite = feature_warehouse._ranked(
                rank, ranked.value, ranked.type
            ) -%}
            {%- if ranked.condition %},
        case
            when {{ ranked.condition }} = 1
                then {{ composite }}
        end as {{ ranked.name }}
            {%- else %},
        {{ composite }} as {{ ranked.name }}
            {%- endif -%}
        {%- endfor %}
    from events
)
{%- endmacro %}


{% macro _changes(plan) -%}
    {#- The CTE of instants at which events enter and leave. -#}
    {%- set branches = [] -%}
    {%- for offset, change in plan.enters.items() -%}
        {%- set enters = feature_warehouse._enters_at(plan, offset) -%}
        {%- do branches.append(feature_warehouse._event_branch(
            plan, enters, change, feature_warehouse._alive(plan, offset, enters), true
        )) -%}
    {%- endfor -%}
    {%- for end, change in plan.leaves.items() -%}
        {%- set leaves = feature_warehouse._after(plan, end[0] + end[1]) -%}
        {%- do branches.append(feature_warehouse._event_branch(
            plan, leaves, change,
            [feature_warehouse._enters_at(plan, end[0]) ~ ' < ' ~ leaves] if plan.late else [], false
        )) -%}
    {%- endfor -%}
changes as {{ feature_warehouse._computed_once() }}(
    {{- branches | join('\n    union all') }}
)
{%- endmacro %}


{% macro _event_branch(plan, instant, change, conditions, enters) -%}
    {#- The instants at which events enter one window, or leave it. -#}
    {%- set columns = {} -%}
    {%- if plan.carried -%}
        {%- do columns.update({plan.number: plan.number}) -%}
    {%- endif -%}
    {%- for column in plan.changing if column != '*' -%}
        {%- do columns.update({column: column}) -%}
    {%- endfor -%}
    {%- for inner in plan.inner.values() -%}
        {%- do columns.update({inner.flag: feature_warehouse._is_late(inner)}) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._change_branch(plan, plan.source, instant, change, columns, conditions, enters)) }}
{%- endmacro %}
