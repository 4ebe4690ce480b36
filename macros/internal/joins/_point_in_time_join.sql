{#- The point-in-time rule as SQL: how an engine finds the newest row at or before an instant. -#}

{% macro _join(labels, views) -%}
    {#- Of the labels `source` stands after FROM, `ctes` come before, and `at` is the instant that a row
        asks for. -#}
    {%- set tables = feature_warehouse._clock_tables(views) -%}
    {%- set specs = feature_warehouse._join_specs(views, labels, tables) -%}
    {%- set labels = dict(labels, ctes=labels.ctes + feature_warehouse._clocks(labels, tables)) -%}
    {%- for spec in specs -%}
        {%- do feature_warehouse._skip_if_empty(spec) -%}
    {%- endfor -%}
    {{ return(
        feature_warehouse._joined_asof(labels, specs) if feature_warehouse._can('asof_join')
        else feature_warehouse._joined_by_match(labels, specs) if feature_warehouse._can('match_condition')
        else feature_warehouse._joined_by_maximum(labels, specs) if feature_warehouse._can('orders_structs')
        else feature_warehouse._joined_on_timeline(labels, specs)
    ) }}
{%- endmacro %}


{#- DuckDB, for one, answers the question natively, by ASOF JOIN:
    https://duckdb.org/docs/stable/sql/query_syntax/from#as-of-joins
    A chain of them sorts all columns that it has gathered so far for each view. Where these are many,
    each view is joined by itself to the labels' keys and times. -#}
{% macro _joined_asof(labels, specs) -%}
{%- set copies = feature_warehouse._copies(specs) -%}
{%- set passed = specs | rejectattr('stored') | list -%}
{%- set apart = passed | length > 1 and feature_warehouse._output_count(passed) > 40 -%}
{%- set ctes = labels.ctes + copies -%}
{%- for spec in specs -%}
    {%- if spec.stored -%}
        {%- do ctes.extend([
            feature_warehouse._asof_times(spec, labels),
            feature_warehouse._asof_found(spec, labels),
            feature_warehouse._fetched_rows(spec),
        ]) -%}
    {%- else -%}
        {%- do ctes.append(feature_warehouse._asof_rows(spec, labels)) -%}
        {%- if apart -%}
            {%- do ctes.append(feature_warehouse._asof_answers(spec, labels)) -%}
        {%- endif -%}
    {%- endif -%}
{%- endfor -%}
{{ feature_warehouse._with(ctes) -}}
select
    labels.*
    {%- for spec in specs -%}
        {%- set name = spec.answers if apart and not spec.stored else spec.alias -%}
        {%- set found = name ~ '.' ~ spec.available_at -%}
        {{ feature_warehouse._answers(spec, labels.at, {
            'name': name,
            'found': spec.available_at,
            'unexpired': found ~ ' is not null' if apart or spec.stored else none,
        }) }}
    {%- endfor %}
from {{ labels.source }}{{ feature_warehouse._clocks_joins(labels, [] if apart else passed) }}
    {%- for spec in specs %}
{{ (
    feature_warehouse._fetched_join(spec, labels.at) if spec.stored
    else feature_warehouse._asked_join(spec, spec.answers, labels.at) if apart
    else feature_warehouse._asof_join(spec)
) }}
    {%- endfor %}
{%- endmacro %}


{#- Elsewhere a view with an index is asked once for each label; any other is laid on one timeline
    with the labels, where time grows as n log n, however dense the keys are. -#}
{% macro _joined_on_timeline(labels, specs) -%}
{%- set ctes = labels.ctes | list -%}
{%- for spec in specs if not spec.indexed -%}
    {%- do ctes.append(feature_warehouse._timeline(spec, labels)) -%}
{%- endfor -%}
{{ feature_warehouse._with(ctes) -}}
select
    labels.*
    {%- for spec in specs -%}
        {{ feature_warehouse._answers(
            spec, labels.at,
            {'name': spec.alias, 'unexpired': spec.alias ~ '.' ~ spec.is_newest} if spec.indexed
            else {'name': spec.answers, 'found': spec.newest_at}
        ) }}
    {%- endfor %}
from {{ labels.source }}{{ feature_warehouse._clocks_joins(labels, specs) }}
{%- for spec in specs %}
{{ (
    feature_warehouse._lookup(spec, labels.at) if spec.indexed
    else feature_warehouse._timeline_answers(spec)
) }}
{%- endfor %}
{%- endmacro %}
