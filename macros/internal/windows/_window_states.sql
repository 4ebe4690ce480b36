{#- What each aggregate keeps of the events in its window, and how its value follows from that. -#}

{% macro _window_value(plan, feature) -%}
    {#- The expression of a feature in terms of `states`. -#}
    {%- set aggregate = feature.aggregate -%}
    {%- set window = feature.window -%}
    {%- set function = aggregate.function -%}
    {%- set type = aggregate.type or plan.types.get(aggregate.column) -%}
    {%- if function == 'count_distinct' -%}
        {{ return(feature_warehouse._distinct_value(plan, aggregate, window)) }}
    {%- elif function in ('first', 'last') -%}
        {{ return(feature_warehouse._ranked_value(plan, aggregate, window, type)) }}
    {%- elif function in ('min', 'max') -%}
        {%- set payload = feature_warehouse._named_payload(
            plan, aggregate, feature_warehouse._bytewise_extreme(
                aggregate.expression, type
            )
        ) -%}
        {{ return(feature_warehouse._cast_if_exact(
            feature_warehouse._extreme(plan, window, function, payload, feature_warehouse._bare_name(payload)), type
        )) }}
    {%- elif function == 'share' -%}
        {%- set payload = feature_warehouse._named_payload(
            plan, aggregate, 'case when ' ~ aggregate.expression ~ ' then 1 when not '
            ~ aggregate.expression ~ ' then 0 end'
        ) -%}
        {{ return(feature_warehouse._mean(
            feature_warehouse._number_of(plan, window, payload),
            feature_warehouse._sum_of(plan, window, payload)
        )) }}
    {%- elif function == 'count' -%}
        {%- set all_rows = aggregate.expression == '*' and not aggregate.where -%}
        {{ return(
            feature_warehouse._tally(plan, window, 'count', '*', '*', 'events') if all_rows
            else feature_warehouse._number_of(
                plan, window, feature_warehouse._named_payload(plan, aggregate, aggregate.expression)
            )
        ) }}
    {%- elif function not in ('sum', 'avg', 'stddev') -%}
        {{ feature_warehouse._fail('window_features()', ["nothing computes the aggregate '" ~ function ~ "'"]) }}
    {%- endif -%}
    {{ return(
        feature_warehouse._value_of_any(plan, aggregate, window, type)
        if feature_warehouse._can('unlimited_numeric')
        else feature_warehouse._value_or_double(plan, aggregate, window, type)
    ) }}
{%- endmacro %}


{% macro _ranked_value(plan, aggregate, window, type) -%}
    {#- The first and the last event in order, with its value, NULL too: rank and value as one. -#}
    {%- set value = feature_warehouse._payload(
        plan, aggregate.expression, none, aggregate.column or aggregate.stem
    ) -%}
    {%- set ranked = none -%}
    {%- set key = value ~ ' ' ~ (aggregate.where or '') -%}
    {%- if key not in plan.ranked -%}
        {%- set condition = feature_warehouse._payload(
            plan, '*', aggregate.where, aggregate.stem ~ '_counts'
        ) if aggregate.where else none -%}
        {%- set order = [plan.event_at] -%}
        {%- set tie_type = plan.types.get(feature_warehouse._bare_name(plan.tie_breaker or '')) -%}
        {%- for sorted in (feature_warehouse._sort_keys(plan.tie, tie_type) if plan.tie_breaker else [])
            + feature_warehouse._sort_keys(value, type) -%}
            {%- do order.append(sorted ~ ' nulls first') -%}
        {%- endfor -%}
        {%- do plan.ranked.update({key: {
            'name': feature_warehouse._taken_name(plan, feature_warehouse._bare_name(value) ~ '_ranked'),
            'value': value,
            'type': (type or '') | lower | trim,
            'condition': condition,
            'order': order,
        }}) -%}
    {%- endif -%}
    {%- set ranked = plan.ranked[key] -%}
    {%- set state = feature_warehouse._extreme(
        plan, window, 'min' if aggregate.function == 'first' else 'max', ranked.name,
        feature_warehouse._bare_name(ranked.name)[:-7]
    ) -%}
    {{ return(feature_warehouse._unranked(
        state, type | lower | trim if type else none
    )) }}
{%- endmacro %}
