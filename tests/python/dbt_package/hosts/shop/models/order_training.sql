{{
    feature_warehouse.training_set(
        labels='orders',
        features=[
            {'view': 'customer_status', 'join_keys': {'customer_id': 'buyer'}, 'prefix': 'buyer_'},
            'exchange_rate:rate',
        ],
    )
}}
