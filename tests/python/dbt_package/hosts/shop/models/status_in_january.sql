select
    customer_id,
    status,
    score
from {{ feature_warehouse.as_of('customer_status', '2024-01-10T00:00:00Z') }} as january
