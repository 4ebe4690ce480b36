{#- A dbt snapshot as a feature view. -#}

{% macro _snapshot_rows(name, relation, given) -%}
    {%- set view = feature_warehouse._own_view() -%}
    {%- set node = feature_warehouse._snapshot_named(name) -%}
    {%- set mistakes = feature_warehouse._snapshot_mistakes(view, node) -%}
    {%- set names = feature_warehouse._snapshot_columns(node, given) -%}
    {%- if not mistakes -%}
        {%- do mistakes.extend(feature_warehouse._snapshot_type_mistakes(view, relation, names, node)) -%}
    {%- endif -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail("feature view '" ~ model.name ~ "'", mistakes) }}
    {%- endif -%}
    {%- for column, name in names.items() if name -%}
        {%- do names.update({column: feature_warehouse._quote(name)}) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._versions(
        view, feature_warehouse._whole(relation), names,
        node.config.get('dbt_valid_to_current') if node else none
    )) }}
{%- endmacro %}


{% macro _snapshot_type_mistakes(view, relation, names, node) -%}
    {#- No contract holds a snapshot to the types of the view over it, and a union of its rows with their ends
        would make one of an instant with a time zone and one without, by the session's zone. -#}
    {%- if not feature_warehouse._asks_for_types() -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set event_type = view.types[view.event_timestamp] -%}
    {{ return(feature_warehouse._other_types(relation.render(), {
        view.created_timestamp: view.types[view.created_timestamp],
        names.dbt_valid_from: event_type,
        names.dbt_valid_to: event_type,
    }) + (feature_warehouse._local_time_mistakes(node, view.created_timestamp) if node else [])) }}
{%- endmacro %}


{% macro _snapshot_named(name) -%}
    {#- None where it is a model over a snapshot. -#}
    {%- for node in feature_warehouse._nodes(name) if node.resource_type == 'snapshot' -%}
        {{ return(node) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _snapshot_columns(node, given) -%}
    {#- dbt's own columns by their names in this snapshot; no `dbt_is_deleted` where it has none. -#}
    {%- set renamed = (node.config.get('snapshot_meta_column_names') or {}) if node else {} -%}
    {%- set names = {} -%}
    {%- for column in ['dbt_valid_from', 'dbt_valid_to', 'dbt_is_deleted'] -%}
        {%- set name = given[column] or renamed.get(column) -%}
        {%- if column != 'dbt_is_deleted' or (node and node.config.hard_deletes == 'new_record') -%}
            {%- set name = name or column -%}
        {%- elif not given[column] -%}
            {%- set name = none -%}
        {%- endif -%}
        {%- do names.update({column: name}) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{% macro _snapshot_mistakes(view, node) -%}
    {%- set created = view.get('created_timestamp') -%}
    {%- if not created -%}
        {{ return([
            'without a created_timestamp its rows count from before the snapshot saw them; let the'
            ~ ' snapshot select its time, and declare that column'
        ]) }}
    {%- elif not node -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._unseen_rows(node, created) -%}
    {%- set ends = feature_warehouse._snapshot_names(node).dbt_valid_to -%}
    {%- if created | lower == ends | lower -%}
        {%- do mistakes.append(
            "created_timestamp '" ~ created ~ "' is the time of a version's end, not of the snapshot; let"
            ~ ' the snapshot select its own time, and declare that column'
        ) -%}
    {%- endif -%}
    {{ return(mistakes + feature_warehouse._other_keys(node, view.join_keys, view.types)) }}
{%- endmacro %}


{% macro _versions(view, relation, names, open_end) -%}
    {#- The SQL of `snapshot_rows`. -#}
    {%- set created_type = view.types[view.created_timestamp] -%}
    {%- set event_type = view.types[view.event_timestamp] -%}
    {%- set created = feature_warehouse._quote(view.created_timestamp) -%}
    {%- set free = {} -%}
    {%- for name in ['starts_at', 'ends_at', 'next_starts_at'] -%}
        {%- do free.update({name: feature_warehouse._free_name(name, view.types)}) -%}
    {%- endfor -%}
    {%- set keys = [] -%}
    {%- for key in view.join_keys -%}
        {%- do keys.append(feature_warehouse._quote(key)) -%}
    {%- endfor -%}
    {%- set values = [] -%}
    {%- for column in view.types
        if column not in view.join_keys + [view.event_timestamp, view.created_timestamp] -%}
        {%- do values.append(feature_warehouse._quote(column)) -%}
    {%- endfor -%}
    {%- set deleted = names.dbt_is_deleted ~ " = 'True'" if names.dbt_is_deleted else none -%}
with versions as (
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {{ names.dbt_valid_from }} as {{ free.starts_at }},
        {{ names.dbt_valid_to }} as {{ free.ends_at }},
        {%- if deleted %}
        {#- dbt copies the last version, its snapshot time included. #}
        case
            when {{ deleted }}
                then {{ feature_warehouse._in_type(names.dbt_valid_from, event_type, created_type) }}
            else {{ created }}
        end as {{ created }}
        {%- else %}
        {{ created }}
        {%- endif %}
        {%- for value in values %},
        {{ 'case when ' ~ deleted ~ ' then null else ' ~ value ~ ' end as ' ~ value
            if deleted else value }}
        {%- endfor %}
    from {{ relation }}
),

followed_versions as (
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {{ free.ends_at }},
        {{ feature_warehouse._window(
            'lead(' ~ free.starts_at ~ ')', keys,
            [created ~ ' nulls first', free.starts_at, free.ends_at ~ ' nulls last'], 8,
            ' as ' ~ free.next_starts_at
        ) }}
    from versions
),

changes as (
    select
        {%- for column in keys + [free.starts_at, created] + values %}
        {{ column }}{{ ',' if not loop.last else '' }}
        {%- endfor %}
    from versions
    union all
    -- what ended and was not followed by anything is unknown from then on
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {{ free.ends_at }} as {{ free.starts_at }},
        {{ feature_warehouse._in_type(free.ends_at, event_type, created_type) }} as {{ created }}
        {%- for value in values %},
        null as {{ value }}
        {%- endfor %}
    from followed_versions
    where
        {{ free.ends_at }} is not null
        {%- if open_end %}
        and {{ free.ends_at }} <> {{ open_end }}
        {%- endif %}
        and {{ free.next_starts_at }} is distinct from {{ free.ends_at }}
)

select
    {#- What comes back after it was deleted may be older than its deletion. -#}
    {%- set event = feature_warehouse._window(
        'max(' ~ free.starts_at ~ ')', keys, [created ~ ' nulls first'], 4,
        ' as ' ~ feature_warehouse._quote(view.event_timestamp)
    ) -%}
    {%- for column in view.types %}
    {{ event if column == view.event_timestamp else feature_warehouse._quote(column) }}
        {{- ',' if not loop.last else '' }}
    {%- endfor %}
from changes
{%- endmacro %}
