{#- The point-in-time law as SQL: how each warehouse finds the newest row at or before an instant. -#}

{% macro _join(labels, views) -%}
    {#- Of the labels `source` stands after FROM, `ctes` come before, and `at` is the instant that a row
        asks for. -#}
    {%- set specs = feature_warehouse._join_specs(views) -%}
    {%- for spec in specs -%}
        {%- do feature_warehouse._skip_if_empty(spec) -%}
    {%- endfor -%}
    {{ return(adapter.dispatch('_join', 'feature_warehouse')(labels, specs)) }}
{%- endmacro %}


{#- DuckDB answers the question natively, by ASOF JOIN:
    https://duckdb.org/docs/stable/sql/query_syntax/from#as-of-joins
    A chain of them sorts all columns that it has gathered so far for each view. Where these are many,
    each view is joined by itself to numbered labels, and the answers are put together by number. -#}
{% macro duckdb___join(labels, specs) -%}
{%- set columns = [] -%}
{%- for spec in specs -%}
    {%- do columns.extend(feature_warehouse._output_names(spec)) -%}
{%- endfor -%}
{%- set apart = specs | length > 1 and columns | length > 40 -%}
{%- set ctes = labels.ctes | list -%}
{%- if apart -%}
    {%- do ctes.append(feature_warehouse._numbered_labels(labels)) -%}
{%- endif -%}
{%- for spec in specs -%}
    {%- do ctes.append(feature_warehouse._asof_rows(spec)) -%}
    {%- if apart -%}
        {%- do ctes.append(feature_warehouse._asof_answers(spec, labels.at)) -%}
    {%- endif -%}
{%- endfor -%}
{{ feature_warehouse._with(ctes) -}}
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
            spec, labels.at, {'name': spec.alias, 'found': spec.available_at}
        ) }}
    {%- endfor %}
from {{ labels.source }}
    {%- for spec in specs %}
{{ feature_warehouse._asof_join(spec, labels.at) }}
    {%- endfor %}
    {%- endif %}
{%- endmacro %}


{#- Elsewhere a view with an index is asked once for each label; any other is laid on one timeline
    with the labels, where time grows as n log n, however dense the keys are. -#}
{% macro default___join(labels, specs) -%}
{%- set ctes = labels.ctes | list -%}
{%- for spec in specs if not spec.indexed -%}
    {%- do ctes.append(feature_warehouse._timeline(spec, labels)) -%}
{%- endfor -%}
{{ feature_warehouse._with(ctes) -}}
select
    labels.*
    {%- for spec in specs -%}
        {{ feature_warehouse._answers(
            spec, labels.at, {'name': spec.alias, 'found': spec.is_newest} if spec.indexed
            else {'name': spec.answers, 'found': spec.newest_at}
        ) }}
    {%- endfor %}
from {{ labels.source }}
{%- for spec in specs %}
{{ (
    feature_warehouse._lookup(spec, labels.at) if spec.indexed
    else feature_warehouse._timeline_answers(spec, labels.at)
) }}
{%- endfor %}
{%- endmacro %}
