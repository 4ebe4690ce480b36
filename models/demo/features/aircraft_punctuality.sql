{{ config(indexes=[{'columns': ['tailnum', 'changed_at']}] if target.type == 'postgres' else []) }}
{{
    feature_warehouse.window_features(
        events=ref('flight_outcomes'),
        join_keys=['tailnum'],
        event_timestamp='known_at',
        aggregates=[
            {'count': 'arr_delay', 'as': 'flights', 'description': 'Flights that landed'},
            {'avg': 'arr_delay', 'as': 'mean_delay', 'description': 'Mean arrival delay in minutes'},
            {'share': 'arr_delay > 15', 'as': 'late_share', 'description': 'Share of late landings'},
            {
                'count': '*',
                'where': 'is_cancelled',
                'as': 'cancellations',
                'description': 'Flights that were cancelled',
            },
        ],
        windows=['1 day', '7 days', '30 days'],
    )
}}
