select
    tailnum,
    year as built_year,
    type,
    manufacturer,
    model,
    engines,
    seats
from {{ source('nycflights13', 'planes') }}
