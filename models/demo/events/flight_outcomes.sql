select
    flight_id,
    carrier,
    tailnum,
    origin,
    dest,
    coalesce(arr_ts, sched_arr_ts) as known_at,
    arr_delay,
    dep_ts is null as is_cancelled
from {{ ref('stg_flights') }}
where
    arr_ts is not null
    or dep_ts is null
