{#- What an aggregate looks at, and how many and how much that is in a window. -#}

{% macro _named_payload(plan, aggregate, text, ending='') -%}
    {#- The column of `events` that an aggregate looks at, by the name of what it is. -#}
    {%- set plain = aggregate.column and not aggregate.where and (ending or text == aggregate.expression) -%}
    {{ return(feature_warehouse._payload(
        plan, text, aggregate.where, (aggregate.column if plain else aggregate.stem) ~ ending
    )) }}
{%- endmacro %}


{% macro _number_of(plan, window, payload) -%}
    {#- How many values there are in a window. -#}
    {{ return(feature_warehouse._tally(
        plan, window, 'count', payload, payload, feature_warehouse._bare_name(payload) ~ '_count'
    )) }}
{%- endmacro %}


{% macro _sum_of(plan, window, payload) -%}
    {#- The sum of exact numbers in a window. -#}
    {{ return(feature_warehouse._tally(
        plan, window, 'sum', payload, payload, feature_warehouse._bare_name(payload) ~ '_sum'
    )) }}
{%- endmacro %}


{% macro _squares_of(plan, window, payload) -%}
    {#- The sum of their squares. -#}
    {{ return(feature_warehouse._tally(
        plan, window, 'sum', payload, payload ~ ' * ' ~ payload, feature_warehouse._bare_name(payload) ~ '_squares'
    )) }}
{%- endmacro %}


{% macro _mean(n, sum) -%}
    {#- The mean of exact numbers. -#}
    {{ return(feature_warehouse._joined(
        [feature_warehouse._as_double(sum), '/ nullif(' ~ n ~ ', 0)'], 8, 60
    )) }}
{%- endmacro %}


{% macro _cast_if_exact(expression, type) -%}
    {#- A function's result has no such thing as the (6, 2) of a decimal on PostgreSQL, and a citext is
        compared as a text. -#}
    {%- set exact = '(' in (type or '') or (type or '') | lower | trim == 'citext' -%}
    {{ return('cast(' ~ expression ~ ' as ' ~ type ~ ')' if exact else expression) }}
{%- endmacro %}
