-- The training set has one row for every scheduled flight of 2013: features neither lose nor
-- multiply a row.
{{ config(enabled=(project_name == 'feature_warehouse')) }}

with counts as (
    select
        count(*) as flights,
        sum(case when is_late then 1 else 0 end) as late_flights,
        sum(case when is_late is null then 1 else 0 end) as flights_without_label
    from {{ ref('flight_delay_training') }}
)

select *
from counts
where
    flights <> 336776
    or late_flights <> 77630
    or flights_without_label <> 9430
