{#- What the newest rows of feature views look like: from how often each value occurs follows the rest. -#}

{% macro _feature_statistics(relations, at) -%}
    {#- The SQL of statistics. -#}
    {%- set place = "statistics '" ~ model.name ~ "'" -%}
    {%- do feature_warehouse._refuse_without_statistics(place) -%}
    {%- if at is not none and feature_warehouse._instant_mistakes('at', at) -%}
        {{ feature_warehouse._fail(place, feature_warehouse._instant_mistakes('at', at)) }}
    {%- endif -%}
    {%- set clock = feature_warehouse._now() if at is none else feature_warehouse._instant(at) -%}
    {%- set ctes = [] -%}
    {%- set counts = [] -%}
    {%- for name, relation in relations.items() -%}
        {%- if not feature_warehouse._is_feature_view(name) -%}
            {{ feature_warehouse._fail(place, [feature_warehouse._no_feature_view(name)]) }}
        {%- endif -%}
        {%- set view = feature_warehouse._view_named(name, place) -%}
        {%- set rows = feature_warehouse._quote('newest_' ~ name) -%}
        {%- do ctes.append(
            rows ~ ' as (\n    select *\n    from '
            ~ feature_warehouse._newest_rows(name, relation, clock, false) | indent(4) ~ ' as newest_rows\n)'
        ) -%}
        {%- set columns = feature_warehouse._view_columns(feature_warehouse._model_node(name)) -%}
        {%- for feature in view.features -%}
            {%- do counts.append(feature_warehouse._value_counts(
                view, feature, rows, feature_warehouse._column_meta(columns[feature]).get('pii')
            )) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do ctes.append('counts as (' ~ counts | join('\n    union all') ~ '\n)') -%}
    {%- do ctes.append(feature_warehouse._placed_values()) -%}
    {%- do ctes.append(feature_warehouse._top_values()) -%}
{{ feature_warehouse._with(ctes) -}}
{{ feature_warehouse._statistics_of_values(clock) }}
{%- endmacro %}


{% macro _refuse_without_statistics(place) -%}
    {#- Stops where an engine knows no statistics. -#}
    {%- if not feature_warehouse._can('statistics') -%}
        {{ feature_warehouse._fail(place, [
            'statistics and drift are not supported on ' ~ target.type ~ '; remove it from this target'
        ]) }}
    {%- endif -%}
{%- endmacro %}


{% macro _value_counts(view, feature, rows, is_secret) -%}
    {#- Of personal data and of types without order or equality only how many are NULL. -#}
    {%- set type = view.types[feature] -%}
    {%- set kind = feature_warehouse._value_kind(type) -%}
    {%- set column = feature_warehouse._quote(feature) -%}
    {%- set label = feature_warehouse._to_text(column) -%}
    {%- if feature_warehouse._number_class(type) == 'double' -%}
        {#- 28.0 is 28 on PostgreSQL. -#}
        {%- set label = "regexp_replace(" ~ label ~ ", '\\.0$', '')" -%}
    {%- endif -%}
    {%- set counted = kind != 'other' and not is_secret %}
    select
        {{ feature_warehouse._text_literal(view.name) }} as view,
        {{ feature_warehouse._text_literal(feature) }} as feature,
        {{ feature_warehouse._as_double(column if counted and kind == 'number' else 'null') }} as number,
        {{ label if counted else feature_warehouse._to_text('null') }} as label,
        {{ column }} is null as is_null,
        {{ 'true' if counted else 'false' }} as is_counted,
        max({{ feature_warehouse._utc(
            feature_warehouse._quote(view.event_timestamp), view.types[view.event_timestamp]
        ) }}) as newest_event,
        count(*) as row_count
    from {{ rows }}
    group by {{ column if counted else column ~ ' is null' }}
{%- endmacro %}


{% macro _placed_values() -%}
    {#- The CTEs of moments, quantiles and histograms. -#}
placed as (
    select
        *,
        sum(row_count) over by_number as so_far,
        sum(row_count) over by_feature as total,
        sum(number * row_count) over by_feature / sum(row_count) over by_feature as average,
        min(number) over by_feature as least_number,
        max(number) over by_feature as greatest_number
    from counts
    where number is not null
    window
        by_feature as (partition by view, feature),
        by_number as (partition by view, feature order by number)
),

spread as (
    select
        view,
        feature,
        max(average) as average,
        sqrt(
            sum(row_count * (number - average) * (number - average)) / nullif(max(total) - 1, 0)
        ) as standard_deviation,
        min(number) as minimum,
        {%- for share in feature_warehouse._quantiles() %}
        min(case when so_far >= {{ share / 100 }} * total then number end) as p{{ '%02d' | format(share) }},
        {%- endfor %}
        max(number) as maximum,
        '[' || concat_ws(
            ', ',
            {%- for bin in range(20) %}
            sum(case when bin = {{ bin }} then row_count else 0 end){{ ',' if not loop.last }}
            {%- endfor %}
        ) || ']' as histogram
    from (
        select
            *,
            case
                when least_number = greatest_number then 0
                when greatest_number - least_number < {{ feature_warehouse._as_double("'infinity'") }}
                    then least(
                        floor(20 * (number - least_number) / (greatest_number - least_number)), 19
                    )
            end as bin
        from placed
    ) as with_bins
    group by view, feature
)
{%- endmacro %}


{% macro _quantiles() -%}
    {#- The quantiles of statistics, in percent. -#}
    {{ return([1, 5, 25, 50, 75, 95, 99]) }}
{%- endmacro %}


{% macro _top_values() -%}
    {#- The CTEs of frequent values and of totals. -#}
top_values as (
    select
        view,
        feature,
        '[' || string_agg(
            '[' || cast(to_json(label) as {{ feature_warehouse._text_type() }}) || ', ' || row_count || ']', ', ' order by place
        ) || ']' as top_values
    from (
        select
            *,
            row_number() over (
                partition by view, feature
                order by row_count desc, {{ feature_warehouse._bytewise('label', 'text') }}
            ) as place
        from counts
        where label is not null
    ) as ranked
    where place <= 10
    group by view, feature
),

totals as (
    select
        view,
        feature,
        max(newest_event) as newest_event,
        cast(sum(row_count) as bigint) as row_count,
        cast(sum(case when is_null then row_count else 0 end) as bigint) as null_count,
        case when bool_and(is_counted) then count(label) end as distinct_count
    from counts
    group by view, feature
)
{%- endmacro %}


{% macro _statistics_of_values(clock) -%}
    {#- The final columns of statistics. -#}
select
    cast(totals.view as {{ feature_warehouse._text_type() }}) as view,
    cast(totals.feature as {{ feature_warehouse._text_type() }}) as feature,
    cast({{ clock }} as timestamp) as computed_at,
    totals.newest_event,
    totals.row_count,
    totals.null_count,
    cast(totals.distinct_count as bigint) as distinct_count,
    spread.average as mean,
    spread.standard_deviation,
    spread.minimum,
    {%- for share in feature_warehouse._quantiles() %}
    spread.p{{ '%02d' | format(share) }},
    {%- endfor %}
    spread.maximum,
    cast(spread.histogram as {{ feature_warehouse._text_type() }}) as histogram,
    cast(top_values.top_values as {{ feature_warehouse._text_type() }}) as top_values
from totals
left join spread on totals.view = spread.view and totals.feature = spread.feature
left join top_values on totals.view = top_values.view and totals.feature = top_values.feature
{%- endmacro %}
