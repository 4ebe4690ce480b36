{#- Sums, means and deviations. What adds up exactly is counted in and out; what is not finite is counted
    apart, for it could never be taken away again. -#}

{#- Numbers without limits, such as PostgreSQL's, hold any double, so that all of them add up exactly. -#}
{% macro _value_of_any(plan, aggregate, window, type) -%}
    {%- set function = aggregate.function -%}
    {%- set class = feature_warehouse._number_class(type) if type else 'double' -%}
    {%- set digits = feature_warehouse._digits(type) -%}
    {%- set wide = class == 'double' or (class == 'exact' and (
        digits[0] > 38 if digits else type | lower | trim in ('numeric', 'decimal')
    )) -%}
    {%- if not wide and not digits -%}
        {{ return(feature_warehouse._exact_value(plan, aggregate, window, type)) }}
    {%- endif -%}
    {%- set number = aggregate.expression if digits or (type or '') | lower | trim in (
        'numeric', 'decimal', 'double precision', 'float8', 'float'
    ) else feature_warehouse._as_double(aggregate.expression) -%}
    {%- set finite = feature_warehouse._named_payload(
        plan, aggregate, 'case when abs(' ~ number ~ ") < 'Infinity' then "
        ~ ('cast(' ~ feature_warehouse._to_text(number) ~ ' as numeric)' if class == 'double' else number) ~ ' end', '_finite'
    ) -%}
    {%- set kinds = feature_warehouse._unfinite() -%}
    {%- set unfinite = feature_warehouse._named_payload(
        plan, aggregate, 'case ' ~ number ~ " when 'Infinity' then " ~ kinds.positive
        ~ " when '-Infinity' then " ~ kinds.negative ~ " when 'NaN' then " ~ kinds.nan ~ ' end', '_unfinite'
    ) -%}
    {%- set n = feature_warehouse._number_of(plan, window, finite) -%}
    {%- set sum = feature_warehouse._sum_of(plan, window, finite) -%}
    {%- set others = feature_warehouse._sum_of(plan, window, unfinite) -%}
    {%- if function == 'stddev' -%}
        {%- set squares = feature_warehouse._squares_of(plan, window, finite) -%}
        {{ return(feature_warehouse._deviation_of_any(n, sum, squares, others, kinds, wide)) }}
    {%- elif function == 'sum' -%}
        {%- set value = feature_warehouse._clamped_double(sum) if class == 'double' else sum -%}
    {%- elif class == 'double' -%}
        {#- Divided while it is a number without limits: half the least double would be an error. -#}
        {%- set value = 'case when abs(' ~ sum ~ ') < ' ~ n ~ ' * 5e-324 then 0 else '
            ~ feature_warehouse._as_double(sum ~ ' / ' ~ n) ~ ' end' -%}
    {%- elif wide -%}
        {%- set value = feature_warehouse._clamped_double('(' ~ sum ~ ' / ' ~ n ~ ')') -%}
    {%- else -%}
        {%- set value = feature_warehouse._as_double(sum) ~ ' / ' ~ n -%}
    {%- endif -%}
    {%- set value = 'case\n            when ' ~ others ~ ' > 0 then ' ~ feature_warehouse._sum_of_unfinite(
        others, kinds, 'numeric' if function == 'sum' and class != 'double' else feature_warehouse._number_types().double
    )
        ~ '\n            when ' ~ n ~ ' > 0 then ' ~ value ~ '\n        end' -%}
    {{ return(
        'cast(\n        ' ~ value ~ ' as ' ~ feature_warehouse._sum_type(type) ~ '\n    )'
        if function == 'sum' and class != 'double' else value
    ) }}
{%- endmacro %}


{% macro _unfinite() -%}
    {#- One sum tells how many of each kind there are: up to a thousand million. -#}
    {{ return({'positive': 10 ** 0, 'negative': 10 ** 9, 'nan': 10 ** 18}) }}
{%- endmacro %}


{% macro _sum_of_unfinite(others, kinds, type) -%}
    {#- The sum of numbers of which some are not finite. -#}
    {%- set indent = '\n                ' -%}
    {{ return(
        'cast(case' ~ indent ~ 'when ' ~ others ~ ' < ' ~ kinds.negative ~ " then 'Infinity'"
        ~ indent ~ 'when ' ~ others ~ ' < ' ~ kinds.nan ~ ' and mod(' ~ others ~ ', ' ~ kinds.negative
        ~ ") = 0 then '-Infinity'" ~ indent ~ "else 'NaN'\n            end as " ~ type ~ ')'
    ) }}
{%- endmacro %}


{% macro _clamped_double(number) -%}
    {#- What is beyond the doubles is infinite, and what is below them is 0: a cast would be an error. -#}
    {{ return(
        'case\n                when abs(' ~ number ~ ') < 5e-324 then 0\n                when abs(' ~ number
        ~ ') <= 1.7976931348623158e308 then ' ~ feature_warehouse._as_double(number)
        ~ '\n                else sign(' ~ number ~ ') * ' ~ feature_warehouse._as_double("'Infinity'")
        ~ '\n            end'
    ) }}
{%- endmacro %}


{% macro _deviation_of_any(n, sum, squares, others, kinds, wide) -%}
    {#- The sample's standard deviation of numbers of which some may not be finite. -#}
    {%- set spread = '(' ~ n ~ ' * ' ~ squares ~ ' - ' ~ sum ~ ' * ' ~ sum ~ ')' -%}
    {%- set root = 'sqrt(\n                ' ~ feature_warehouse._as_double(spread) ~ '\n                / ('
        ~ feature_warehouse._as_double(n) ~ ' * (' ~ n ~ ' - 1))\n            )' -%}
    {%- if wide -%}
        {%- set variance = '(' ~ spread ~ ' / (' ~ n ~ ' * (' ~ n ~ ' - 1)))' -%}
        {%- set root = 'case\n                when ' ~ spread ~ ' = 0 then 0\n                when ' ~ spread
            ~ ' between 1e-290 and 1e290 then ' ~ root ~ '\n                when ' ~ variance
            ~ ' <= 3.2e616 then ' ~ feature_warehouse._as_double('round(sqrt(' ~ variance ~ '), 323)')
            ~ "\n                else 'Infinity'\n            end" -%}
    {%- endif -%}
    {{ return(
        'case\n            when ' ~ others ~ ' > 0 then case when ' ~ n ~ ' > 0 or ' ~ others ~ ' not in ('
        ~ kinds.values() | join(', ') ~ ') then ' ~ feature_warehouse._as_double("'NaN'")
        ~ ' end\n            when ' ~ n ~ ' > 1 then ' ~ root ~ '\n        end'
    ) }}
{%- endmacro %}


{% macro _value_or_double(plan, aggregate, window, type) -%}
    {#- Its widest numbers have 38 digits: too few for doubles, and for running sums of what is as wide. -#}
    {%- set function = aggregate.function -%}
    {%- set narrow = feature_warehouse._number_class(type) == 'small'
        or (feature_warehouse._digits(type) or (99, 0))[0] <= 9 -%}
    {%- set adds_up = feature_warehouse._number_class(type) in ('small', 'exact')
        and not feature_warehouse._may_overflow(type) -%}
    {%- if (narrow if function == 'stddev' else adds_up or (function == 'sum' and not type)) -%}
        {{ return(feature_warehouse._exact_value(plan, aggregate, window, type)) }}
    {%- endif -%}
    {%- set payload = feature_warehouse._named_payload(
        plan, aggregate, aggregate.expression if type and type | lower | trim in (
            'double precision', 'double', 'float8'
        ) else feature_warehouse._as_double(aggregate.expression)
    ) -%}
    {%- set n = feature_warehouse._number_of(plan, window, payload) -%}
    {%- if function == 'stddev' -%}
        {{ return(feature_warehouse._double_deviation(plan, window, payload, n)) }}
    {%- endif -%}
    {%- set sum = feature_warehouse._double_sum(plan, window, payload, feature_warehouse._bare_name(payload)) -%}
    {{ return(feature_warehouse._joined(
        ['case when ' ~ n ~ ' > 0', 'then ' ~ sum, 'end'] if function == 'sum'
        else [sum, '/ nullif(' ~ n ~ ', 0)'], 8, 60
    )) }}
{%- endmacro %}
