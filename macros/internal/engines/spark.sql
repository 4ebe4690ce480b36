{#- Spark's answers. A TIMESTAMP there is an instant, and what is written without a time zone is of the session's, which
    `_session_mistake` holds to UTC. Not ANSI mode, in which dbt-spark does not run: numbers that overflow wrap. -#}

{% macro spark___engine() -%}
    {{ return({'adapter': 'spark', 'file': none}) }}
{%- endmacro %}


{% macro spark___capabilities() -%}
    {{ return({
        'asof_join': false,
        'orders_structs': true,
        'index_lookup': false,
        'ignores_nulls': false,
        'cheap_frames': false,
        'unlimited_numeric': false,
        'comments_on_columns': false,
        'needs_microbatch_key': false,
        'named_windows': true,
        'match_condition': false,
        'statistics': true,
    }) }}
{%- endmacro %}


{#- https://spark.apache.org/docs/latest/sql-ref-literals.html on backslashes in literals. -#}
{% macro spark___session_mistake() -%}
    {%- set zone, letters = run_query("select current_timezone() as zone, length('\\\\') as letters").rows[0] -%}
    {%- if zone not in ('UTC', 'Etc/UTC', 'UCT', 'Etc/UCT', 'Zulu', 'Etc/Zulu', 'GMT', 'Etc/GMT', 'Z', '+00:00') -%}
        {{ return(
            "the time zone of target '" ~ target.name ~ "' is " ~ zone ~ ', in which its instants would be others; set'
            ~ ' spark.sql.session.timeZone to UTC'
        ) }}
    {%- elif letters | int != 1 -%}
        {{ return(
            "target '" ~ target.name ~ "' takes backslashes in literals as they are; set"
            ~ ' spark.sql.parser.escapedStringLiterals to false'
        ) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- dbt-spark appends where it cannot merge, whatever the unique key is, and a batch overwrites a whole partition. Only
    tables of Delta, Iceberg and Hudi can be a snapshot. Of a seed dbt-spark makes literals that are not its values. -#}
{% macro spark___unsupported(node) -%}
    {%- if node.config.materialized == 'incremental' -%}
        {{ return('it is incremental, which on spark would repeat rows or lose them; make it a table') }}
    {%- elif node.resource_type == 'snapshot' -%}
        {{ return('it is a snapshot, which on spark is not supported; keep the versions in a table of your own') }}
    {%- elif node.resource_type == 'seed' -%}
        {{ return('it is a seed, which dbt-spark loads with NULL as the text None, whole numbers as doubles and'
            ~ ' instants to the millisecond; make it a model') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro spark___in_quotation_marks(name) -%}
    {{ return('`' ~ name | replace('`', '``') ~ '`') }}
{%- endmacro %}


{#- Two quotes are one on some versions only, and nothing on others. -#}
{% macro spark___within_literal(text) -%}
    {{ return(text | replace('\\', '\\\\') | replace("'", '\\u0027')) }}
{%- endmacro %}


{% macro spark___text_type() -%}
    {{ return('string') }}
{%- endmacro %}


{#- Texts are compared so in any case. -#}
{% macro spark___byte_order() -%}
    {{ return('') }}
{%- endmacro %}


{% macro spark___table_once() -%}
    {{ return('') }}
{%- endmacro %}


{% macro spark___computed_once() -%}
    {{ return('') }}
{%- endmacro %}


{% macro spark___kept_apart() -%}
    {{ return('') }}
{%- endmacro %}


{% macro spark___plan_without_guesses() -%}
    {{ return([]) }}
{%- endmacro %}


{% macro spark___name_fits(name) -%}
    {{ return(true) }}
{%- endmacro %}


{% macro spark___row_id() -%}
    {{ feature_warehouse._fail("target '" ~ target.name ~ "'", [
        'rows of a table cannot be told apart on ' ~ target.type ~ ', and so none can be deleted; write the table anew without them'
    ]) }}
{%- endmacro %}


{% macro spark___number_types() -%}
    {{ return({'double': 'double', 'float': 'real', 'numeric': (10, 0)}) }}
{%- endmacro %}


{#- https://spark.apache.org/docs/latest/sql-ref-datatypes.html; char(n) pads. -#}
{% macro spark___type_spellings() -%}
    {{ return({
        'tinyint': ['byte'],
        'smallint': ['short'],
        'integer': ['int'],
        'bigint': ['long'],
        'text': ['string', 'varchar'],
        'char': ['character'],
        'double precision': ['double'],
        'real': ['float'],
        'numeric': ['decimal', 'dec'],
        'timestamptz': ['timestamp', 'timestamp_ltz'],
        'timestamp': ['timestamp_ntz'],
        'bytea': ['binary'],
    }) }}
{%- endmacro %}


{% macro spark___types_of(relation, declared, digits) -%}
    {%- set actual = {} -%}
    {%- for row in run_query('describe ' ~ relation).rows -%}
        {#- After the columns come a blank line and those of partitions once more. -#}
        {%- if row[0] and not row[0].startswith('#') and row[0] | lower not in actual -%}
            {%- do actual.update({row[0] | lower: row[1]}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set casts = [] -%}
    {%- for type in declared.values() -%}
        {%- do casts.append('typeof(cast(null as ' ~ type ~ ')) as type_' ~ loop.index) -%}
    {%- endfor -%}
    {%- set types = [] -%}
    {%- for name, type in dict(zip(declared, run_query('select ' ~ casts | join(', ')).rows[0])).items() -%}
        {%- do types.append((name, type, actual.get(name | lower))) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro spark___column_types(relation) -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({column.name: column.dtype}) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro spark___now() -%}
    {{ return('current_timestamp()') }}
{%- endmacro %}


{#- There is no infinity: an instant is finite if it is one. -#}
{% macro spark___is_finite(instant) -%}
    {{ return('(' ~ instant ~ ') is not null') }}
{%- endmacro %}


{% macro spark___before_all() -%}
    {{ return("timestamp '0001-01-01'") }}
{%- endmacro %}


{% macro spark___utc_of_any(expression) -%}
    {{ return('cast(' ~ expression ~ ' as timestamp)') }}
{%- endmacro %}


{% macro spark___epoch_microseconds(instant) -%}
    {{ return('unix_micros(' ~ instant ~ ')') }}
{%- endmacro %}


{% macro spark___epoch_days(date) -%}
    {{ return('unix_date(' ~ date ~ ')') }}
{%- endmacro %}


{% macro spark___seconds_between(first, last) -%}
    {{ return('(unix_micros(' ~ last ~ ') - unix_micros(' ~ first ~ ')) / 1e6') }}
{%- endmacro %}


{% macro spark___start_of_block(instant, length) -%}
    {%- set microseconds = 'unix_micros(' ~ instant ~ ')' -%}
    {{ return(feature_warehouse._sql_call(
        'timestamp_micros', [microseconds ~ ' - pmod(' ~ microseconds ~ ', ' ~ length ~ ')']
    )) }}
{%- endmacro %}


{% macro spark___iso_instant(instant) -%}
    {{ return(
        "'\"' || date_format(" ~ instant ~ ", 'yyyy-MM-dd') || 'T' || date_format(" ~ instant
        ~ ", 'HH:mm:ss.SSSSSS') || 'Z\"'"
    ) }}
{%- endmacro %}


{% macro spark___day_of_week() -%}
    {{ return('dayofweek_iso') }}
{%- endmacro %}


{#- No function of SQL tells the bits of a number, but Java's does. -#}
{% macro spark___bits(column, kind) -%}
    {%- set call = {
        'double': "'java.lang.Double', 'doubleToRawLongBits'", 'real': "'java.lang.Float', 'floatToRawIntBits'",
    }[kind] -%}
    {{ return(
        'case when isnan(' ~ column ~ ") then 'NaN' when " ~ column ~ ' is not null then reflect(' ~ call ~ ', '
        ~ column ~ ') end'
    ) }}
{%- endmacro %}


{% macro spark___hexadecimal(column) -%}
    {{ return('lower(hex(' ~ column ~ '))') }}
{%- endmacro %}


{% macro spark___md5(text) -%}
    {{ return('md5(' ~ text ~ ')') }}
{%- endmacro %}


{% macro spark___hexadecimal_number(text, digits) -%}
    {{ return('cast(conv(' ~ text ~ ', 16, 10) as bigint)') }}
{%- endmacro %}


{% macro spark___matches(text, parts) -%}
    {{ return(text ~ ' rlike ' ~ feature_warehouse._pattern(parts)) }}
{%- endmacro %}


{% macro spark___first_group(text, parts) -%}
    {#- Where nothing matches it is an empty text. -#}
    {{ return('nullif(regexp_extract(' ~ text ~ ', ' ~ feature_warehouse._pattern(parts) ~ ", 1), '')") }}
{%- endmacro %}


{% macro spark___each_match() -%}
    {{ return('') }}
{%- endmacro %}


{% macro spark___group_found(number) -%}
    {{ return('$' ~ number) }}
{%- endmacro %}


{% macro spark___any(condition) -%}
    {{ return('bool_or(' ~ condition ~ ')') }}
{%- endmacro %}


{#- There is no GROUPS. Where it is needed rows are sorted by one instant, the latest first. -#}
{% macro spark___before_peers() -%}
    {{ return("range between unbounded preceding and interval '1 microsecond' preceding") }}
{%- endmacro %}


{% macro spark___ranked(rank, value, type) -%}
    {{ return("named_struct(\n            'rank', " ~ rank ~ ",\n            'value', " ~ value ~ '\n        )') }}
{%- endmacro %}


{% macro spark___unranked(state, type) -%}
    {{ return('(' ~ state ~ ').value') }}
{%- endmacro %}


{#- A zero and a negative one are equal, within arrays and structs too, and have other texts. -#}
{% macro spark___other_sort_keys(column, scalar, is_list) -%}
    {%- if scalar == 'float' and not is_list -%}
        {{ return([column, 'cast(' ~ column ~ " as string) <> '-0.0'"]) }}
    {%- elif scalar in ('numeric', 'decimal', 'dec') and not is_list -%}
        {{ return([column]) }}
    {%- endif -%}
    {{ return([column, 'cast(' ~ column ~ ' as string)']) }}
{%- endmacro %}


{% macro spark___bytewise_extreme(column, type) -%}
    {{ return(column) }}
{%- endmacro %}


{#- https://spark.apache.org/docs/latest/sql-ref-operators.html: a map has no order, and the difference of two numbers
    of 38 digits keeps six after the point. -#}
{% macro spark___lacks(function, type) -%}
    {%- set digits = feature_warehouse._digits(type) -%}
    {%- if modules.re.search('(^|\\W)(map *<|variant\\b)', type) and function != 'count' -%}
        {{ return('its values have no order') }}
    {%- elif function in ('sum', 'avg') and digits and digits[0] > 27 and digits[1] > 6 and digits[0] <= 28 -%}
        {{ return('its sums have more than 38 digits') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- A sum of BIGINT wraps around. -#}
{% macro spark___whole_sum(number) -%}
    {{ return('sum(cast(' ~ number ~ ' as decimal(28, 0)))') }}
{%- endmacro %}


{% macro spark___summand(expression, type) -%}
    {{ return(
        'cast(' ~ expression ~ ' as decimal(28, 0))'
        if (type or '') | lower | trim in ('bigint', 'long') else expression
    ) }}
{%- endmacro %}


{% macro spark___square_type(type) -%}
    {{ return('decimal(10, 0)') }}
{%- endmacro %}


{% macro spark___whole_result(first, operator, last) -%}
    {%- set function = {'+': 'try_add', '-': 'try_subtract', '*': 'try_multiply'}[operator] -%}
    {{ return(function ~ '(cast(' ~ first ~ ' as bigint), cast(' ~ last ~ ' as bigint))') }}
{%- endmacro %}


{#- FLOOR and CEIL are of type BIGINT, which ends before a double does and has no negative zero. -#}
{% macro spark___whole_double(function, number) -%}
    {%- set whole = function ~ '(' ~ number ~ ')' -%}
    {{ return(
        'case when abs(' ~ number ~ ') >= 4503599627370496 then ' ~ number ~ ' when ' ~ whole ~ ' = 0 then ' ~ number
        ~ ' * cast(0 as double) else cast(' ~ whole ~ ' as double) end'
        if function in ('floor', 'ceil') else whole
    ) }}
{%- endmacro %}


{% macro spark___decimal_number(column) -%}
    {{ return(column) }}
{%- endmacro %}


{% macro spark___decimal_as_double(expression) -%}
    {{ return('cast(cast(' ~ expression ~ ' as string) as double)') }}
{%- endmacro %}


{% macro spark___greatest(arguments) -%}
    {{ return('greatest(' ~ arguments ~ ')') }}
{%- endmacro %}


{% macro spark___least(arguments) -%}
    {{ return('least(' ~ arguments ~ ')') }}
{%- endmacro %}


{% macro spark___concat_ws(separator, arguments) -%}
    {{ return(feature_warehouse._sql_call('concat_ws', [separator] + arguments)) }}
{%- endmacro %}


{#- A TIMESTAMP is one already. -#}
{% macro spark___zoned_to_utc(instant) -%}
    {{ return(instant) }}
{%- endmacro %}


{% macro spark___utc_to_zoned(instant) -%}
    {{ return('cast(' ~ instant ~ ' as timestamp)') }}
{%- endmacro %}


{% macro spark___reserved_words() -%}
    {{ return([]) }}
{%- endmacro %}
