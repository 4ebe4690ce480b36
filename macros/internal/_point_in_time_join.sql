{#- The point-in-time law as SQL: how each warehouse finds the newest row at or before an instant. -#}

{% macro _join(labels, at, views) -%}
    {{ return(adapter.dispatch('_join', 'feature_warehouse')(
        labels, at, feature_warehouse._join_specs(views)
    )) }}
{%- endmacro %}


{#- DuckDB answers the question natively, by ASOF JOIN:
    https://duckdb.org/docs/stable/sql/query_syntax/from#as-of-joins -#}
{% macro duckdb___join(labels, at, specs) -%}
with {{ labels.cte }}
{%- for spec in specs -%}
{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec) }}
    {%- set is_greatest = feature_warehouse._window(
        'row_number()', spec.entity + [spec.known], feature_warehouse._newest_first(spec), 8, ' = 1'
    ) -%}
    {%- if spec.late %}
    qualify
        {{ feature_warehouse._is_newest(spec, 8) }}
        and {{ is_greatest }}
    {%- elif spec.created or not spec.unique %}
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
from {{ labels.source }}
{%- for spec in specs %}
asof left join {{ spec.alias }}
    on
        {% for label_key, key in spec.pairs -%}
        labels.{{ label_key }} = {{ spec.alias }}.{{ key }}
        and {% endfor -%}
        {{ at }} >= {{ spec.alias }}.{{ spec.available_at }}
{%- endfor %}
{%- endmacro %}


{#- Elsewhere a view with an index is asked once for each label; any other is laid on one timeline
    with the labels, where time grows as n log n, however dense the keys are. -#}
{% macro default___join(labels, at, specs) -%}
{%- set ctes = [] -%}
{%- for spec in specs if not spec.indexed -%}
    {%- do ctes.append(feature_warehouse._timeline(spec, labels, at)) -%}
{%- endfor -%}
{%- if labels.cte or ctes -%}
with {{ labels.cte if ctes else (labels.cte | trim)[:-1] ~ '\n\n' }}
{{- ctes | join(',\n\n') }}
{{ '\n' if ctes }}
{%- endif -%}
select
    labels.*
    {%- for spec in specs -%}
        {{ feature_warehouse._answers(spec, at) }}
    {%- endfor %}
from {{ labels.source }}
{%- for spec in specs %}
{%- if spec.indexed %}
{{ feature_warehouse._lookup(spec, at) }}
{%- else %}
left join {{ spec.answers }}
    on
        {% for label_key, key in spec.pairs -%}
        labels.{{ label_key }} = {{ spec.answers }}.{{ key }}
        and {% endfor -%}
        {{ at }} = {{ spec.answers }}.{{ spec.instant }}
        and {{ spec.answers }}.{{ spec.position }} is null
left join {{ spec.alias }}
    on {{ spec.answers }}.{{ spec.newest_position }} = {{ spec.alias }}.{{ spec.position }}
{%- endif %}
{%- endfor %}
{%- endmacro %}


{#- The newest position so far is the answer. Labels are matched back by keys and time, not by a row
    number, so that `labels.*` stays what it was. -#}
{% macro _timeline(spec, labels, at) -%}
{%- set order = spec.entity + ([spec.known] if spec.late else [])
    + feature_warehouse._newest_last(spec) -%}
{%- set extra = [feature_warehouse._window('row_number()', [], order, 8, ' as ' ~ spec.position)] -%}
{%- if spec.late -%}
    {%- do extra.append(feature_warehouse._is_newest(spec, 8, ' as ' ~ spec.is_newest)) -%}
{%- endif -%}
{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec, extra) }}
),

{{ spec.timeline }} as (
    select
        {%- for label_key, key in spec.pairs %}
        labels.{{ label_key }}{{ ' as ' ~ key if key != label_key }},
        {%- endfor %}
        {{ at }} as {{ spec.instant }},
        cast(null as bigint) as {{ spec.position }}
    from {{ labels.source }}
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
    {%- if spec.late %}
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
)
{%- endmacro %}


{#- The law in its own words: of the rows that were available, the newest. What the index sorts stands
    alone on its side of each comparison. A row past its ttl may be left out before the choice, for
    all older ones are past it as well. -#}
{% macro _lookup(spec, at) -%}
left join lateral (
    select
        {%- for feature in spec.features %}
        {{ feature_warehouse._quote(feature) }},
        {%- endfor %}
        {%- if spec.event_timestamp_as or spec.age_as %}
        {{ spec.event }} as {{ spec.event_at }},
        {%- endif %}
        true as {{ spec.is_newest }}
    from {{ spec.relation }} as {{ spec.alias }}
    where
        {% for label_key, key in spec.pairs -%}
        {{ spec.alias }}.{{ key }} = labels.{{ label_key }}
        and {% endfor -%}
        {{ spec.event }} <= {{ at }}{{ ' - ' ~ spec.lag if spec.lag }}
        {%- if spec.ttl %}
        and {{ spec.event }} >= {{ at }} - {{ spec.ttl }}
        {%- endif %}
        {%- if spec.late %}
        and ({{ spec.created }} is null or {{ spec.created }} <= {{ at }})
        {%- endif %}
        {%- for condition in spec.filters %}
        and {{ condition }}
        {%- endfor %}
    {{ feature_warehouse._clause('order by', feature_warehouse._newest_first(spec), 4) }}
    limit 1
) as {{ spec.alias }} on true
{%- endmacro %}
