select
    origin,
    time_hour as observed_at,
    temp,
    humid,
    wind_dir,
    wind_speed,
    precip,
    pressure,
    visib
from {{ source('nycflights13', 'weather') }}
