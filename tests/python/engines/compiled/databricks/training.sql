with labels as (
    select *
    from `main`.`shop`.`labels`
    where
        (churned is not null)
),

label_rows as (
    select
        struct(labels.*) as label_row,
        labels.predicted_at as label_at
    from labels
),

orders_timeline as (
    select
        customer_id as key_1,
        0 as lost,
        greatest(ordered_at, loaded_at) as happens_at,
        false as is_label,
        struct(
            ordered_at as event_at,
            loaded_at as created_at,
            amount,
            cast(amount as string) <> '-0.0' as order_2,
            status as order_3,
            start as order_4,
            greatest(ordered_at, loaded_at) as available_at,
            ordered_at + interval '720 hours' as expires_at
        ) as known_row,
        null as label_row,
        null as label_at
    from `main`.`shop`.`orders`
    where
        ordered_at is not null
        and customer_id is not null
    union all
    select
        label_row.customer_id as key_1,
        case
            when label_row.customer_id is null or label_at is null
                then 1 + pmod(hash(label_at, label_row.customer_id, label_at), 4096)
            else 0
        end as lost,
        label_at as happens_at,
        true as is_label,
        null as known_row,
        label_row,
        label_at
    from label_rows
),

orders_answers as (
    select
        label_row,
        label_at,
        newest as answer_1
    from (
        select
            *,
            max(known_row) over (
                partition by key_1, lost
                order by happens_at nulls first, is_label
                rows between unbounded preceding and current row
            ) as newest
        from orders_timeline
    ) as rows_and_labels
    where is_label
),

customers_timeline as (
    select
        customer_id as key_1,
        0 as lost,
        changed_at + interval '1 hour' as happens_at,
        false as is_label,
        struct(
            changed_at as event_at,
            segment,
            changed_at + interval '1 hour' as available_at
        ) as known_row,
        null as label_row,
        null as label_at,
        null as answer_1
    from `main`.`shop`.`customers`
    where
        changed_at is not null
        and customer_id is not null
    union all
    select
        label_row.customer_id as key_1,
        case
            when label_row.customer_id is null or label_at is null
                then 1 + pmod(hash(label_at, label_row.customer_id, label_at), 4096)
            else 0
        end as lost,
        label_at as happens_at,
        true as is_label,
        null as known_row,
        label_row,
        label_at,
        answer_1
    from orders_answers
),

customers_answers as (
    select
        label_row,
        label_at,
        answer_1,
        newest as answer_2
    from (
        select
            *,
            max(known_row) over (
                partition by key_1, lost
                order by happens_at nulls first, is_label
                rows between unbounded preceding and current row
            ) as newest
        from customers_timeline
    ) as rows_and_labels
    where is_label
)

select
    label_row.*,
    case when label_at <= answer_1.expires_at then answer_1.amount end as amount,
    answer_2.segment
from customers_answers
