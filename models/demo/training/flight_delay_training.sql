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
            {
                'view': 'aircraft_punctuality',
                'features': [
                    'flights_1d', 'flights_7d', 'flights_30d', 'mean_delay_1d', 'mean_delay_7d',
                    'late_share_30d', 'cancellations_30d',
                ],
                'prefix': 'aircraft_',
            },
            {
                'view': 'carrier_punctuality',
                'features': ['mean_delay_1d', 'late_share_7d', 'late_share_30d', 'cancellations_1d'],
                'prefix': 'carrier_',
            },
            {
                'view': 'airport_traffic',
                'features': ['flights_1d', 'mean_delay_1d', 'late_share_7d', 'cancellations_1d'],
                'join_keys': {'airport': 'origin'},
                'prefix': 'origin_',
            },
            {
                'view': 'airport_traffic',
                'features': ['flights_1d', 'mean_delay_1d', 'late_share_7d', 'cancellations_1d'],
                'join_keys': {'airport': 'dest'},
                'prefix': 'dest_',
            },
        ],
        on_demand=[
            {'name': 'departure_hour', 'expr': 'hour(request_time)'},
            {'name': 'minutes_to_spare', 'expr': 'last_leg_age_seconds / 60 - last_leg_distance / 8'},
        ],
        service='flight_delay',
        split={'starts': {'test': '2013-11-01'}, 'embargo': '1 day'},
    )
}}
