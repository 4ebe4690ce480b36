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
            plan, aggregate, adapter.dispatch('_bytewise_extreme', 'feature_warehouse')(
                aggregate.expression, type
            )
        ) -%}
        {{ return(feature_warehouse._cast_if_exact(
            feature_warehouse._extreme(plan, window, function, payload, payload.strip('"')), type
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
    {%- endif -%}
    {{ return(adapter.dispatch('_number_value', 'feature_warehouse')(plan, aggregate, window, type)) }}
{%- endmacro %}


{% macro _named_payload(plan, aggregate, text, ending='') -%}
    {#- The column of `events` that an aggregate looks at, by the name of what it is. -#}
    {%- set plain = aggregate.column and not aggregate.where and (ending or text == aggregate.expression) -%}
    {{ return(feature_warehouse._payload(
        plan, text, aggregate.where, (aggregate.column if plain else aggregate.stem) ~ ending
    )) }}
{%- endmacro %}


{% macro _number_of(plan, window, payload) -%}
    {{ return(feature_warehouse._tally(
        plan, window, 'count', payload, payload, payload.strip('"') ~ '_count'
    )) }}
{%- endmacro %}


{% macro _sum_of(plan, window, payload) -%}
    {{ return(feature_warehouse._tally(
        plan, window, 'sum', payload, payload, payload.strip('"') ~ '_sum'
    )) }}
{%- endmacro %}


{% macro _mean(n, sum) -%}
    {{ return(feature_warehouse._joined(
        ['cast(' ~ sum ~ ' as double precision)', '/ nullif(' ~ n ~ ', 0)'], 8, 60
    )) }}
{%- endmacro %}


{% macro _cast_if_exact(expression, type) -%}
    {#- A function's result has no such thing as the (6, 2) of a decimal on PostgreSQL, and a citext is
        compared as a text. -#}
    {%- set exact = '(' in (type or '') or (type or '') | lower | trim == 'citext' -%}
    {{ return('cast(' ~ expression ~ ' as ' ~ type ~ ')' if exact else expression) }}
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
        {%- set tie_type = plan.types.get((plan.tie_breaker or '').strip('"')) -%}
        {%- for sorted in (feature_warehouse._sort_keys(plan.tie, tie_type) if plan.tie_breaker else [])
            + feature_warehouse._sort_keys(value, type) -%}
            {%- do order.append(sorted ~ ' nulls first') -%}
        {%- endfor -%}
        {%- do plan.ranked.update({key: {
            'name': feature_warehouse._taken_name(plan, value.strip('"') ~ '_ranked'),
            'value': value,
            'type': (type or '') | lower | trim,
            'condition': condition,
            'order': order,
        }}) -%}
    {%- endif -%}
    {%- set ranked = plan.ranked[key] -%}
    {%- set state = feature_warehouse._extreme(
        plan, window, 'min' if aggregate.function == 'first' else 'max', ranked.name,
        ranked.name.strip('"')[:-7]
    ) -%}
    {{ return(adapter.dispatch('_unranked', 'feature_warehouse')(
        state, type | lower | trim if type else none
    )) }}
{%- endmacro %}


{#- PostgreSQL has no aggregate that takes the value from one column and the order from another, in a
    window: a text of both does it, for what a type writes it reads again. -#}
{% macro default___ranked(rank, value, type) -%}
    {{ return("lpad(cast(" ~ rank ~ " as text), 19, '0')\n            || coalesce(':' || cast("
        ~ value ~ " as text), '') collate \"C\"") }}
{%- endmacro %}


{% macro default___unranked(state, type) -%}
    {%- set value = feature_warehouse._joined(
        ['case when length(' ~ state ~ ') > 19', 'then substr(' ~ state ~ ', 21)', 'end'], 12
    ) -%}
    {{ return('cast(\n        ' ~ value ~ ' as ' ~ type ~ '\n    )' if type else value) }}
{%- endmacro %}


{#- A value within a struct is kept as it sorts, and so loses what its order does not tell: that a zero is
    negative, that 30 days are not a month. -#}
{% macro duckdb___ranked(rank, value, type) -%}
    {%- set kept = {'double': 'bit', 'interval': 'text'}.get(feature_warehouse._number_class(type) or type) -%}
    {{ return("{\n            'rank': " ~ rank ~ ",\n            'value': "
        ~ ('cast(' ~ value ~ ' as ' ~ kept ~ ')' if kept else value) ~ '\n        }') }}
{%- endmacro %}


{% macro duckdb___unranked(state, type) -%}
    {%- set value = '(' ~ state ~ ').value' -%}
    {{ return(
        'cast(' ~ value ~ ' as ' ~ type ~ ')'
        if type == 'interval' or feature_warehouse._number_class(type) == 'double' else value
    ) }}
{%- endmacro %}


{% macro default___bytewise_extreme(column, type) -%}
    {{ return(feature_warehouse._bytewise(column, type)) }}
{%- endmacro %}


{#- DuckDB would keep the collation as the column's, and compare it with no column of another. -#}
{% macro duckdb___bytewise_extreme(column, type) -%}
    {{ return(column) }}
{%- endmacro %}
