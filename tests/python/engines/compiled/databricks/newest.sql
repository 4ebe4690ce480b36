select * from (
    select
        customer_id,
        ordered_at,
        loaded_at,
        amount,
        status,
        start
    from (
        select
            *,
            row_number() over (
                partition by customer_id
                order by
                    ordered_at desc,
                    loaded_at desc nulls last,
                    amount desc nulls last,
                    cast(amount as string) <> '-0.0' desc nulls last,
                    status desc nulls last,
                    start desc nulls last,
                    ordered_at desc nulls last,
                    loaded_at desc nulls last
            ) as choice
        from `main`.`shop`.`orders`
        where
            ordered_at is not null
            and customer_id is not null
            and greatest(ordered_at, loaded_at) <= current_timestamp()
    ) as available_rows
    where
        choice = 1
) as newest
