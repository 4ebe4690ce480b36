{{
    feature_warehouse.training_set(
        labels='flight_delays',
        features=[
            'origin_weather:temp,wind_speed,precip,visib',
            {'view': 'aircraft_last_leg', 'prefix': 'last_leg_'},
            'aircraft',
        ],
        service='flight_delay',
    )
}}
