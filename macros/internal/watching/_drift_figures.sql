{#- From counts of values to bins, and from these to how far apart two populations are. -#}

{#- Ten bins, of equal mass in the baseline: a value's is the tenth of the baseline's rows below it. The
    bins of categories are the twenty that are most frequent in the baseline, the others, and those
    that it does not have. -#}
{% macro _drift_bins() -%}
placed as (
    select
        *,
        sum(now_rows) over by_feature as now_total,
        sum(then_rows) over by_feature as then_total,
        sum(now_rows) over by_number as now_so_far,
        sum(then_rows) over by_number as then_so_far,
        row_number() over (
            partition by feature
            order by then_rows desc, category{{ feature_warehouse._byte_order() }}, number
        ) as place
    from counts
    where number is not null or category is not null
    window
        by_feature as (partition by feature),
        by_number as (partition by feature order by number)
),

binned as (
    select
        feature,
        bin,
        min(number) as lowest,
        max(number) as highest,
        case when bin < 20 then min(category) end as category,
        sum(now_rows) as now_rows,
        sum(then_rows) as then_rows,
        max(now_total) as now_total,
        max(then_total) as then_total
    from (
        select
            *,
            case
                when number is not null and then_total > 0
                    then least(floor(
                        {{ feature_warehouse._as_double('10 * (then_so_far - then_rows)') }} / then_total
                    ), 9)
                when then_rows = 0 then 21
                when place <= 20 then place - 1
                else 20
            end as bin
        from placed
    ) as with_bins
    group by feature, bin
)
{%- endmacro %}


{#- PSI adds half a row to each bin, so that an empty one has a logarithm. Jensen-Shannon is the distance, to
    base 2: 0 for equal, 1 for nothing in common. J. Lin, Divergence Measures Based on the Shannon
    Entropy, IEEE Transactions on Information Theory 37, 1991. -#}
{% macro _drift_figures() -%}
apart as (
    select
        feature,
        sum((now_smooth - then_smooth) * ln(now_smooth / then_smooth)) as psi,
        sqrt(greatest(0, sum(
            case when now_share > 0 then now_share * ln(2 * now_share / both_shares) else 0 end
            + case when then_share > 0 then then_share * ln(2 * then_share / both_shares) else 0 end
        ) / (2 * ln(2.0)))) as jensen_shannon,
        sum(case when bin = 21 then now_share else 0 end) as new_values
    from (
        select
            *,
            now_share + then_share as both_shares
        from (
            select
                feature,
                bin,
                {{ feature_warehouse._as_double('now_rows') }} / nullif(now_total, 0) as now_share,
                {{ feature_warehouse._as_double('then_rows') }} / nullif(then_total, 0) as then_share,
                (now_rows + 0.5)
                    / (nullif(now_total, 0) + 0.5 * {{ feature_warehouse._as_double('count(*) over by_feature') }}) as now_smooth,
                (then_rows + 0.5)
                    / (nullif(then_total, 0) + 0.5 * {{ feature_warehouse._as_double('count(*) over by_feature') }}) as then_smooth
            from binned
            window by_feature as (partition by feature)
        ) as shares
    ) as both_of_them
    group by feature
),

steps as (
    select
        feature,
        max(abs(
            {{ feature_warehouse._as_double('now_so_far') }} / nullif(now_total, 0)
            - {{ feature_warehouse._as_double('then_so_far') }} / nullif(then_total, 0)
        )) as kolmogorov_smirnov
    from placed
    where number is not null
    group by feature
),

totals as (
    select
        feature,
        cast(sum(now_rows) as bigint) as now_rows,
        cast(sum(then_rows) as bigint) as then_rows,
        cast(sum(case when is_null then now_rows else 0 end) as bigint) as now_nulls,
        cast(sum(case when is_null then then_rows else 0 end) as bigint) as then_nulls
    from counts
    group by feature
),

measured as (
    select
        limits.*,
        coalesce(totals.now_rows, 0) as now_rows,
        coalesce(totals.then_rows, 0) as then_rows,
        coalesce(totals.now_nulls, 0) as now_nulls,
        coalesce(totals.then_nulls, 0) as then_nulls,
        apart.psi,
        apart.jensen_shannon,
        steps.kolmogorov_smirnov,
        abs(
            {{ feature_warehouse._as_double('totals.now_nulls') }} / nullif(totals.now_rows, 0)
            - {{ feature_warehouse._as_double('totals.then_nulls') }} / nullif(totals.then_rows, 0)
        ) as null_share,
        case when limits.kind = 'category' then apart.new_values end as new_values
    from limits
    left join totals on limits.feature = totals.feature
    left join apart on limits.feature = apart.feature
    left join steps on limits.feature = steps.feature
),

figures as (
    select
        *,
        case
            when too_early is not null then too_early
            when now_rows < minimum_rows or then_rows < minimum_rows
                then 'fewer than ' || minimum_rows || ' rows'
            when entities < minimum_entities then 'fewer than ' || minimum_entities || ' entities'
        end as not_judged,
        concat_ws(
            ', ',
            {%- for measure in feature_warehouse._drift_measures() %}
            case when {{ measure }} > {{ measure }}_limit then '{{ measure }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ) as alarms
    from measured
)
{%- endmacro %}


{% macro _drift_measures() -%}
    {#- The names of what is measured. -#}
    {{ return(['psi', 'jensen_shannon', 'kolmogorov_smirnov', 'null_share', 'new_values']) }}
{%- endmacro %}
