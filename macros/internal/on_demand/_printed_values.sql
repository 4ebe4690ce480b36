{#- Literals, columns and instants of expressions as SQL. -#}

{% macro _printed_literal(value, type, bare) -%}
    {#- A literal, with its type where it would have another. -#}
    {%- if value is none -%}
        {{ return('cast(null as ' ~ feature_warehouse._sql_type(type) ~ ')') }}
    {%- elif type == 'text' -%}
        {{ return(feature_warehouse._text_literal(value)) }}
    {%- elif type == 'boolean' -%}
        {{ return(value) }}
    {%- elif bare and modules.re.fullmatch('[0-9]{1,15}', value)
        or bare and type == 'double' and modules.re.fullmatch('[0-9]{1,8}[.][0-9]{1,7}', value) -%}
        {{ return(value) }}
    {%- endif -%}
    {{ return(
        'cast(' ~ (value if modules.re.fullmatch('[0-9]{1,15}', value) else "'" ~ value ~ "'") ~ ' as '
        ~ feature_warehouse._sql_type(type) ~ ')'
    ) }}
{%- endmacro %}


{% macro _is_moderate(node) -%}
    {#- Whether a double is 0, or between 1e-150 and 1e150, whatever the values of columns are. -#}
    {{ return(
        node.call in ('literal', 'seconds_between', 'ln', 'exp')
        or node.call == 'double' and node.args[0].type != 'double'
        or node.call in ('negative', 'abs') and feature_warehouse._is_moderate(node.args[0])
    ) }}
{%- endmacro %}


{% macro _printed_case(sql) -%}
    {#- CASE of conditions and values in turn. -#}
    {%- set words = ['case'] -%}
    {%- for number in range(0, sql | length - 1, 2) -%}
        {%- do words.append('when ' ~ sql[number] ~ ' then ' ~ sql[number + 1]) -%}
    {%- endfor -%}
    {{ return((words + ['else ' ~ sql[-1], 'end']) | join(' ')) }}
{%- endmacro %}


{% macro _printed_shift(sql, microseconds) -%}
    {#- An instant so much later; NULL if it is none of the years 1 to 9999. -#}
    {%- set first = -62135596800000000 -%}
    {%- set last = 253402300799999999 -%}
    {%- set bounds = [first, first - microseconds] | max, [last, last - microseconds] | min -%}
    {%- set length = feature_warehouse._interval(microseconds | abs) -%}
    {%- if bounds[0] > bounds[1] -%}
        {{ return('cast(null as timestamp)') }}
    {%- endif -%}
    {{ return(
        'case when ' ~ sql ~ ' between ' ~ feature_warehouse._instant_literal(bounds[0]) ~ ' and '
        ~ feature_warehouse._instant_literal(bounds[1]) ~ ' then ' ~ sql ~ (' - ' if microseconds < 0 else ' + ') ~ length
        ~ ' end'
    ) }}
{%- endmacro %}


{% macro _instant_literal(microseconds) -%}
    {#- Microseconds since 1970 as a TIMESTAMP literal. -#}
    {%- set instant = modules.datetime.datetime(1970, 1, 1) + modules.datetime.timedelta(microseconds=microseconds) -%}
    {{ return("timestamp '" ~ instant.isoformat() | replace('T', ' ') ~ "'") }}
{%- endmacro %}


{% macro _printed_column(name, data_type) -%}
    {#- A column as a value of its type in expressions. -#}
    {%- set column = feature_warehouse._quote(name) -%}
    {%- set type = feature_warehouse._expression_type(data_type) -%}
    {%- set sql = column -%}
    {%- if type == 'integer' and feature_warehouse._key_type(data_type).name != 'bigint' -%}
        {%- set sql = 'cast(' ~ column ~ ' as bigint)' -%}
    {%- elif type == 'double' and feature_warehouse._key_type(data_type).name == 'real' -%}
        {%- set sql = feature_warehouse._as_double(column) -%}
    {%- elif type == 'timestamp' -%}
        {%- set instant = feature_warehouse._utc(column, data_type) -%}
        {%- set sql = 'case when ' ~ instant ~ ' between ' ~ feature_warehouse._instant_literal(-62135596800000000) ~ ' and '
            ~ feature_warehouse._instant_literal(253402300799999999) ~ ' then ' ~ instant ~ ' end' -%}
    {%- elif type.startswith('decimal') -%}
        {%- set sql = feature_warehouse._decimal_number(column) -%}
    {%- endif -%}
    {{ return({'sql': sql, 'level': 0, 'single': sql == column, 'type': type}) }}
{%- endmacro %}


{% macro _without_parentheses(value) -%}
    {#- The SQL where nothing stands beside it. -#}
    {{ return(value.sql[1:-1] if value.wrapped else value.sql) }}
{%- endmacro %}
