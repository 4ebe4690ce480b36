{#- Sums, means and deviations of numbers that add up exactly, and of which all are finite. -#}

{% macro _exact_value(plan, aggregate, window, type) -%}
    {#- Sum, mean or deviation of exact numbers, all of them finite. -#}
    {%- if aggregate.function == 'stddev' -%}
        {{ return(feature_warehouse._exact_deviation(plan, aggregate, window, type)) }}
    {%- endif -%}
    {%- set payload = feature_warehouse._named_payload(
        plan, aggregate, feature_warehouse._summand(aggregate.expression, type)
    ) -%}
    {%- set n = feature_warehouse._number_of(plan, window, payload) -%}
    {%- set sum = feature_warehouse._sum_of(plan, window, payload) -%}
    {%- if aggregate.function == 'avg' -%}
        {{ return(feature_warehouse._mean(n, sum)) }}
    {%- endif -%}
    {%- set value = feature_warehouse._joined(['case when ' ~ n ~ ' > 0', 'then ' ~ sum, 'end'], 8, 60) -%}
    {{ return(
        'cast(\n        ' ~ value ~ ' as ' ~ feature_warehouse._sum_type(type) ~ '\n    )' if type else value
    ) }}
{%- endmacro %}


{% macro _exact_deviation(plan, aggregate, window, type) -%}
    {#- The sample's, by the exact sum and sum of squares; of decimals as whole numbers. -#}
    {%- set scale = (feature_warehouse._digits(type) or (0, 0))[1] -%}
    {%- set payload = feature_warehouse._named_payload(
        plan, aggregate, 'cast(' ~ aggregate.expression ~ (' * 1' ~ '0' * scale if scale else '') ~ ' as '
        ~ feature_warehouse._square_type(type | lower | trim) ~ ')'
    ) -%}
    {%- set n = feature_warehouse._number_of(plan, window, payload) -%}
    {%- set sum = feature_warehouse._sum_of(plan, window, payload) -%}
    {%- set squares = feature_warehouse._squares_of(plan, window, payload) -%}
    {{ return(
        'case when ' ~ n ~ ' > 1 then sqrt(\n        cast(' ~ feature_warehouse._joined(
            [n ~ ' * ' ~ squares, '- ' ~ sum ~ ' * ' ~ sum, 'as ' ~ feature_warehouse._number_types().double], 12
        ) ~ ')\n        / ' ~ feature_warehouse._joined(
            ['(' ~ feature_warehouse._as_double(n), '* (' ~ n ~ ' - 1))'], 12
        ) ~ '\n    )'
        ~ (' / 1' ~ '0' * scale if scale else '') ~ ' end'
    ) }}
{%- endmacro %}
