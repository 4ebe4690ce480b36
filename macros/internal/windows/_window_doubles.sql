{#- Doubles on DuckDB, which has no number that holds all of them: nothing is subtracted, and nothing drifts. -#}

{% macro _double_sum(plan, window, payload, name) -%}
    {#- The sum of doubles in a window. -#}
    {%- set values = [] -%}
    {%- set parts = feature_warehouse._window_parts(plan, window, [('sum', payload)], name) -%}
    {%- for part in parts -%}
        {%- do values.append('coalesce(' ~ part[0] ~ ', 0)') -%}
    {%- endfor -%}
    {{ return(
        parts[0][0] if parts | length == 1
        else '(\n            ' ~ values | join('\n            + ') ~ '\n        )'
    ) }}
{%- endmacro %}


{#- The square of a double beyond 1e154 is infinite, and that of one below 1e-162 is 0. So the deviation is
    taken three times, and once is right: as it is, of what is tiny enlarged, and of all made smaller. -#}
{% macro _double_deviation(plan, window, payload, n) -%}
    {%- set name = feature_warehouse._bare_name(payload) -%}
    {%- set text = plan.payloads[payload] -%}
    {%- set size = feature_warehouse._payload(plan, 'abs(' ~ text ~ ')', none, name ~ '_size') -%}
    {%- set tiny = feature_warehouse._payload(
        plan, 'case when abs(' ~ text ~ ') < 1e-100 then ' ~ text ~ ' * 1e200 end', none, name ~ '_tiny'
    ) -%}
    {%- set large = feature_warehouse._payload(plan, text ~ ' * 1e-200', none, name ~ '_large') -%}
    {%- set greatest = feature_warehouse._extreme(plan, window, 'max', size, name ~ '_size') -%}
    {{ return(
        'case\n            when ' ~ greatest ~ ' < 1e-100\n                then '
        ~ feature_warehouse._plain_deviation(plan, window, tiny, n) ~ ' / 1e200\n            when ' ~ greatest
        ~ ' > 1e150\n                then ' ~ feature_warehouse._plain_deviation(plan, window, large, n)
        ~ ' * 1e200\n            else ' ~ feature_warehouse._plain_deviation(plan, window, payload, n)
        ~ '\n        end'
    ) }}
{%- endmacro %}


{#- Parts of a sample are put together by their counts, means and variances: no difference of large sums.
    T. F. Chan, G. H. Golub, R. J. LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances, Stanford, 1979. -#}
{% macro _plain_deviation(plan, window, payload, n) -%}
    {%- set name = feature_warehouse._bare_name(payload) -%}
    {%- if not feature_warehouse._in_blocks(plan, window) -%}
        {%- set parts = feature_warehouse._window_parts(plan, window, [('stddev_samp', payload)], name) -%}
        {{ return(parts[0][0]) }}
    {%- endif -%}
    {%- set parts = feature_warehouse._window_parts(
        plan, window, [('count', payload), ('avg', payload), ('var_pop', payload)], name
    ) -%}
    {%- set sums = [] -%}
    {%- for count, mean, variance in parts -%}
        {%- do sums.append('coalesce(' ~ count ~ ' * ' ~ mean ~ ', 0)') -%}
    {%- endfor -%}
    {%- set mean_of_all = '((' ~ sums | join(' + ') ~ ') / ' ~ n ~ ')' -%}
    {%- set squares = [] -%}
    {%- for count, mean, variance in parts -%}
        {%- do squares.append(
            'coalesce(\n                ' ~ count ~ ' * (' ~ variance ~ ' + power(\n                    ' ~ mean
            ~ '\n                    - ' ~ mean_of_all ~ ',\n                    2\n                )),'
            ~ '\n                0\n            )'
        ) -%}
    {%- endfor -%}
    {{ return(
        'case when ' ~ n ~ ' > 1 then sqrt((\n            ' ~ squares | join('\n            + ')
        ~ '\n        ) / (' ~ n ~ ' - 1)) end'
    ) }}
{%- endmacro %}
