with labels as (
    select *
    from MAIN.SHOP.labels
    where
        (churned is not null)
),

orders as (
    select
        customer_id,
        amount,
        greatest_ignore_nulls(ordered_at, loaded_at) as available_at,
        ordered_at + interval '720 hours' as expires_at
    from MAIN.SHOP.orders
    where
        ordered_at is not null
        and customer_id is not null
        and customer_id in (select labels.customer_id from labels)
    qualify
        max(ordered_at) over (
            partition by customer_id
            order by
                greatest_ignore_nulls(ordered_at, loaded_at),
                ordered_at,
                loaded_at nulls first,
                amount nulls first,
                cast(amount as varchar) <> '-0' nulls first,
                status collate 'utf8' nulls first,
                "START" nulls first
        ) = ordered_at
        and lead(greatest_ignore_nulls(ordered_at, loaded_at)) over (
            partition by customer_id
            order by
                greatest_ignore_nulls(ordered_at, loaded_at),
                ordered_at,
                loaded_at nulls first,
                amount nulls first,
                cast(amount as varchar) <> '-0' nulls first,
                status collate 'utf8' nulls first,
                "START" nulls first
        )
        is distinct from greatest_ignore_nulls(ordered_at, loaded_at)
),

orders_answers as (
    select
        asked.customer_id,
        asked.instant,
        orders.amount,
        orders.available_at
    from (
        select distinct
            labels.customer_id,
            labels.predicted_at as instant
        from labels
    ) as asked
    asof join orders
        match_condition (asked.instant >= orders.available_at)
        on asked.customer_id = orders.customer_id
    where asked.instant <= orders.expires_at
),

customers as (
    select
        customer_id,
        segment,
        changed_at + interval '1 hour' as available_at
    from MAIN.SHOP.customers
    where
        changed_at is not null
        and customer_id is not null
        and customer_id in (select labels.customer_id from labels)
    qualify
        lead(changed_at + interval '1 hour') over (
            partition by customer_id
            order by changed_at + interval '1 hour', segment collate 'utf8' nulls first
        )
        is distinct from changed_at + interval '1 hour'
),

customers_answers as (
    select
        asked.customer_id,
        asked.instant,
        customers.segment,
        customers.available_at
    from (
        select distinct
            labels.customer_id,
            labels.predicted_at as instant
        from labels
    ) as asked
    asof join customers
        match_condition (asked.instant >= customers.available_at)
        on asked.customer_id = customers.customer_id
)

select
    labels.*,
    orders_answers.amount,
    customers_answers.segment
from labels
left join orders_answers
    on
        labels.customer_id = orders_answers.customer_id
        and labels.predicted_at = orders_answers.instant
left join customers_answers
    on
        labels.customer_id = customers_answers.customer_id
        and labels.predicted_at = customers_answers.instant
