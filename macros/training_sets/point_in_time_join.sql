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
    {%- set is_greatest = feature_warehouse._window(
        'row_number()', spec.entity + [spec.known], feature_warehouse._newest_first(spec), 8, ' = 1'
    ) -%}
    {%- if spec.created %}
    qualify
        {{ feature_warehouse._is_newest(spec, 8) }}
        and {{ is_greatest }}
    {%- elif not spec.unique %}
    qualify
        {{ is_greatest }}
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
{%- set order = spec.entity + ([spec.known] if spec.created else [])
    + feature_warehouse._newest_last(spec) -%}
{%- set extra = [feature_warehouse._window('row_number()', [], order, 8, ' as ' ~ spec.position)] -%}
{%- if spec.created -%}
    {%- do extra.append(feature_warehouse._is_newest(spec, 8, ' as ' ~ spec.is_newest)) -%}
{%- endif -%}
{{ 'with ' if loop.first }}{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec, extra) }}
),

{{ spec.timeline }} as (
    select
        {%- for label_key, key in spec.pairs %}
        labels.{{ label_key }}{{ ' as ' ~ key if key != label_key }},
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

{{ spec.answers }} as (
    select
        *,
        {{ feature_warehouse._window(
            'max(' ~ spec.position ~ ')', spec.entity, [spec.instant], 8,
            ' as ' ~ spec.newest_position
        ) }}
    from {{ spec.timeline }}
){{ ',' if not loop.last }}

{% endfor -%}
select
    labels.*
    {%- for spec in specs -%}
        {{ feature_warehouse._answers(spec, at) }}
    {%- endfor %}
from {{ labels }} as labels
{%- for spec in specs %}
left join {{ spec.answers }}
    on
        {% for label_key, key in spec.pairs -%}
        labels.{{ label_key }} = {{ spec.answers }}.{{ key }}
        and {% endfor -%}
        {{ at }} = {{ spec.answers }}.{{ spec.instant }}
        and {{ spec.answers }}.{{ spec.position }} is null
left join {{ spec.alias }}
    on {{ spec.answers }}.{{ spec.newest_position }} = {{ spec.alias }}.{{ spec.position }}
{%- endfor %}
{%- endmacro %}
