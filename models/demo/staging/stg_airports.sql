select
    faa as airport,
    name,
    lat as latitude,
    lon as longitude,
    tzone as time_zone
from {{ source('nycflights13', 'airports') }}
