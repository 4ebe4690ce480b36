{#- On-demand features as SQL that means the same on every engine. No expression fails: what has no value is NULL. What
    a guard repeats is computed before, as a column of a step. -#}

{% macro _printed_expression(node, context, bare=false) -%}
    {#- The `sql` of a typed tree and its `level`: of which step the columns are that it reads. It is `single` if it
        can be repeated, `wrapped` if it is in parentheses. A `bare` literal stands beside something whose type it takes. -#}
    {%- if node.call == 'name' -%}
        {{ return(context.columns[node.value]) }}
    {%- elif node.call == 'literal' -%}
        {{ return({
            'sql': feature_warehouse._printed_literal(node.value, node.type, bare), 'level': 0, 'single': true
        }) }}
    {%- endif -%}
    {%- set is_operator = node.call in ('+', '-', '*', '/', '=', '<>', '<', '<=', '>', '>=', 'is_distinct') -%}
    {%- set values = [] -%}
    {%- for arg in node.args -%}
        {%- set value = feature_warehouse._printed_expression(
            arg, context, is_operator and node.args[1 - loop.index0].call != 'literal'
        ) -%}
        {%- do values.append(
            feature_warehouse._kept(value, context) if feature_warehouse._is_repeated(node, arg) else value
        ) -%}
    {%- endfor -%}
    {%- if node.call == 'ln' -%}
        {{ return(feature_warehouse._printed_logarithm(values[0], context)) }}
    {%- elif node.call == 'exp' -%}
        {{ return(feature_warehouse._printed_exponential(values[0], context)) }}
    {%- endif -%}
    {%- set sql = feature_warehouse._printed_call(node, values | map(attribute='sql') | list) -%}
    {{ return({
        'sql': sql, 'level': values | map(attribute='level') | max, 'single': false, 'wrapped': sql.startswith('(')
    }) }}
{%- endmacro %}


{% macro _is_repeated(node, arg) -%}
    {#- Whether the SQL of a call names an argument more than once, or is easier to read if it has a name: instants are. -#}
    {%- if node.call in ('+', '-', '*', '/', 'floor', 'ceil', 'abs') and arg.type == 'double' -%}
        {{ return(node.call != 'abs' and not feature_warehouse._is_moderate(arg)) }}
    {%- endif -%}
    {{ return(
        node.call in ('+', '-', '*', 'negative') and node.type == 'integer' or node.call == 'abs' and node.type == 'integer'
        or node.call in ('sign', 'sqrt', 'ln', 'exp') or arg.type == 'timestamp'
    ) }}
{%- endmacro %}


{% macro _printed_call(node, sql) -%}
    {#- The SQL of a call with the SQL of its arguments. -#}
    {%- set call = node.call -%}
    {%- set type = node.args[0].type -%}
    {%- if call in ('+', '-', '*', '/') -%}
        {{ return(
            feature_warehouse._whole_result(sql[0], call, sql[1]) if type == 'integer'
            else feature_warehouse._double_result(node, sql) if type == 'double'
            else '(' ~ sql | join(' ' ~ call ~ ' ') ~ ')'
        ) }}
    {%- elif call == 'negative' -%}
        {{ return(
            feature_warehouse._whole_result('0', '-', sql[0]) if type == 'integer' else '(-' ~ sql[0] ~ ')'
        ) }}
    {%- elif call in ('and', 'or') -%}
        {{ return('(' ~ sql | join(' ' ~ call ~ ' ') ~ ')') }}
    {%- elif call == 'not' -%}
        {{ return('(not ' ~ sql[0] ~ ')') }}
    {%- elif call == 'is_null' -%}
        {{ return('(' ~ sql[0] ~ ' is null)') }}
    {%- elif call in ('=', '<>', '<', '<=', '>', '>=', 'is_distinct') -%}
        {%- set bytes = feature_warehouse._bytewise('', 'text') if type == 'text' else '' -%}
        {{ return(
            '(' ~ sql[0] ~ bytes ~ ' ' ~ ('is distinct from' if call == 'is_distinct' else call) ~ ' ' ~ sql[1] ~ bytes ~ ')'
        ) }}
    {%- elif call == 'case' -%}
        {{ return(feature_warehouse._printed_case(sql)) }}
    {%- elif call == 'coalesce' -%}
        {{ return('coalesce(' ~ sql | join(', ') ~ ')') }}
    {%- elif call == 'least' -%}
        {{ return(feature_warehouse._least(sql | join(', '))) }}
    {%- elif call == 'greatest' -%}
        {{ return(feature_warehouse._greatest(sql | join(', '))) }}
    {%- elif call in ('hour', 'day_of_week', 'month') -%}
        {{ return(
            'cast(extract(' ~ (feature_warehouse._day_of_week() if call == 'day_of_week' else call) ~ ' from ' ~ sql[0] ~ ') as bigint)'
        ) }}
    {%- elif call == 'seconds_between' -%}
        {{ return('(' ~ feature_warehouse._as_double(
            feature_warehouse._epoch_microseconds(sql[1]) ~ ' - ' ~ feature_warehouse._epoch_microseconds(sql[0])
        ) ~ ' / 1e6)') }}
    {%- elif call == 'shift' -%}
        {{ return(feature_warehouse._printed_shift(sql[0], node.value | int)) }}
    {%- elif call == 'double' -%}
        {{ return(
            feature_warehouse._as_double(sql[0]) if type == 'integer' else feature_warehouse._decimal_as_double(sql[0])
        ) }}
    {%- elif call == 'decimal' -%}
        {{ return('cast(' ~ sql[0] ~ ' as decimal(19, 0))' if type == 'integer' else sql[0]) }}
    {%- endif -%}
    {{ return(feature_warehouse._printed_number(call, sql[0], type, feature_warehouse._is_moderate(node.args[0]))) }}
{%- endmacro %}


{% macro _printed_number(call, sql, type, is_moderate) -%}
    {#- Functions of one number. -#}
    {%- if call == 'abs' and type == 'integer' -%}
        {{ return("case when " ~ sql ~ " > cast('-9223372036854775808' as bigint) then abs(" ~ sql ~ ') end') }}
    {%- elif call == 'sign' -%}
        {{ return(
            'cast(case when ' ~ sql ~ ' > 0 then 1 when ' ~ sql ~ ' < 0 then -1 when ' ~ sql ~ ' = 0 then 0 end as bigint)'
        ) }}
    {%- elif call == 'sqrt' -%}
        {{ return('case when ' ~ sql ~ ' between 0 and 1e150 then sqrt(' ~ sql ~ ') end') }}
    {%- elif call == 'abs' -%}
        {{ return('abs(' ~ sql ~ ')') }}
    {%- elif type == 'integer' -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- set result = feature_warehouse._whole_double(call, sql) -%}
    {{ return(result if is_moderate else 'case when abs(' ~ sql ~ ') <= 1e150 then ' ~ result ~ ' end') }}
{%- endmacro %}


{% macro _double_result(node, sql) -%}
    {#- Doubles beyond 1e150 have no sum and no product, those below 1e-150 no product either: so no result is lost,
        which PostgreSQL would not allow and others would say differently. -#}
    {%- set call = node.call -%}
    {%- set conditions = [] -%}
    {%- set divisor = node.args[1] -%}
    {%- for place in range(2) if not feature_warehouse._is_moderate(node.args[place]) -%}
        {%- set inside = 'abs(' ~ sql[place] ~ ') between 1e-150 and 1e150' -%}
        {%- do conditions.append(
            'abs(' ~ sql[place] ~ ') <= 1e150' if call in ('+', '-')
            else inside if call == '/' and place == 1
            else '(' ~ sql[place] ~ ' = 0 or ' ~ inside ~ ')'
        ) -%}
    {%- endfor -%}
    {%- set last = sql[1] -%}
    {%- if call == '/' and feature_warehouse._is_moderate(divisor)
        and not (divisor.call == 'literal' and divisor.value is not none and divisor.value | float != 0) -%}
        {%- set last = 'nullif(' ~ sql[1] ~ ', 0)' -%}
    {%- endif -%}
    {%- set result = sql[0] ~ ' ' ~ call ~ ' ' ~ last -%}
    {{ return('case when ' ~ conditions | join(' and ') ~ ' then ' ~ result ~ ' end' if conditions else '(' ~ result ~ ')') }}
{%- endmacro %}
