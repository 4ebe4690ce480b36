{#- What each aggregate keeps of the events in its window, and how its value follows from that. -#}

{% macro _window_value(plan, feature) -%}
    {#- The expression of a feature in terms of `states`. -#}
    {%- set aggregate = feature.aggregate -%}
    {%- set window = feature.window -%}
    {%- set function = aggregate.function -%}
    {%- set type = aggregate.type or plan.types.get(aggregate.column) -%}
    {%- set class = feature_warehouse._number_class(type) -%}
    {%- if function == 'count_distinct' -%}
        {{ return(feature_warehouse._distinct_value(plan, aggregate, window)) }}
    {%- elif function in ('first', 'last') -%}
        {{ return(feature_warehouse._ranked_value(plan, aggregate, window, type)) }}
    {%- elif function == 'share' -%}
        {%- set text = 'case when ' ~ aggregate.expression ~ ' then 1 when not ' ~ aggregate.expression
            ~ ' then 0 end' -%}
        {%- set type, class = 'integer', 'small' -%}
    {%- elif function == 'stddev' -%}
        {%- set scale = feature_warehouse._square_scale(type) -%}
        {%- set class = 'double' if scale is none else 'small' -%}
        {%- set text = feature_warehouse._square_text(aggregate.expression, type, scale) -%}
    {%- elif function in ('sum', 'avg') and class == 'double' and type | lower | trim not in (
        'double precision', 'double', 'float8'
    ) -%}
        {%- set text = 'cast(' ~ aggregate.expression ~ ' as double precision)' -%}
    {%- elif function in ('min', 'max') -%}
        {%- set text = adapter.dispatch('_bytewise', 'feature_warehouse')(
            aggregate.expression, (type or '') | lower
        ) -%}
    {%- endif -%}
    {%- set text = text or aggregate.expression -%}
    {%- set plain = aggregate.column and not aggregate.where and text == aggregate.expression -%}
    {%- set name = aggregate.column if plain else aggregate.stem -%}
    {%- set payload = '*' if text == '*' and not aggregate.where else feature_warehouse._payload(
        plan, text, aggregate.where, name
    ) -%}
    {%- set name = aggregate.stem if payload == '*' else payload.strip('"') -%}
    {%- if function in ('min', 'max') -%}
        {{ return(feature_warehouse._cast_if_exact(
            feature_warehouse._extreme(plan, window, function, payload, name), type
        )) }}
    {%- endif -%}
    {%- set n = feature_warehouse._tally(
        plan, window, 'count', payload, payload, 'events' if payload == '*' else name ~ '_count'
    ) -%}
    {%- if function == 'count' -%}
        {{ return(n) }}
    {%- elif function == 'stddev' -%}
        {{ return(feature_warehouse._deviation(plan, window, payload, name, n, class, scale)) }}
    {%- endif -%}
    {%- set sum = feature_warehouse._tally(
        plan, window, 'sum', payload, payload, name ~ '_sum'
    ) if class != 'double' else feature_warehouse._double_sum(plan, window, payload, name) -%}
    {%- if function == 'sum' -%}
        {%- set value = feature_warehouse._joined(
            ['case when ' ~ n ~ ' > 0', 'then ' ~ sum, 'end'], 8, 60
        ) -%}
        {{ return(value if class == 'double' or not type else 'cast(\n        ' ~ value ~ ' as '
            ~ feature_warehouse._sum_type(type) ~ '\n    )') }}
    {%- endif -%}
    {%- set value = sum if class == 'double' else 'cast(' ~ sum ~ ' as double precision)' -%}
    {{ return(feature_warehouse._joined([value, '/ nullif(' ~ n ~ ', 0)'], 8, 60)) }}
{%- endmacro %}


{% macro _cast_if_exact(expression, type) -%}
    {#- A function's result has no such thing as the (6, 2) of a decimal on PostgreSQL. -#}
    {{ return('cast(' ~ expression ~ ' as ' ~ type ~ ')' if '(' in (type or '') else expression) }}
{%- endmacro %}


{% macro _square_scale(type) -%}
    {#- Digits after the point of numbers whose squares add up exactly in 128 bits, none for others. -#}
    {%- set class = feature_warehouse._number_class(type) -%}
    {%- set decimal = modules.re.search('\\(\\s*(\\d+)\\s*(?:,\\s*(\\d+)\\s*)?\\)', type or '') -%}
    {%- if class == 'small' -%}
        {{ return(0) }}
    {%- elif class == 'exact' and decimal and decimal.group(1) | int <= 9 -%}
        {{ return((decimal.group(2) or 0) | int) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _square_text(expression, type, scale) -%}
    {%- if scale is none -%}
        {{ return(
            expression if type | lower | trim in ('double precision', 'double', 'float8')
            else 'cast(' ~ expression ~ ' as double precision)'
        ) }}
    {%- endif -%}
    {{ return(
        'cast(' ~ expression ~ (' * ' ~ 10 ** scale if scale else '') ~ ' as bigint)'
    ) }}
{%- endmacro %}


{% macro _deviation(plan, window, payload, name, n, class, scale) -%}
    {#- The sample's: of exact numbers by their exact sum and sum of squares. -#}
    {%- if class == 'double' -%}
        {{ return(feature_warehouse._double_deviation(plan, window, payload, name, n)) }}
    {%- endif -%}
    {%- set sum = feature_warehouse._tally(
        plan, window, 'sum', payload, payload, name ~ '_sum'
    ) -%}
    {%- set squares = feature_warehouse._tally(
        plan, window, 'sum', payload, payload ~ ' * ' ~ payload, name ~ '_squares'
    ) -%}
    {{ return(
        'case when ' ~ n ~ ' > 1 then sqrt(\n        cast(' ~ feature_warehouse._joined(
            [n ~ ' * ' ~ squares, '- ' ~ sum ~ ' * ' ~ sum, 'as double precision'], 12
        ) ~ ')\n        / ' ~ feature_warehouse._joined(
            ['(cast(' ~ n ~ ' as double precision)', '* (' ~ n ~ ' - 1))'], 12
        ) ~ '\n    )'
        ~ (' / ' ~ 10 ** scale if scale else '') ~ ' end'
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
        {%- do plan.ranked.update({key: {
            'name': feature_warehouse._taken_name(plan, value.strip('"') ~ '_ranked'),
            'value': value,
            'condition': condition,
            'order': [plan.event_at] + ([plan.tie ~ ' nulls first'] if plan.tie_breaker else []) + [
                adapter.dispatch('_bytewise', 'feature_warehouse')(value, (type or '') | lower)
                ~ ' nulls first'
            ],
        }}) -%}
    {%- endif -%}
    {%- set ranked = plan.ranked[key] -%}
    {%- set state = feature_warehouse._extreme(
        plan, window, 'min' if aggregate.function == 'first' else 'max', ranked.name,
        ranked.name.strip('"')[:-7]
    ) -%}
    {{ return(adapter.dispatch('_unranked', 'feature_warehouse')(state, type)) }}
{%- endmacro %}


{#- PostgreSQL has no aggregate that takes the value from one column and the order from another, in a
    window: a text of both does it, for what a type writes it reads again. -#}
{% macro default___ranked(rank, value) -%}
    {{ return("lpad(cast(" ~ rank ~ " as text), 19, '0')\n            || coalesce(':' || cast("
        ~ value ~ " as text), '') collate \"C\"") }}
{%- endmacro %}


{% macro default___unranked(state, type) -%}
    {%- set value = feature_warehouse._joined(
        ['case when length(' ~ state ~ ') > 19', 'then substr(' ~ state ~ ', 21)', 'end'], 12
    ) -%}
    {{ return('cast(\n        ' ~ value ~ ' as ' ~ type ~ '\n    )' if type else value) }}
{%- endmacro %}


{% macro duckdb___ranked(rank, value) -%}
    {{ return("{\n            'rank': " ~ rank ~ ",\n            'value': " ~ value ~ '\n        }') }}
{%- endmacro %}


{% macro duckdb___unranked(state, type) -%}
    {{ return('(' ~ state ~ ').value') }}
{%- endmacro %}
