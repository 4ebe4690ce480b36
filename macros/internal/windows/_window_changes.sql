{#- The timeline of a window view: the instants, and the running aggregates over them. -#}

{% macro _change_branch(plan, source, instant, change, columns, conditions, enters=false) %}
    {#- One part of the union of instants. #}
    select
        {%- for key in plan.entity %}
        {{ key }},
        {%- endfor %}
        {{ instant }} as {{ plan.at }}
        {%- if plan.states %},
        '{{ change }}' as {{ plan.change }}
        {%- endif %}
        {%- for column in feature_warehouse._change_columns(plan) -%}
            {%- set value = columns.get(column, feature_warehouse._no_change(plan, column)) %},
        {{ value }}{{ ' as ' ~ column if value != column }}
        {%- endfor %}
        {%- if plan.late %},
        {{ plan.event_at }}
        {%- endif %}
        {%- if plan.counts_entered %},
        {{ '1' if enters else 'null' }} as {{ plan.entered }}
        {%- endif %}
    from {{ source }}
    {%- if conditions %}
    where {{ feature_warehouse._joined(conditions, 8, 88, 'and ') }}
    {%- endif %}
{%- endmacro %}


{% macro _change_columns(plan) -%}
    {#- What an instant carries of its event. -#}
    {%- set columns = plan.payloads.keys() | select('in', plan.changing) | list -%}
    {%- for carried in plan.carried.values() | list + plan.frames.values() | list -%}
        {%- do columns.append(carried.name) -%}
    {%- endfor -%}
    {%- for ranked in plan.ranked.values() -%}
        {%- do columns.append(ranked.name) -%}
    {%- endfor -%}
    {%- for inner in plan.inner.values() -%}
        {%- do columns.append(inner.flag) -%}
    {%- endfor -%}
    {%- for once in plan.counted_once.values() -%}
        {%- do columns.extend(once.columns.values() | list) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _no_change(plan, column) -%}
    {#- What an instant carries in a column that does not concern it. -#}
    {%- for once in plan.counted_once.values() if column in once.columns.values() -%}
        {{ return('0') }}
    {%- endfor -%}
    {{ return('null') }}
{%- endmacro %}


{% macro _is_late(inner) -%}
    {#- The condition that an event enters and leaves within one block of time. -#}
    {{ return(
        feature_warehouse._block_of(inner.enters, inner.length)
        ~ '\n            >= ' ~ feature_warehouse._block_of(inner.leaves, inner.length)
    ) }}
{%- endmacro %}


{% macro _states(plan) -%}
    {#- The CTE of running aggregates, and which row is the last of its instant. -#}
{{ 'carried' if plan.tallies else 'states' }} as (
    select
        {%- for column in plan.entity + [plan.at] %}
        {{ column }},
        {%- endfor %}
        {%- for carried in plan.carried.values() | list + plan.frames.values() | list %}
        last_value({{ carried.name }} ignore nulls) over known as {{ carried.name }},
        {%- endfor %}
        {%- for column, sql in plan.states.items() %}
        {{ feature_warehouse._named(sql, column, 8) }},
        {%- endfor %}
        {%- if plan.counts_entered %}
        count({{ plan.entered }}) over this_instant as events_entered,
        {%- endif %}
        coalesce(lead({{ plan.at }}) over known <> {{ plan.at }}, true) as {{ plan.is_last }}
    from changes
    window
        {%- for name, definition in plan.windows.items() %}
        {{ name }} as ({{ definition }}){{ ',' if not loop.last }}
        {%- endfor %}
)
{%- endmacro %}


{% macro _tallies(plan) -%}
    {#- The CTE of counts and sums at each instant. -#}
states as (
    select
        *,
        {%- for column, sql in plan.tallies.items() %}
        {{ feature_warehouse._named(sql, column, 8) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from carried
)
{%- endmacro %}


{% macro _late_values(plan, inner) -%}
    {#- The CTE of aggregates over events that enter and leave within one block of time. -#}
{{ inner.name }} as materialized (
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
