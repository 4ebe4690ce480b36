{{ feature_warehouse.feature_catalog(statistics=ref('feature_statistics')) }}
