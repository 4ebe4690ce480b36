{#- What an incremental window view computes anew: it counts its events, and finds those that it lacks. -#}

{#- When events enter, once for each offset. -#}
{% macro _entries(plan) -%}
entries as (
    {%- for offset in plan.enters %}
        {%- set enters = feature_warehouse._enters_at(plan, offset) %}
    select
        {%- for key in plan.entity %}
        {{ key }},
        {%- endfor %}
        {{ enters }} as {{ plan.at }}
    from all_events
        {%- for condition in feature_warehouse._alive(plan, offset, enters) %}
    where {{ condition }}
        {%- endfor %}
        {%- if not loop.last %}
    union all
        {%- endif %}
    {%- endfor %}
),

counted_entries as (
    select
        {%- for column in plan.entity + [plan.at] %}
        {{ column }},
        {%- endfor %}
        count(*) as events_entered
    from entries
    group by {{ range(1, plan.entity | length + 2) | join(', ') }}
)
{%- endmacro %}


{#- What has to be computed anew: of the entities that got events, the rows from the first instant on at which
    more enter than the view has counted. No load time is asked, so none can be too old. -#}
{% macro _touched(plan) -%}
touched as (
    select
        {%- for key in plan.entity %}
        counted_entries.{{ key }},
        {%- endfor %}
        min(counted_entries.{{ plan.at }}) as {{ plan.changed_from }}
    from counted_entries
    left join {{ this }} as built
        on
            {% for key in plan.entity -%}
            counted_entries.{{ key }} = built.{{ key }}
            and {% endfor -%}
            counted_entries.{{ plan.at }} = built.{{ plan.at }}
            and built.events_entered > 0
    where counted_entries.events_entered > coalesce(built.events_entered, 0)
    {%- if plan.entity %}
    group by {{ range(1, plan.entity | length + 1) | join(', ') }}
    {%- endif %}
)
{%- endmacro %}


{% macro _touched_events(plan) -%}
    {#- The CTE of events that rows to be computed anew depend on. -#}
    {%- set reaches = plan.reaches.values() | list -%}
events as (
    select all_events.*
    from all_events
    inner join touched
        on
            {% for key in plan.entity -%}
            all_events.{{ key }} = touched.{{ key }}
            and {% endfor -%}
            {% if none in reaches -%}
            true
            {%- else -%}
            {{ feature_warehouse._after(plan, reaches | max) }} > touched.{{ plan.changed_from }}
            {%- endif %}
)
{%- endmacro %}


{% macro _changed_window() -%}
    {#- The mistake of growing a table by other columns than it has. -#}
    {%- if not feature_warehouse._grows() or this is string -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set built = [] -%}
    {%- for column in adapter.get_columns_in_relation(this) -%}
        {%- do built.append(column.name) -%}
    {%- endfor -%}
    {%- set node = feature_warehouse._node_of(feature_warehouse._own_node().unique_id) -%}
    {{ return(feature_warehouse._changed_columns(feature_warehouse._derived_types(node), built) if built else []) }}
{%- endmacro %}
