-- At the end of the data the newest available weather row of JFK has 30.02 degrees.
{{ config(enabled=(project_name == 'feature_warehouse')) }}

select 'JFK: 30.02' as expected
where
    not exists (
        select 1
        from {{ feature_warehouse.as_of('origin_weather', '2013-12-31T00:00:00Z') }} as weather
        where
            origin = 'JFK'
            and temp = 30.02
    )
