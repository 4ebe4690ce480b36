select
    origin,
    observed_at,
    temp,
    humid,
    wind_speed,
    precip,
    visib
from {{ ref('stg_weather') }}
