with landed_legs as (
    select
        tailnum,
        arr_ts,
        arr_delay,
        origin,
        dest,
        distance,
        row_number() over (partition by tailnum, arr_ts order by flight_id desc) as choice
    from {{ ref('stg_flights') }}
    where
        tailnum is not null
        and arr_ts is not null
)

select
    tailnum,
    arr_ts,
    arr_delay,
    origin,
    dest,
    distance
from landed_legs
where choice = 1
