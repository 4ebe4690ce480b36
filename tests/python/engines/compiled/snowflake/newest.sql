select * from (
    select
        customer_id,
        ordered_at,
        loaded_at,
        amount,
        status,
        "START"
    from (
        select
            *,
            row_number() over (
                partition by customer_id
                order by
                    ordered_at desc,
                    loaded_at desc nulls last,
                    amount desc nulls last,
                    cast(amount as varchar) <> '-0' desc nulls last,
                    status collate 'utf8' desc nulls last,
                    "START" desc nulls last,
                    ordered_at desc nulls last,
                    loaded_at desc nulls last
            ) as choice
        from MAIN.SHOP.orders
        where
            ordered_at is not null
            and customer_id is not null
            and greatest_ignore_nulls(ordered_at, loaded_at) <= sysdate()
    ) as available_rows
    where
        choice = 1
) as newest
