with events as (
    select
        customer_id,
        start,
        amount,
        status,
        greatest(ordered_at, loaded_at) as known_at,
        ordered_at as event_at
    from `main`.`shop`.`orders`
    where
        customer_id is not null
        and (ordered_at) is not null
        and (greatest(ordered_at, loaded_at)) is not null
),

ranked_events as (
    select
        *,
        named_struct(
            'rank', row_number() over (
                        partition by customer_id
                        order by event_at, status nulls first
                    ),
            'value', status
        ) as status_ranked
    from events
),

changes as (
    select
        customer_id,
        known_at as changed_at,
        'in' as change,
        start,
        amount,
        status_ranked,
        timestamp_micros(unix_micros(known_at) - pmod(unix_micros(known_at), 604800000000))
            >= timestamp_micros(
    unix_micros(event_at + interval '168 hours') - pmod(unix_micros(event_at + interval '168 hours'), 604800000000)
) as is_late_7d,
        event_at
    from ranked_events
    where known_at < event_at + interval '168 hours'
    union all
    select
        customer_id,
        event_at + interval '168 hours' as changed_at,
        'out_7d' as change,
        start,
        amount,
        status_ranked,
        timestamp_micros(unix_micros(known_at) - pmod(unix_micros(known_at), 604800000000))
            >= timestamp_micros(
    unix_micros(event_at + interval '168 hours') - pmod(unix_micros(event_at + interval '168 hours'), 604800000000)
) as is_late_7d,
        event_at
    from ranked_events
    where known_at < event_at + interval '168 hours'
),

states as (
    select
        customer_id,
        changed_at,
        count(
                case
                    when change = 'in' and changed_at < event_at + interval '168 hours'
                        then 1
                end
            ) over known
            - count(case when change = 'out_7d' then 1 end) over known as events_7d,
        count(
                case
                    when change = 'in' and changed_at < event_at + interval '168 hours'
                        then start
                end
            ) over known
            - count(case when change = 'out_7d' then start end) over known as start_count_7d,
        sum(
                case
                    when change = 'in' and changed_at < event_at + interval '168 hours'
                        then start
                end
            ) over known
            - coalesce(sum(case when change = 'out_7d' then start end) over known, 0)
            as start_sum_7d,
        max(
                case
                    when change = 'in' and not is_late_7d
                        then amount
                end
            ) over block_7d_up as amount_max_7d_up,
        max(
                case
                    when change = 'out_7d' and not is_late_7d
                        then amount
                end
            ) over block_7d_down as amount_max_7d_down,
        max(
                case
                    when change = 'in' and not is_late_7d
                        then status_ranked
                end
            ) over block_7d_up as status_max_7d_up,
        max(
                case
                    when change = 'out_7d' and not is_late_7d
                        then status_ranked
                end
            ) over block_7d_down as status_max_7d_down,
        coalesce(lead(changed_at) over known <> changed_at, true) as is_last
    from changes
    window
        known as (partition by customer_id order by changed_at),
        block_7d_up as (
            partition by
                customer_id,
                timestamp_micros(unix_micros(changed_at) - pmod(unix_micros(changed_at), 604800000000))
            order by changed_at
        ),
        block_7d_down as (
            partition by
                customer_id,
                timestamp_micros(unix_micros(changed_at) - pmod(unix_micros(changed_at), 604800000000))
            order by changed_at desc
            range between unbounded preceding and interval '1 microsecond' preceding
        )
),

late_7d as (
    select
        states.customer_id,
        states.changed_at,
        max(events.amount) as amount_max_7d_inner,
        max(events.status_ranked) as status_max_7d_inner
    from states
    inner join ranked_events as events
        on
            states.customer_id = events.customer_id
            and states.changed_at >= known_at
            and states.changed_at < event_at + interval '168 hours'
    where
        states.is_last
        and timestamp_micros(unix_micros(known_at) - pmod(unix_micros(known_at), 604800000000))
            >= timestamp_micros(
    unix_micros(event_at + interval '168 hours') - pmod(unix_micros(event_at + interval '168 hours'), 604800000000)
)
    group by 1, 2
)

select
    states.customer_id,
    states.changed_at,
    events_7d as count_7d,
    cast(
        case when start_count_7d > 0 then start_sum_7d end as numeric(38,2)
    ) as start_sum_7d,
    greatest(amount_max_7d_up, amount_max_7d_down, amount_max_7d_inner) as amount_max_7d,
    (greatest(status_max_7d_up, status_max_7d_down, status_max_7d_inner)).value as status_last_7d
from states
left join late_7d
    on
        states.customer_id = late_7d.customer_id
        and states.changed_at = late_7d.changed_at
where states.is_last
