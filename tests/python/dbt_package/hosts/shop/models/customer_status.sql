select
    cast(customer_id as bigint) as customer_id,
    valid_from,
    loaded_at,
    status,
    cast(score as integer) as score
from (
    values
    (1, timestamp '2024-01-01 00:00:00', timestamp '2024-01-01 01:00:00', 'new', 10),
    (1, timestamp '2024-01-05 00:00:00', timestamp '2024-01-09 00:00:00', 'gold', 50),
    (1, timestamp '2024-01-05 00:00:00', timestamp '2024-01-12 00:00:00', 'gold', null),
    (2, timestamp '2024-01-01 00:00:00', timestamp '2024-01-01 00:00:00', 'new', 5)
) as history (customer_id, valid_from, loaded_at, status, score)
