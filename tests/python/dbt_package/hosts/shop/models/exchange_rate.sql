select
    day,
    cast(rate as numeric(10, 4)) as rate,
    remark
from (
    values
    (date '2024-01-01', 1.1050, 'holiday'),
    (date '2024-01-08', 1.0946, null)
) as days (day, rate, remark)
