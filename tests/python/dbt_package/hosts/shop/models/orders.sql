select
    cast(order_id as bigint) as order_id,
    cast(buyer as bigint) as buyer,
    ordered_at,
    returned
from (
    values
    (101, 1, timestamp '2024-01-01 00:30:00', false),
    (102, 1, timestamp '2024-01-08 12:00:00', true),
    (103, 1, timestamp '2024-01-09 00:00:00', false),
    (104, 1, timestamp '2024-01-20 00:00:00', null),
    (105, 2, timestamp '2024-03-01 00:00:00', false),
    (106, null, timestamp '2024-01-10 00:00:00', false),
    (106, null, timestamp '2024-01-10 00:00:00', false)
) as sales (order_id, buyer, ordered_at, returned)
