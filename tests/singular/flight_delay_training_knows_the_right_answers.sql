-- Answers that were worked out by hand from the source files. Each row is one that is not given.
{{ config(enabled=(project_name == 'feature_warehouse')) }}

with training as (
    select *
    from {{ ref('flight_delay_training') }}
)

select 'flight 256650: the last complete hour had 86.00, the running one has 82.94' as expected
where
    not exists (
        select 1
        from training
        where
            flight_id = 256650
            and temp = 86.00
    )
union all
select 'flight 57559: the newest weather is older than its ttl, so that no row matches' as expected
where
    not exists (
        select 1
        from training
        where
            flight_id = 57559
            and temp is null
            and wind_speed is null
            and precip is null
            and visib is null
    )
union all
select 'flight 300298: a row matches, in which the temperature is NULL' as expected
where
    not exists (
        select 1
        from training
        where
            flight_id = 300298
            and temp is null
            and visib is not null
    )
union all
select 'flight 199940: its aircraft landed at the very minute of departure, 221 late' as expected
where
    not exists (
        select 1
        from training
        where
            flight_id = 199940
            and sched_dep_ts = timestamp '2013-05-09 02:45:00'
            and last_leg_arr_delay = 221
    )
