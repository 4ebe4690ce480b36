{{ feature_warehouse.feature_catalog() }}
