{#- DuckDB's answers. -#}

{% macro duckdb___engine() -%}
    {{ return({'adapter': 'duckdb', 'file': target.path.split('?')[0]}) }}
{%- endmacro %}


{% macro duckdb___capabilities() -%}
    {{ return({
        'asof_join': true,
        'orders_structs': false,
        'index_lookup': false,
        'ignores_nulls': true,
        'cheap_frames': true,
        'unlimited_numeric': false,
        'comments_on_columns': true,
        'needs_microbatch_key': false,
        'named_windows': true,
        'match_condition': false,
        'statistics': true,
    }) }}
{%- endmacro %}


{% macro duckdb___number_types() -%}
    {{ return({'double': 'double precision', 'float': 'real', 'numeric': (18, 3)}) }}
{%- endmacro %}


{% macro duckdb___is_finite(instant) -%}
    {{ return('isfinite(' ~ instant ~ ')') }}
{%- endmacro %}


{% macro duckdb___md5(text) -%}
    {{ return('md5(' ~ text ~ ')') }}
{%- endmacro %}


{% macro duckdb___any(condition) -%}
    {{ return('bool_or(' ~ condition ~ ')') }}
{%- endmacro %}


{% macro duckdb___before_peers() -%}
    {{ return('groups between unbounded preceding and 1 preceding') }}
{%- endmacro %}


{% macro duckdb___iso_instant(instant) -%}
    {{ return("'\"' || strftime(" ~ instant ~ ", '%Y-%m-%dT%H:%M:%S.%fZ') || '\"'") }}
{%- endmacro %}


{% macro duckdb___bits(column, kind) -%}
    {%- set integer = {'double': 'bigint', 'real': 'integer'}[kind] -%}
    {{ return(
        'case when isnan(' ~ column ~ ") then 'NaN' else cast(cast(cast(" ~ column
        ~ ' as bit) as ' ~ integer ~ ') as text) end'
    ) }}
{%- endmacro %}


{% macro duckdb___hexadecimal(column) -%}
    {{ return('lower(hex(' ~ column ~ '))') }}
{%- endmacro %}


{% macro duckdb___epoch_microseconds(instant) -%}
    {{ return('epoch_us(' ~ instant ~ ')') }}
{%- endmacro %}


{% macro duckdb___hexadecimal_number(text, digits) -%}
    {{ return("cast('0x' || " ~ text ~ ' as bigint)') }}
{%- endmacro %}


{% macro duckdb___matches(text, parts) -%}
    {{ return('regexp_matches(' ~ text ~ ', ' ~ feature_warehouse._pattern(parts) ~ ')') }}
{%- endmacro %}


{% macro duckdb___first_group(text, parts) -%}
    {#- Where nothing matches it is an empty text. -#}
    {{ return('nullif(regexp_extract(' ~ text ~ ', ' ~ feature_warehouse._pattern(parts) ~ ", 1), '')") }}
{%- endmacro %}


{% macro duckdb___row_id() -%}
    {{ return('rowid') }}
{%- endmacro %}


{% macro duckdb___name_fits(name) -%}
    {{ return(true) }}
{%- endmacro %}


{% macro duckdb___utc_of_any(expression) -%}
    {#- Infinity has no microseconds, and is the same in every time zone. -#}
    {{ return(
        'case when isfinite(' ~ expression ~ ') then make_timestamp(epoch_us(' ~ expression
        ~ ')) else cast(' ~ expression ~ ' as timestamp) end'
    ) }}
{%- endmacro %}


{% macro duckdb___seconds_between(first, last) -%}
    {{ return('(epoch_us(' ~ last ~ ') - epoch_us(' ~ first ~ ')) / 1e6') }}
{%- endmacro %}


{% macro duckdb___start_of_block(instant, length) -%}
    {{ return(feature_warehouse._sql_call(
        'time_bucket', [feature_warehouse._interval(length), instant, "timestamp '1970-01-01'"]
    )) }}
{%- endmacro %}


{% macro duckdb___computed_once() -%}
    {{ return('materialized ') }}
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


{% macro duckdb___types_of(relation, declared, digits) -%}
    {%- set actual = {} -%}
    {%- for name, type in run_query('select column_name, column_type from (describe select * from ' ~ relation ~ ')').rows -%}
        {%- do actual.update({name | lower: type}) -%}
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


{% macro duckdb___plan_without_guesses() -%}
    {{ return([]) }}
{%- endmacro %}


{#- https://duckdb.org/docs/stable/sql/data_types/overview; char(n) pads nothing there. -#}
{% macro duckdb___type_spellings() -%}
    {{ return({
        'tinyint': ['int1'],
        'smallint': ['int2', 'short', 'int16'],
        'integer': ['int', 'int4', 'signed', 'int32'],
        'bigint': ['int8', 'long', 'int64'],
        'hugeint': ['int128'],
        'utinyint': ['uint8'],
        'usmallint': ['uint16'],
        'uinteger': ['uint32'],
        'ubigint': ['uint64'],
        'uhugeint': ['uint128'],
        'text': [
            'varchar', 'character varying', 'string', 'char', 'character', 'bpchar', 'nvarchar', 'enum'
        ],
        'boolean': ['bool', 'logical'],
        'double precision': ['float8', 'double'],
        'real': ['float4', 'float'],
        'timestamp': ['datetime', 'timestamp without time zone', 'timestamp_us'],
        'timestamptz': ['timestamp with time zone'],
        'time': ['time without time zone'],
        'timetz': ['time with time zone'],
        'bytea': ['blob', 'binary', 'varbinary'],
        'bit': ['bitstring'],
    }) }}
{%- endmacro %}


{% macro duckdb___square_type(type) -%}
    {{ return('hugeint' if type == 'uinteger' else 'bigint') }}
{%- endmacro %}


{% macro duckdb___lacks(function, type) -%}
    {{ return(none) }}
{%- endmacro %}


{% macro duckdb___other_sort_keys(column, scalar, is_list) -%}
    {%- if scalar == 'float' and not is_list -%}
        {{ return([column, 'not signbit(' ~ column ~ ')']) }}
    {%- elif scalar in ('numeric', 'decimal', 'dec') and not is_list -%}
        {{ return([column]) }}
    {%- endif -%}
    {{ return([
        column if is_list else feature_warehouse._bytewise(column, scalar),
        'cast(' ~ column ~ ' as text) collate "C"',
    ]) }}
{%- endmacro %}


{% macro duckdb___column_types(relation) -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({
            column.name: column.data_type if column.is_numeric() else column.dtype
        }) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{#- DuckDB would keep the collation as the column's, and compare it with no column of another. -#}
{% macro duckdb___bytewise_extreme(column, type) -%}
    {{ return(column) }}
{%- endmacro %}


{% macro duckdb___whole_result(first, operator, last) -%}
    {{ return('try_cast(cast(' ~ first ~ ' as hugeint) ' ~ operator ~ ' ' ~ last ~ ' as bigint)') }}
{%- endmacro %}


{% macro duckdb___decimal_number(column) -%}
    {{ return(column) }}
{%- endmacro %}


{#- Its own cast divides a number that may have been rounded. -#}
{% macro duckdb___decimal_as_double(expression) -%}
    {{ return('cast(cast(' ~ expression ~ ' as text) as double precision)') }}
{%- endmacro %}


{% macro duckdb___kept_apart() -%}
    {{ return('') }}
{%- endmacro %}


{% macro duckdb___session_mistake() -%}
    {{ return(none) }}
{%- endmacro %}


{% macro duckdb___unsupported(node) -%}
    {{ return(none) }}
{%- endmacro %}


{% macro duckdb___in_quotation_marks(name) -%}
    {{ return('"' ~ name | replace('"', '""') ~ '"') }}
{%- endmacro %}


{% macro duckdb___within_literal(text) -%}
    {{ return(text | replace("'", "''")) }}
{%- endmacro %}


{% macro duckdb___text_type() -%}
    {{ return('text') }}
{%- endmacro %}


{% macro duckdb___byte_order() -%}
    {{ return(' collate "C"') }}
{%- endmacro %}


{% macro duckdb___table_once() -%}
    {{ return('materialized ') }}
{%- endmacro %}


{% macro duckdb___now() -%}
    {{ return("cast(current_timestamp at time zone 'UTC' as timestamp)") }}
{%- endmacro %}


{% macro duckdb___before_all() -%}
    {{ return("timestamp '-infinity'") }}
{%- endmacro %}


{% macro duckdb___epoch_days(date) -%}
    {{ return("cast(" ~ date ~ " - date '1970-01-01' as bigint)") }}
{%- endmacro %}


{% macro duckdb___whole_sum(number) -%}
    {{ return('sum(' ~ number ~ ')') }}
{%- endmacro %}


{% macro duckdb___summand(expression, type) -%}
    {{ return(expression) }}
{%- endmacro %}


{% macro duckdb___day_of_week() -%}
    {{ return('isodow') }}
{%- endmacro %}


{% macro duckdb___whole_double(function, number) -%}
    {{ return(function ~ '(' ~ number ~ ')') }}
{%- endmacro %}


{% macro duckdb___each_match() -%}
    {{ return(", 'g'") }}
{%- endmacro %}


{% macro duckdb___group_found(number) -%}
    {{ return('\\' ~ number) }}
{%- endmacro %}


{% macro duckdb___greatest(arguments) -%}
    {{ return('greatest(' ~ arguments ~ ')') }}
{%- endmacro %}


{% macro duckdb___least(arguments) -%}
    {{ return('least(' ~ arguments ~ ')') }}
{%- endmacro %}


{% macro duckdb___concat_ws(separator, arguments) -%}
    {{ return(feature_warehouse._sql_call('concat_ws', [separator] + arguments)) }}
{%- endmacro %}


{% macro duckdb___zoned_to_utc(instant) -%}
    {{ return('(' ~ instant ~ " at time zone 'UTC')") }}
{%- endmacro %}


{% macro duckdb___utc_to_zoned(instant) -%}
    {{ return(instant ~ " at time zone 'UTC'") }}
{%- endmacro %}


{% macro duckdb___reserved_words() -%}
    {{ return([]) }}
{%- endmacro %}
