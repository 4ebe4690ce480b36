select
    customer_id,
    status,
    score
from {{ feature_warehouse.latest('customer_status') }} as today
