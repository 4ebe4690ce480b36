{% macro point_in_time_join(labels, timestamp, views, timestamp_type=none) -%}
    {%- set at = feature_warehouse._utc(
        'labels.' ~ feature_warehouse._quote(timestamp), timestamp_type
    ) -%}
    {{ return(adapter.dispatch('_point_in_time_join', 'feature_warehouse')(
        labels, at, feature_warehouse._join_specs(views)
    )) }}
{%- endmacro %}


{#- DuckDB answers "the newest row at or before" natively, by ASOF JOIN:
    https://duckdb.org/docs/stable/sql/query_syntax/from#as-of-joins -#}
{% macro duckdb___point_in_time_join(labels, at, specs) -%}
{%- for spec in specs -%}
{{ 'with ' if loop.first }}{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec) }}
    {%- set partition = 'partition by ' ~ spec.entity | join(', ') ~ ' ' if spec.entity else '' -%}
    {%- if spec.created %}
    qualify
        {{ spec.event }} = max({{ spec.event }}) over ({{ partition }}order by {{ spec.available_at }})
        and row_number() over (
    {%- elif not spec.unique %}
    qualify
        row_number() over (
    {%- endif %}
    {%- if spec.created or not spec.unique %}
            partition by {{ (spec.entity + [spec.available_at]) | join(', ') }}
            order by {{ feature_warehouse._newest_first(spec) | join(', ') }}
        ) = 1
    {%- endif %}
){{ ',' if not loop.last }}

{% endfor -%}
select
    labels.*
    {%- for spec in specs -%}
        {{ feature_warehouse._answers(spec, at) }}
    {%- endfor %}
from {{ labels }} as labels
{%- for spec in specs %}
asof left join {{ spec.alias }}
    on
        {% for label_key, key in spec.pairs -%}
        labels.{{ label_key }} = {{ spec.alias }}.{{ key }}
        and {% endfor -%}
        {{ at }} >= {{ spec.alias }}.{{ spec.available_at }}
{%- endfor %}
{%- endmacro %}


{#- The portable form lays labels and rows of a view on one timeline, where the newest position so
    far is the answer. Time grows as n log n, however dense the keys are. -#}
{% macro default___point_in_time_join(labels, at, specs) -%}
{%- for spec in specs -%}
{%- set partition = 'partition by ' ~ spec.entity | join(', ') ~ ' ' if spec.entity else '' -%}
{%- set order = spec.entity + ([spec.known] if spec.created else [])
    + feature_warehouse._newest_last(spec) -%}
{%- set extra = ['row_number() over (order by ' ~ order | join(', ') ~ ') as ' ~ spec.position] -%}
{%- if spec.created -%}
    {%- do extra.append(
        spec.event ~ ' = max(' ~ spec.event ~ ') over (' ~ partition ~ 'order by ' ~ spec.known
        ~ ') as ' ~ spec.is_newest
    ) -%}
{%- endif -%}
{{ 'with ' if loop.first }}{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec, extra) }}
),

{{ spec.alias }}_timeline as (
    select
        {%- for label_key, key in spec.pairs %}
        labels.{{ label_key }} as {{ key }},
        {%- endfor %}
        {{ at }} as {{ spec.instant }},
        cast(null as bigint) as {{ spec.position }}
    from {{ labels }} as labels
    where
        {{ at }} is not null
        {%- for label_key, key in spec.pairs %}
        and labels.{{ label_key }} is not null
        {%- endfor %}
    group by {{ range(1, spec.pairs | length + 2) | join(', ') }}
    union all
    select
        {%- for key in spec.entity %}
        {{ key }},
        {%- endfor %}
        {{ spec.available_at }},
        {{ spec.position }}
    from {{ spec.alias }}
    {%- if spec.created %}
    where {{ spec.is_newest }}
    {%- endif %}
),

{{ spec.alias }}_answers as (
    select
        *,
        max({{ spec.position }}) over ({{ partition }}order by {{ spec.instant }}) as {{ spec.newest_position }}
    from {{ spec.alias }}_timeline
){{ ',' if not loop.last }}

{% endfor -%}
select
    labels.*
    {%- for spec in specs -%}
        {{ feature_warehouse._answers(spec, at) }}
    {%- endfor %}
from {{ labels }} as labels
{%- for spec in specs %}
left join {{ spec.alias }}_answers
    on
        {% for label_key, key in spec.pairs -%}
        labels.{{ label_key }} = {{ spec.alias }}_answers.{{ key }}
        and {% endfor -%}
        {{ at }} = {{ spec.alias }}_answers.{{ spec.instant }}
        and {{ spec.alias }}_answers.{{ spec.position }} is null
left join {{ spec.alias }}
    on {{ spec.alias }}_answers.{{ spec.newest_position }} = {{ spec.alias }}.{{ spec.position }}
{%- endfor %}
{%- endmacro %}
