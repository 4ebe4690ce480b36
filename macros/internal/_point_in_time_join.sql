{#- The point-in-time law as SQL: how each warehouse finds the newest row at or before an instant. -#}

{% macro _join(labels, at, views) -%}
    {{ return(adapter.dispatch('_join', 'feature_warehouse')(
        labels, at, feature_warehouse._join_specs(views)
    )) }}
{%- endmacro %}


{#- DuckDB answers the question natively, by ASOF JOIN:
    https://duckdb.org/docs/stable/sql/query_syntax/from#as-of-joins
    A chain of them sorts all columns that it has gathered so far for each view. Where these are many,
    each view is joined by itself to numbered labels, and the answers are put together by number. -#}
{% macro duckdb___join(labels, at, specs) -%}
{%- set columns = [] -%}
{%- set ctes = [] -%}
{%- for spec in specs -%}
    {%- do columns.extend(feature_warehouse._output_names(spec)) -%}
{%- endfor -%}
{%- set apart = specs | length > 1 and columns | length > 40 -%}
{%- for spec in specs -%}
    {%- do ctes.append(feature_warehouse._asof_rows(spec)) -%}
    {%- if apart -%}
        {%- do ctes.append(feature_warehouse._asof_answers(spec, at)) -%}
    {%- endif -%}
{%- endfor -%}
with {{ labels.cte }}
{%- if apart -%}
numbered_labels as materialized (
    select
        *,
        row_number() over () as label_number
    from {{ labels.source }}
),

{% endif -%}
{{ ctes | join(',\n\n') }}

select
    {%- if apart %}
    labels.* exclude (label_number)
    {%- for spec in specs %}
    {%- for name in feature_warehouse._output_names(spec) %},
    {{ spec.answers }}.{{ feature_warehouse._quote(name) }}
    {%- endfor %}
    {%- endfor %}
from numbered_labels as labels
    {%- for spec in specs %}
left join {{ spec.answers }}
    on labels.label_number = {{ spec.answers }}.label_number
    {%- endfor %}
    {%- else %}
    labels.*
    {%- for spec in specs -%}
        {{ feature_warehouse._answers(
            spec, at, {'name': spec.alias, 'found': spec.available_at}
        ) }}
    {%- endfor %}
from {{ labels.source }}
    {%- for spec in specs %}
{{ feature_warehouse._asof_join(spec, at) }}
    {%- endfor %}
    {%- endif %}
{%- endmacro %}


{% macro _asof_rows(spec) -%}
    {#- One row for each instant at which the answer changes: the last in order of those that became known
        together, if its event is the newest so far. One window tells both, by one sort. -#}
    {%- set order = [spec.known] + feature_warehouse._newest_last(spec) -%}
    {%- set window = feature_warehouse._clause(
        'order by', order if spec.late else order[:1] + order[2:], 12
    ) -%}
    {%- set last = 'lead(' ~ spec.known ~ ') over known is distinct from ' ~ spec.known -%}
    {%- if last | length > 84 -%}
        {%- set last = 'lead(' ~ spec.known ~ ') over known\n        is distinct from ' ~ spec.known -%}
    {%- endif -%}
{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec) }}
    {%- if spec.late or spec.created or not spec.unique %}
    window
        known as (
            {%- if spec.entity %}
            {{ feature_warehouse._clause('partition by', spec.entity, 12) }}
            {%- endif %}
            {{ window }}
        )
    qualify
        {% if spec.late -%}
        max({{ spec.event }}) over known = {{ spec.event }}
        and {% endif -%}
        {{ last }}
    {%- endif %}
)
{%- endmacro %}


{% macro _asof_join(spec, at) -%}
asof left join {{ spec.alias }}
    on
        {% for label_key, key in spec.pairs -%}
        labels.{{ label_key }} = {{ spec.alias }}.{{ key }}
        and {% endfor -%}
        {{ at }} >= {{ spec.alias }}.{{ spec.available_at }}
{%- endmacro %}


{% macro _asof_answers(spec, at) -%}
{{ spec.answers }} as (
    select
        labels.label_number
        {{- feature_warehouse._answers(
            spec, at, {'name': spec.alias, 'found': spec.available_at}
        ) | indent(4) }}
    from numbered_labels as labels
    {{ feature_warehouse._asof_join(spec, at) | indent(4) }}
)
{%- endmacro %}


{% macro _output_names(spec) -%}
    {%- set names = spec.features.values() | list -%}
    {%- for name in [spec.event_timestamp_as, spec.age_as] if name -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
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
        {{ feature_warehouse._answers(
            spec, at, {'name': spec.alias, 'found': spec.is_newest} if spec.indexed
            else {'name': spec.answers, 'found': spec.newest_at}
        ) }}
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
        and {{ spec.answers }}.{{ spec.is_label }}
{%- endif %}
{%- endfor %}
{%- endmacro %}


{#- Labels and rows of a view on one timeline: the newest instant so far at which a row became available
    is the label's, and of the rows that share it (all of one event, the newest) the first in order is the
    answer. Labels are matched
    back by keys and time, not by a row number, so that `labels.*` stays what it was. No join but this
    one: the planner knows nothing of a computed column, and would guess the rows of a join wildly. -#}
{% macro _timeline(spec, labels, at) -%}
{%- set carried = feature_warehouse._carried_columns(spec) -%}
{%- set order = [spec.available_at ~ ' asc nulls last'] -%}
{%- for column in ([spec.created_at] if spec.created else []) + spec.ties -%}
    {%- do order.append(column ~ ' desc nulls last') -%}
{%- endfor -%}
{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec, feature_warehouse._order_columns(spec)) }}
),

{{ spec.timeline }} as (
    select
        {%- for key in spec.entity %}
        {{ key }},
        {%- endfor %}
        {%- for column in carried %}
        {{ column }},
        {%- endfor %}
        {{ spec.available_at }},
        {{ spec.available_at }} as {{ spec.instant }}
    from {{ spec.alias }}
    {%- if spec.late %}
    where {{ spec.is_newest }}
    {%- endif %}
    union all
    select
        {%- for label_key, key in spec.pairs %}
        labels.{{ label_key }},
        {%- endfor %}
        {%- for column in carried + [spec.available_at] %}
        null as {{ column }},
        {%- endfor %}
        {{ at }}
    from {{ labels.source }}
    where
        {{ at }} is not null
        {%- for label_key, key in spec.pairs %}
        and labels.{{ label_key }} is not null
        {%- endfor %}
    group by
        {%- for label_key, key in spec.pairs %}
        labels.{{ label_key }},
        {%- endfor %}
        {{ at }}
),

{{ spec.newest }} as (
    select
        *,
        {{ feature_warehouse._window(
            'max(' ~ spec.available_at ~ ')', spec.entity, [spec.instant], 8,
            ' as ' ~ spec.newest_at
        ) }}
    from {{ spec.timeline }}
),

{{ spec.answers }} as (
    select
        {%- for key in spec.entity %}
        {{ key }},
        {%- endfor %}
        {{ spec.instant }},
        {{ spec.available_at }} is null as {{ spec.is_label }},
        {{ spec.newest_at }}
        {%- for column, type in feature_warehouse._answered_columns(spec).items() %},
        {#- A function's result has no such thing as the (6, 2) of a decimal. #}
        {{- '\n        ' ~ (
            'cast(first_value(' ~ column ~ ') over newest as ' ~ type ~ ')' if '(' in type
            else 'first_value(' ~ column ~ ') over newest'
        ) }} as {{ column }}
        {%- endfor %}
    from {{ spec.newest }}
    window newest as (
        {{ feature_warehouse._clause('partition by', spec.entity + [spec.newest_at], 8) }}
        {{ feature_warehouse._clause('order by', order, 8) }}
    )
)
{%- endmacro %}


{% macro _order_columns(spec) -%}
    {#- What a row must carry besides its features for the order of ties to be told. -#}
    {%- set columns = [] -%}
    {%- if spec.created -%}
        {%- do columns.append(spec.created ~ ' as ' ~ spec.created_at) -%}
    {%- endif -%}
    {%- do columns.extend(spec.other_ties) -%}
    {%- if spec.late -%}
        {%- do columns.append(feature_warehouse._is_newest(spec, 8, ' as ' ~ spec.is_newest)) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _answered_columns(spec) -%}
    {#- What the select list takes from the row that was chosen, with the type where it is known. -#}
    {%- set columns = {} -%}
    {%- for feature in spec.features -%}
        {%- do columns.update({feature_warehouse._quote(feature): spec.types.get(feature) or ''}) -%}
    {%- endfor -%}
    {%- if spec.event_timestamp_as or spec.age_as -%}
        {%- do columns.update({spec.event_at: ''}) -%}
    {%- endif -%}
    {%- if spec.expires and not spec.lifetime -%}
        {%- do columns.update({spec.expires_at: ''}) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _carried_columns(spec) -%}
    {%- set columns = feature_warehouse._answered_columns(spec).keys() | list -%}
    {%- if spec.created -%}
        {%- do columns.append(spec.created_at) -%}
    {%- endif -%}
    {{ return(columns + spec.other_ties) }}
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
