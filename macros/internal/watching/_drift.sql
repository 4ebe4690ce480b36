{#- How far two populations of the same features lie apart. Both become counts of values, and from those
    follow bins, PSI, Jensen-Shannon and Kolmogorov-Smirnov: no quantile is asked for, nothing is sampled. -#}

{% macro _drift(now, then, features, bins=true) -%}
    {#- `now` and `then` are queries with the same columns. A row for each feature and bin, or a feature. -#}
    {%- set ctes = [
        'now_rows as (\n' ~ feature_warehouse._indented(now, 4) ~ '\n)',
        'then_rows as (\n' ~ feature_warehouse._indented(then, 4) ~ '\n)',
        feature_warehouse._drift_limits(features),
        feature_warehouse._drift_counts(features),
        feature_warehouse._drift_bins(),
        feature_warehouse._drift_figures(),
    ] -%}
{{ feature_warehouse._with(ctes) -}}
select
    figures.*
    {%- if bins %},
    cast(binned.bin as integer) as bin,
    binned.lowest,
    binned.highest,
    binned.category,
    cast(binned.now_rows as bigint) as bin_now,
    cast(binned.then_rows as bigint) as bin_then
    {%- endif %}
from figures
{%- if bins %}
left join binned on figures.feature = binned.feature
order by figures.feature, binned.bin
{%- endif %}
{%- endmacro %}


{% macro _drift_limits(features) -%}
    {#- The CTE of what features are judged by. -#}
limits as (
    {%- for feature in features %}
    select
        {{ feature_warehouse._text_literal(feature.name) }} as feature,
        '{{ feature.kind }}' as kind,
        {%- for limit in feature_warehouse._drift_measures() %}
        {{ feature_warehouse._as_double(feature[limit]) }} as {{ limit }}_limit,
        {%- endfor %}
        {{ feature.minimum_rows }} as minimum_rows,
        {{ feature.minimum_entities }} as minimum_entities,
        {{ feature_warehouse._drift_entities(feature.entities) }} as entities,
        {{ "case when " ~ feature.too_early ~ " then 'judged from " ~ feature.since ~ " on' end"
            if feature.since else feature_warehouse._to_text('null') }} as too_early
        {%- if not loop.last %}
    union all
        {%- endif %}
    {%- endfor %}
)
{%- endmacro %}


{% macro _drift_entities(entities) -%}
    {#- How many entities there are now; of several kinds of them the fewest. -#}
    {%- set counts = [] -%}
    {%- for keys in entities -%}
        {%- do counts.append(feature_warehouse._drift_entity_count(keys)) -%}
    {%- endfor -%}
    {{ return(counts[0] if counts | length == 1 else feature_warehouse._least(counts | join(', '))) }}
{%- endmacro %}


{% macro _drift_entity_count(keys) -%}
    {#- How many different values of these keys there are now. -#}
    {%- if not keys -%}
        {{ return('1') }}
    {%- endif -%}
    {%- set quoted = [] -%}
    {%- for column in keys -%}
        {%- do quoted.append(feature_warehouse._quote(column)) -%}
    {%- endfor -%}
    {{ return(
        '(\n            select count(*)\n            from (select distinct ' ~ quoted | join(', ')
        ~ ' from now_rows) as entities\n            where '
        ~ feature_warehouse._all_not_null(quoted)
        ~ '\n        )'
    ) }}
{%- endmacro %}


{% macro _all_not_null(columns) -%}
    {#- The condition that no column is NULL. -#}
    {%- set conditions = [] -%}
    {%- for column in columns -%}
        {%- do conditions.append(column ~ ' is not null') -%}
    {%- endfor -%}
    {{ return(conditions | join(' and ')) }}
{%- endmacro %}


{% macro _drift_counts(features) -%}
    {#- How often each value of a feature occurs in both. Numbers as doubles, everything else as text;
        of what has no distribution only whether it is NULL. -#}
counts as (
    select
        feature,
        number,
        category,
        is_null,
        sum(now_rows) as now_rows,
        sum(then_rows) as then_rows
    from (
        {%- for feature in features %}
            {%- set outer = loop -%}
            {%- set column = feature_warehouse._quote(feature.column) -%}
            {%- for side in ['now', 'then'] %}
        select
            {{ feature_warehouse._text_literal(feature.name) }} as feature,
            {{ feature_warehouse._as_double(column if feature.kind == 'number' else 'null') }} as number,
            {{ feature_warehouse._to_text(column) if feature.kind == 'category'
                else feature_warehouse._to_text('null') }} as category,
            {{ column }} is null as is_null,
            {{ 'count(*)' if side == 'now' else '0' }} as now_rows,
            {{ 'count(*)' if side == 'then' else '0' }} as then_rows
        from {{ side }}_rows
        group by 1, 2, 3, 4
                {%- if not (outer.last and loop.last) %}
        union all
                {%- endif %}
            {%- endfor %}
        {%- endfor %}
    ) as both_sides
    group by feature, number, category, is_null
)
{%- endmacro %}
