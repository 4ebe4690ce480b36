{#- The timeline of a window view: the instants, and the running aggregates over them. -#}

{% macro _change_branch(plan, source, instant, change, columns, conditions, enters=false) %}
    {#- One part of the union of instants. #}
    {%- set count = '0' if not enters else plan.entering if plan.carried and not plan.late else '1' %}
    select
        {%- for key in plan.entity %}
        {{ key }},
        {%- endfor %}
        {{ instant }} as {{ plan.at }}
        {%- if plan.states or plan.carried %},
        '{{ change }}' as {{ plan.change }}
        {%- endif %}
        {%- for column, value in columns.items() %},
        {{ value }}{{ ' as ' ~ column if value != column }}
        {%- endfor %}
        {%- if plan.late %},
        {{ plan.event_at }}
        {%- endif %}
        {%- if plan.counts_entered %},
        {{ count }}{{ ' as ' ~ plan.entering if count != plan.entering }}
        {%- endif %}
    from {{ source }}
    {%- if conditions %}
    where {{ feature_warehouse._joined(conditions, 8, 88, 'and ') }}
    {%- endif %}
{%- endmacro %}


{% macro _is_late(inner) -%}
    {#- The condition that an event enters and leaves within one block of time. -#}
    {{ return(
        feature_warehouse._start_of_block(inner.enters, inner.length)
        ~ '\n            >= ' ~ feature_warehouse._start_of_block(inner.leaves, inner.length)
    ) }}
{%- endmacro %}


{% macro _states(plan) -%}
    {#- The CTE of running aggregates, and which row is the last of its instant. -#}
    {%- set known = feature_warehouse._over('known', plan.windows) -%}
{{ 'carried' if plan.carried else 'states' }} as (
    select
        {%- for column in plan.entity + [plan.at] %}
        {{ column }},
        {%- endfor %}
        {%- for change, name in plan.carried.items() %}
        last_value(
            case when {{ plan.change }} = '{{ change }}' then {{ plan.number }} end ignore nulls
        ) over {{ known }} as {{ name }},
        {%- endfor %}
        {%- for column, sql in plan.states.items() %}
        {{ feature_warehouse._named(sql, column, 8) }},
        {%- endfor %}
        {%- if plan.counts_entered %}
        cast(sum({{ plan.entering }}) over {{ feature_warehouse._over('this_instant', plan.windows) }} as bigint) as events_entered,
        {%- endif %}
        coalesce(lead({{ plan.at }}) over {{ known }} <> {{ plan.at }}, true) as {{ plan.is_last }}
    from changes
    {{- feature_warehouse._window_clause(plan.windows, 4) }}
)
{%- endmacro %}


{% macro _tallies(plan) -%}
    {#- The CTE of values at each instant: what was looked up, by number, of the last event that entered and of
        those that left. -#}
    {%- set entered = [] -%}
    {%- for change, name in plan.carried.items() if change in plan.enters.values() -%}
        {%- do entered.append(name ~ '.' ~ plan.number) -%}
    {%- endfor -%}
    {%- set found = entered[0] if entered | length == 1 else 'coalesce(' ~ entered | join(', ') ~ ')' -%}
states as (
    select
        carried.*,
        {%- for column, sql in plan.tallies.items() %}
        {{ feature_warehouse._named(sql, column, 8) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from carried
    {%- for name in plan.carried.values() %}
    left join running_events as {{ name }}
        on carried.{{ name }} = {{ name }}.{{ plan.number }}
    {%- endfor %}
    where
        -- Only once rows are joined: DuckDB expects few rows of a plain condition, and joins badly.
        case when carried.{{ plan.is_last }} then {{ found }} is not null end
)
{%- endmacro %}


{% macro _late_values(plan, inner) -%}
    {#- The CTE of aggregates over events that enter and leave within one block of time. -#}
{{ inner.name }} as {{ feature_warehouse._table_once() }}(
    select
        {%- for column in plan.entity + [plan.at] %}
        states.{{ column }},
        {%- endfor %}
        {%- for sql, column in inner.columns.items() %}
        {{ sql }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from states
    inner join {{ plan.source }} as events
        on
            {% for column in plan.entity -%}
            states.{{ column }} = events.{{ column }}
            and {% endfor -%}
            states.{{ plan.at }} >= {{ inner.enters }}
            and states.{{ plan.at }} < {{ inner.leaves }}
    where
        states.{{ plan.is_last }}
        and {{ feature_warehouse._is_late(inner) }}
    group by {{ range(1, plan.entity | length + 2) | join(', ') }}
)
{%- endmacro %}
