{#- Versions of a row whose source does not say when it changed: the build's clock says it. -#}

{% macro _stamped_rows(view, source, grows, built) -%}
    {#- The rows that are not the newest version of themselves, with the build's clock. -#}
    {%- set created = view.created_timestamp -%}
    {%- set now = 'current_timestamp' if 'tz' in view.types[created] | lower
        or 'with time zone' in view.types[created] | lower else feature_warehouse._now() -%}
    {%- set built = built | map('lower') | list -%}
    {%- set given = [] -%}
    {%- set stored = [] -%}
    {%- for column in view.types if column != created -%}
        {%- set name = feature_warehouse._quote(column) -%}
        {%- do given.append(name) -%}
        {#- A feature that was declared since the last build has no value yet. -#}
        {%- do stored.append(
            name if not built or column | lower in built
            else 'cast(null as ' ~ view.types[column] ~ ') as ' ~ name
        ) -%}
    {%- endfor -%}
    {%- set stamp = feature_warehouse._quote(created) -%}
    {%- set free = {} -%}
    {%- for name in ['is_given', 'is_stored', 'stamped_at', 'age', 'has_changed'] -%}
        {%- do free.update({name: feature_warehouse._free_name(name, view.types)}) -%}
    {%- endfor -%}
    {%- set fact = [] -%}
    {%- for column in view.join_keys + [view.event_timestamp] -%}
        {%- do fact.append(feature_warehouse._quote(column)) -%}
    {%- endfor -%}
    {%- if not grows -%}
select distinct
    {%- for column in view.types %}
    {{ now ~ ' as ' ~ stamp if column == created else feature_warehouse._quote(column) }}
        {{- ',' if not loop.last else '' }}
    {%- endfor %}
from {{ source }}
    {%- else -%}
with newest_versions as (
    select
        {{ stored | join(',\n        ') }},
        {{ stamp }} as {{ free.stamped_at }},
        {{ feature_warehouse._window(
            'rank()', fact, [stamp ~ ' desc nulls last'], 8, ' as ' ~ free.age
        ) }}
    from {{ this }}
),

both_sides as (
    select
        {{ given | join(',\n        ') }},
        true as {{ free.is_given }},
        cast(null as {{ view.types[created] }}) as {{ free.stamped_at }}
    from {{ source }}
    union all
    select
        {{ given | join(',\n        ') }},
        false as {{ free.is_given }},
        {{ free.stamped_at }}
    from newest_versions
    where {{ free.age }} = 1
),

compared as (
    select
        {{ given | join(',\n        ') }},
        {{ feature_warehouse._any(free.is_given) }} as {{ free.is_given }},
        {{ feature_warehouse._any('not ' ~ free.is_given) }} as {{ free.is_stored }},
        max({{ free.stamped_at }}) as {{ free.stamped_at }}
    from both_sides
    group by {{ range(1, given | length + 1) | join(', ') }}
),

changes as (
    select
        {{ given | join(',\n        ') }},
        {{ free.is_given }},
        {{ feature_warehouse._window(
            feature_warehouse._any(free.is_given ~ ' <> ' ~ free.is_stored), fact, [], 8,
            ' as ' ~ free.has_changed
        ) }},
        {{ feature_warehouse._window(
            'max(' ~ free.stamped_at ~ ')', fact, [], 8, ' as ' ~ free.stamped_at
        ) }}
    from compared
)

select
    {#- A clock that went back must not make the new version older than the last. -#}
    {%- set later = feature_warehouse._greatest(
        '\n        ' ~ now ~ ',\n        ' ~ free.stamped_at ~ " + interval '1 microsecond'\n    "
    ) ~ ' as ' ~ stamp -%}
    {%- for column in view.types %}
    {{ later if column == created else feature_warehouse._quote(column) }}
        {{- ',' if not loop.last else '' }}
    {%- endfor %}
from changes
where
    {{ free.is_given }}
    and {{ free.has_changed }}
    {%- endif -%}
{%- endmacro %}
