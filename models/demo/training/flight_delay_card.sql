{{ feature_warehouse.dataset_card('flight_delay_training') }}
