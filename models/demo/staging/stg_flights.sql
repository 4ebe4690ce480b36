select
    cast(flight_id as bigint) as flight_id,
    carrier,
    flight as flight_number,
    tailnum,
    origin,
    dest,
    distance,
    sched_dep_ts,
    sched_arr_ts,
    dep_ts,
    arr_ts,
    dep_delay,
    arr_delay
from {{ source('nycflights13', 'flights') }}
