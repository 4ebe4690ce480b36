select
    tailnum,
    make_timestamp(coalesce(built_year, 1900), 1, 1, 0, 0, 0) as built_at,
    type,
    engines,
    seats,
    built_year
from {{ ref('stg_planes') }}
