{{
    feature_warehouse.training_set(
        labels='flight_delays',
        features=[
            {
                'view': 'origin_weather',
                'features': ['temp', 'wind_speed', 'precip', 'visib'],
                'event_timestamp': 'weather_observed_at',
            },
            {'view': 'aircraft_last_leg', 'prefix': 'last_leg_', 'age': true},
            'aircraft',
        ],
        service='flight_delay',
        split={'starts': {'test': '2013-11-01'}, 'embargo': '1 day'},
    )
}}
