{%- set end_of_day -%}
    {{ feature_warehouse.instant(var('carriers_as_of', '2013-12-31')) }} + interval '24 hours'
{%- endset -%}

with legs as (
    select
        tailnum,
        carrier,
        dep_ts,
        lag(carrier) over (partition by tailnum order by dep_ts) as last_carrier
    from {{ ref('stg_flights') }}
    where
        tailnum is not null
        and dep_ts < {{ end_of_day }}
),

changes as (
    select
        tailnum,
        carrier,
        dep_ts,
        row_number() over (partition by tailnum order by dep_ts desc) as choice
    from legs
    where last_carrier is distinct from carrier
)

select
    tailnum,
    carrier,
    dep_ts as carrier_since,
    {{ end_of_day }} as known_at
from changes
where choice = 1
