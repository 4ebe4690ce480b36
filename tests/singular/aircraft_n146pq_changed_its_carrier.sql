-- N146PQ flew for 9E, and from 2013-04-20 19:43 on for EV. What was before is known only if a
-- snapshot was taken by then, as `make demo` does.
{{ config(enabled=(project_name == 'feature_warehouse')) }}

with first_snapshot as (
    select min(known_at) as taken_at
    from {{ ref('aircraft_carriers') }}
),

history as (
    select *
    from {{ ref('aircraft_carrier') }}
    where tailnum = 'N146PQ'
),

counts as (
    select
        first_snapshot.taken_at,
        count(
            case
                when
                    history.carrier = 'EV'
                    and history.carrier_since = timestamp '2013-04-20 19:43:00'
                    then 1
            end
        ) as rows_of_ev,
        count(
            case
                when
                    history.carrier = '9E'
                    and history.known_at = first_snapshot.taken_at
                    then 1
            end
        ) as rows_of_9e
    from first_snapshot
    left join history on true
    group by first_snapshot.taken_at
)

select *
from counts
where
    rows_of_ev <> 1
    or rows_of_9e <> case when taken_at <= timestamp '2013-04-20 19:43:00' then 1 else 0 end
