select
    flight_id,
    carrier,
    flight_number,
    tailnum,
    origin,
    dest,
    sched_dep_ts,
    arr_ts,
    arr_delay > 15 as is_late
from {{ ref('stg_flights') }}
