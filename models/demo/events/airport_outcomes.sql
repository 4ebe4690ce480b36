select
    origin as airport,
    flight_id,
    known_at,
    arr_delay,
    is_cancelled
from {{ ref('flight_outcomes') }}
union all
select
    dest as airport,
    flight_id,
    known_at,
    arr_delay,
    is_cancelled
from {{ ref('flight_outcomes') }}
