with events as (
    select
        customer_id,
        "START",
        amount,
        status,
        greatest_ignore_nulls(ordered_at, loaded_at) as known_at,
        ordered_at as event_at
    from MAIN.SHOP.orders
    where
        customer_id is not null
        and (ordered_at) is not null
        and (greatest_ignore_nulls(ordered_at, loaded_at)) is not null
),

ranked_events as (
    select
        *,
        lpad(cast(row_number() over (
                        partition by customer_id
                        order by event_at, status collate 'utf8' nulls first
                    ) as varchar), 19, '0')
            || coalesce(':' || cast(status as varchar), '') as status_ranked
    from events
),

changes as (
    select
        customer_id,
        known_at as changed_at,
        'in' as change,
        "START",
        amount,
        status_ranked,
        timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, known_at), 604800000000000) + 604800000000000, 604800000000000),
                    known_at)
            >= timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, event_at + interval '168 hours'), 604800000000000) + 604800000000000, 604800000000000),
                    event_at + interval '168 hours') as is_late_7d,
        event_at
    from ranked_events
    where known_at < event_at + interval '168 hours'
    union all
    select
        customer_id,
        event_at + interval '168 hours' as changed_at,
        'out_7d' as change,
        "START",
        amount,
        status_ranked,
        timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, known_at), 604800000000000) + 604800000000000, 604800000000000),
                    known_at)
            >= timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, event_at + interval '168 hours'), 604800000000000) + 604800000000000, 604800000000000),
                    event_at + interval '168 hours') as is_late_7d,
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
            ) over (partition by customer_id order by changed_at)
            - count(
                case
                    when change = 'out_7d'
                        then 1
                end
            ) over (partition by customer_id order by changed_at) as events_7d,
        count(
                case
                    when change = 'in' and changed_at < event_at + interval '168 hours'
                        then "START"
                end
            ) over (partition by customer_id order by changed_at)
            - count(
                case
                    when change = 'out_7d'
                        then "START"
                end
            ) over (partition by customer_id order by changed_at) as "START_count_7d",
        sum(
                case
                    when change = 'in' and changed_at < event_at + interval '168 hours'
                        then "START"
                end
            ) over (partition by customer_id order by changed_at)
            - coalesce(sum(
                case
                    when change = 'out_7d'
                        then "START"
                end
            ) over (partition by customer_id order by changed_at), 0) as "START_sum_7d",
        max(
                case
                    when change = 'in' and not is_late_7d
                        then amount
                end
            ) over (
            partition by
                customer_id,
                timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, changed_at), 604800000000000) + 604800000000000, 604800000000000),
                    changed_at)
            order by changed_at
        ) as amount_max_7d_up,
        max(
                case
                    when change = 'out_7d' and not is_late_7d
                        then amount
                end
            ) over (
            partition by
                customer_id,
                timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, changed_at), 604800000000000) + 604800000000000, 604800000000000),
                    changed_at)
            order by changed_at desc
            range between unbounded preceding and interval '1 nanosecond' preceding
        ) as amount_max_7d_down,
        max(
                case
                    when change = 'in' and not is_late_7d
                        then status_ranked
                end
            ) over (
            partition by
                customer_id,
                timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, changed_at), 604800000000000) + 604800000000000, 604800000000000),
                    changed_at)
            order by changed_at
        ) as status_max_7d_up,
        max(
                case
                    when change = 'out_7d' and not is_late_7d
                        then status_ranked
                end
            ) over (
            partition by
                customer_id,
                timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, changed_at), 604800000000000) + 604800000000000, 604800000000000),
                    changed_at)
            order by changed_at desc
            range between unbounded preceding and interval '1 nanosecond' preceding
        ) as status_max_7d_down,
        coalesce(lead(changed_at) over (partition by customer_id order by changed_at) <> changed_at, true) as is_last
    from changes
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
        and timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, known_at), 604800000000000) + 604800000000000, 604800000000000),
                    known_at)
            >= timestampadd(
                    nanosecond,
                    -mod(mod(date_part(epoch_nanosecond, event_at + interval '168 hours'), 604800000000000) + 604800000000000, 604800000000000),
                    event_at + interval '168 hours')
    group by 1, 2
)

select
    states.customer_id,
    states.changed_at,
    events_7d as count_7d,
    cast(
        case when "START_count_7d" > 0 then "START_sum_7d" end as numeric(38,2)
    ) as start_sum_7d,
    greatest_ignore_nulls(amount_max_7d_up, amount_max_7d_down, amount_max_7d_inner)
        as amount_max_7d,
    cast(
        case when length(greatest_ignore_nulls(status_max_7d_up, status_max_7d_down, status_max_7d_inner)) > 19
            then substr(greatest_ignore_nulls(status_max_7d_up, status_max_7d_down, status_max_7d_inner), 21)
            end as string
    ) as status_last_7d
from states
left join late_7d
    on
        states.customer_id = late_7d.customer_id
        and states.changed_at = late_7d.changed_at
where states.is_last
