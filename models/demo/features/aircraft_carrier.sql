{{ feature_warehouse.snapshot_rows('aircraft_carriers') }}
