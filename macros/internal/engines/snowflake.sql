{#- Snowflake's answers, by https://docs.snowflake.com/en/sql-reference. Compiled, never run. TIMESTAMP is to be
    TIMESTAMP_NTZ, which `_session_mistake` sees to. It has nanoseconds, and no infinity. -#}

{% macro snowflake___engine() -%}
    {{ return({'adapter': 'snowflake', 'file': none}) }}
{%- endmacro %}


{#- FIRST_VALUE and LAST_VALUE have another default frame than elsewhere, so nothing asks for IGNORE NULLS. -#}
{% macro snowflake___capabilities() -%}
    {{ return({
        'asof_join': false,
        'orders_structs': false,
        'index_lookup': false,
        'ignores_nulls': false,
        'cheap_frames': false,
        'unlimited_numeric': false,
        'comments_on_columns': false,
        'needs_microbatch_key': false,
        'named_windows': false,
        'match_condition': true,
        'statistics': false,
    }) }}
{%- endmacro %}


{% macro snowflake___session_mistake() -%}
    {%- set timestamp = run_query("show parameters like 'TIMESTAMP_TYPE_MAPPING' in session").rows[0][1] -%}
    {%- set collation = run_query("show parameters like 'DEFAULT_DDL_COLLATION' in session").rows[0][1] -%}
    {%- if timestamp != 'TIMESTAMP_NTZ' -%}
        {{ return(
            "TIMESTAMP of target '" ~ target.name ~ "' is " ~ timestamp ~ ', whose instants would be others; set'
            ~ ' TIMESTAMP_TYPE_MAPPING to TIMESTAMP_NTZ'
        ) }}
    {%- elif collation -%}
        {{ return(
            "the tables of target '" ~ target.name ~ "' get the collation " ~ collation ~ ', by which join keys that differ'
            ~ " may be equal; set DEFAULT_DDL_COLLATION to ''"
        ) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro snowflake___unsupported(node) -%}
    {%- if node.config.materialized == 'incremental' -%}
        {{ return('it is incremental, which on snowflake nobody has tried; make it a table') }}
    {%- elif node.resource_type == 'snapshot' -%}
        {{ return('it is a snapshot, which on snowflake nobody has tried; keep the versions in a table of your own') }}
    {%- elif node.resource_type == 'seed' -%}
        {{ return('it is a seed, of which on snowflake nobody has tried whether its values stay what they are; make it a'
            ~ ' model') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- What is not quoted is in upper case there, so a name in lower case is the one that it is without quotation marks. -#}
{% macro snowflake___in_quotation_marks(name) -%}
    {%- set folded = name | upper if modules.re.fullmatch('[a-z_][a-z0-9_]*', name) else name -%}
    {{ return('"' ~ folded | replace('"', '""') ~ '"') }}
{%- endmacro %}


{#- https://docs.snowflake.com/en/sql-reference/reserved-keywords -#}
{% macro snowflake___reserved_words() -%}
    {{ return([
        'account', 'alter', 'asof', 'between', 'connect', 'connection', 'current', 'database', 'delete', 'drop', 'exists',
        'following', 'gscluster', 'increment', 'insert', 'issue', 'match_condition', 'minus', 'of', 'organization',
        'regexp', 'revoke', 'rlike', 'row', 'rows', 'sample', 'schema', 'set', 'start', 'trigger', 'update', 'values',
        'view', 'whenever'
    ]) }}
{%- endmacro %}


{% macro snowflake___name_fits(name) -%}
    {{ return(name | length <= 255) }}
{%- endmacro %}


{#- A backslash escapes what comes after it. -#}
{% macro snowflake___within_literal(text) -%}
    {{ return(text | replace('\\', '\\\\') | replace("'", "''")) }}
{%- endmacro %}


{% macro snowflake___text_type() -%}
    {{ return('varchar') }}
{%- endmacro %}


{#- https://docs.snowflake.com/en/sql-reference/collation: by the bytes, whatever the column's collation is. -#}
{% macro snowflake___byte_order() -%}
    {{ return(" collate 'utf8'") }}
{%- endmacro %}


{% macro snowflake___table_once() -%}
    {{ return('') }}
{%- endmacro %}


{% macro snowflake___computed_once() -%}
    {{ return('') }}
{%- endmacro %}


{% macro snowflake___kept_apart() -%}
    {{ return('') }}
{%- endmacro %}


{% macro snowflake___plan_without_guesses() -%}
    {{ return([]) }}
{%- endmacro %}


{% macro snowflake___row_id() -%}
    {{ feature_warehouse._fail("target '" ~ target.name ~ "'", [
        'rows of a table cannot be told apart on snowflake, and so none can be deleted; write the table anew without them'
    ]) }}
{%- endmacro %}


{% macro snowflake___number_types() -%}
    {{ return({'double': 'double precision', 'float': 'double', 'numeric': (38, 0)}) }}
{%- endmacro %}


{#- https://docs.snowflake.com/en/sql-reference/intro-summary-data-types; char(n) pads nothing there, and REAL is a double. -#}
{% macro snowflake___type_spellings() -%}
    {{ return({
        'tinyint': ['byteint'],
        'integer': ['int'],
        'text': [
            'varchar', 'string', 'char', 'character', 'nchar', 'nvarchar', 'nvarchar2', 'char varying', 'nchar varying',
            'character varying'
        ],
        'double precision': ['double', 'float', 'float4', 'float8', 'real'],
        'numeric': ['decimal', 'dec', 'number'],
        'timestamp': ['timestamp_ntz', 'timestampntz', 'timestamp without time zone', 'datetime'],
        'timestamptz': [
            'timestamp_tz', 'timestamp with time zone', 'timestamp_ltz', 'timestampltz', 'timestamp with local time zone'
        ],
        'bytea': ['binary', 'varbinary'],
    }) }}
{%- endmacro %}


{#- SYSTEM$TYPEOF adds in brackets how a value is stored. Of sizes only the digits of decimals change a value. -#}
{% macro snowflake___types_of(relation, declared, digits) -%}
    {%- set actual = {} -%}
    {%- for row in run_query('describe table ' ~ relation).rows -%}
        {%- do actual.update({row[0] | lower: row[1]}) -%}
    {%- endfor -%}
    {%- set casts = [] -%}
    {%- for type in declared.values() -%}
        {%- do casts.append('system$typeof(cast(null as ' ~ type ~ ')) as type_' ~ loop.index) -%}
    {%- endfor -%}
    {%- set types = [] -%}
    {%- for name, type in dict(zip(declared, run_query('select ' ~ casts | join(', ')).rows[0])).items() -%}
        {%- set found = [] -%}
        {%- for text in [modules.re.sub('\\[.*', '', type), actual.get(name | lower)] -%}
            {%- do found.append(
                text if not text or text.startswith('NUMBER') else modules.re.sub('\\(.*', '', text)
            ) -%}
        {%- endfor -%}
        {%- do types.append((name, found[0], found[1])) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{#- By the names that they have without quotation marks. -#}
{% macro snowflake___column_types(relation) -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({
            column.name | lower if column.name == column.name | upper else column.name:
                column.data_type if column.is_numeric() else column.dtype
        }) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{#- It is of type TIMESTAMP_NTZ, and in UTC. -#}
{% macro snowflake___now() -%}
    {{ return('sysdate()') }}
{%- endmacro %}


{% macro snowflake___is_finite(instant) -%}
    {{ return('(' ~ instant ~ ') is not null') }}
{%- endmacro %}


{% macro snowflake___before_all() -%}
    {{ return("timestamp '0001-01-01 00:00:00'") }}
{%- endmacro %}


{% macro snowflake___zoned_to_utc(instant) -%}
    {{ return("cast(convert_timezone('UTC', " ~ instant ~ ') as timestamp_ntz)') }}
{%- endmacro %}


{% macro snowflake___utc_to_zoned(instant) -%}
    {{ return("to_timestamp_tz(to_char(" ~ instant ~ ", 'YYYY-MM-DD HH24:MI:SS.FF9') || ' +00:00', 'YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM')") }}
{%- endmacro %}


{#- CONVERT_TIMEZONE would take what has no time zone for one of the session's. -#}
{% macro snowflake___utc_of_any(expression) -%}
    {{ return(
        "case when system$typeof(" ~ expression ~ ") like any ('TIMESTAMP_TZ%', 'TIMESTAMP_LTZ%') then "
        ~ "cast(convert_timezone('UTC', " ~ expression ~ ') as timestamp_ntz) else cast(' ~ expression
        ~ ' as timestamp_ntz) end'
    ) }}
{%- endmacro %}


{% macro snowflake___epoch_microseconds(instant) -%}
    {{ return('date_part(epoch_microsecond, ' ~ instant ~ ')') }}
{%- endmacro %}


{% macro snowflake___epoch_days(date) -%}
    {{ return("datediff(day, date '1970-01-01', " ~ date ~ ')') }}
{%- endmacro %}


{#- The difference is a decimal, and a decimal divided would be rounded to six digits after the point. -#}
{% macro snowflake___seconds_between(first, last) -%}
    {{ return(
        'cast(date_part(epoch_microsecond, ' ~ last ~ ')\n    - date_part(epoch_microsecond, ' ~ first
        ~ ') as double precision) / 1e6'
    ) }}
{%- endmacro %}


{#- In nanoseconds, for no fraction of a microsecond must lead into another block; MOD is negative before 1970. -#}
{% macro snowflake___start_of_block(instant, length) -%}
    {%- set size = length * 1000 -%}
    {%- set gap = '\n' ~ ' ' * 20 -%}
    {{ return(
        'timestampadd(' ~ gap ~ 'nanosecond,' ~ gap ~ '-mod(mod(date_part(epoch_nanosecond, ' ~ instant ~ '), ' ~ size ~ ')'
        ~ ' + ' ~ size ~ ', ' ~ size ~ '),' ~ gap ~ instant ~ ')'
    ) }}
{%- endmacro %}


{% macro snowflake___iso_instant(instant) -%}
    {{ return(
        "'\"' || to_char(" ~ instant ~ ", 'YYYY-MM-DD') || 'T' || to_char(" ~ instant ~ ", 'HH24:MI:SS.FF6') || 'Z\"'"
    ) }}
{%- endmacro %}


{% macro snowflake___day_of_week() -%}
    {{ return('dayofweekiso') }}
{%- endmacro %}


{#- REAL is a double there. -#}
{% macro snowflake___bits(column, kind) -%}
    {{ return(feature_warehouse._bits_by_arithmetic(
        column, 'double', column ~ " = cast('NaN' as double precision)", 'atan2(' ~ column ~ ', -1) < 0', 'number(38, 0)'
    )) }}
{%- endmacro %}


{% macro snowflake___hexadecimal(column) -%}
    {{ return('lower(hex_encode(' ~ column ~ '))') }}
{%- endmacro %}


{% macro snowflake___md5(text) -%}
    {{ return('md5(' ~ text ~ ')') }}
{%- endmacro %}


{% macro snowflake___hexadecimal_number(text, digits) -%}
    {{ return("to_number(upper(" ~ text ~ "), '" ~ 'X' * digits ~ "')") }}
{%- endmacro %}


{#- Its regular expressions have no groups that are not captured: `(?:...)`. -#}
{% macro snowflake___matches(text, parts) -%}
    {{ feature_warehouse._fail("target '" ~ target.name ~ "'", [
        'personal data cannot be looked for on snowflake, whose regular expressions are too few; remove no_pii'
    ]) }}
{%- endmacro %}


{% macro snowflake___first_group(text, parts) -%}
    {{ return(feature_warehouse._matches(text, parts)) }}
{%- endmacro %}


{#- It replaces each match by itself. -#}
{% macro snowflake___each_match() -%}
    {{ return('') }}
{%- endmacro %}


{% macro snowflake___group_found(number) -%}
    {{ return('\\\\' ~ number) }}
{%- endmacro %}


{#- Its own function skips nothing: one NULL makes all NULL. -#}
{% macro snowflake___concat_ws(separator, arguments) -%}
    {{ return(
        feature_warehouse._sql_call('array_to_string(array_construct_compact', arguments) ~ ', ' ~ separator ~ ')'
    ) }}
{%- endmacro %}


{#- GREATEST itself is NULL if one of them is. -#}
{% macro snowflake___greatest(arguments) -%}
    {{ return('greatest_ignore_nulls(' ~ arguments ~ ')') }}
{%- endmacro %}


{% macro snowflake___least(arguments) -%}
    {{ return('least_ignore_nulls(' ~ arguments ~ ')') }}
{%- endmacro %}


{% macro snowflake___any(condition) -%}
    {{ return('boolor_agg(' ~ condition ~ ')') }}
{%- endmacro %}


{#- There is no GROUPS. Where it is needed rows are sorted by one instant, the latest first. -#}
{% macro snowflake___before_peers() -%}
    {{ return("range between unbounded preceding and interval '1 nanosecond' preceding") }}
{%- endmacro %}


{#- Only numbers, texts and times have a greatest one; a rank before the value's text has it, for types of which
    the text, read again, is the value. -#}
{% macro snowflake___ranked(rank, value, type) -%}
    {%- set name = feature_warehouse._key_type(type).name -%}
    {%- if name == 'date' -%}
        {%- set text = 'to_char(' ~ value ~ ", 'YYYY-MM-DD')" -%}
    {%- elif name == 'timestamp' -%}
        {%- set text = 'to_char(' ~ value ~ ", 'YYYY-MM-DD HH24:MI:SS.FF9')" -%}
    {%- elif name == 'double precision' -%}
        {%- set text = feature_warehouse._text_of_double(
            value, value ~ " = cast('NaN' as double precision)", 'number(38, 0)'
        ) | indent(12) -%}
    {%- else -%}
        {%- set text = feature_warehouse._to_text(value) -%}
    {%- endif -%}
    {{ return("lpad(cast(" ~ rank ~ " as varchar), 19, '0')\n            || coalesce(':' || " ~ text ~ ", '')") }}
{%- endmacro %}


{% macro snowflake___unranked(state, type) -%}
    {%- set name = feature_warehouse._key_type(type).name -%}
    {%- set value = feature_warehouse._joined(
        ['case when length(' ~ state ~ ') > 19', 'then substr(' ~ state ~ ', 21)', 'end'], 12
    ) -%}
    {%- if name == 'date' -%}
        {{ return('to_date(\n        ' ~ value ~ ",\n        'YYYY-MM-DD'\n    )") }}
    {%- elif name == 'timestamp' -%}
        {{ return('to_timestamp_ntz(\n        ' ~ value ~ ",\n        'YYYY-MM-DD HH24:MI:SS.FF9'\n    )") }}
    {%- elif name == 'double precision' -%}
        {{ return(
            'case when length(' ~ state ~ ') > 19 then '
            ~ feature_warehouse._double_of_text('substr(' ~ state ~ ', 21)') | indent(4) ~ ' end'
        ) }}
    {%- endif -%}
    {{ return('cast(\n        ' ~ value ~ ' as ' ~ type ~ '\n    )') }}
{%- endmacro %}


{#- https://docs.snowflake.com/en/sql-reference/data-types-semistructured and those after it have no order. -#}
{% macro snowflake___lacks(function, type) -%}
    {%- set name = feature_warehouse._key_type(type).name -%}
    {%- if function == 'count' -%}
        {{ return(none) }}
    {%- elif modules.re.match('(variant|object|array|map|geography|geometry|vector|file)\\b', name) -%}
        {{ return('its values have no order') }}
    {%- elif function in ('first', 'last') and not feature_warehouse._number_class(type)
        and name not in ('text', 'boolean', 'date', 'timestamp') -%}
        {{ return('no text of them is known to be exact') }}
    {%- elif function in ('min', 'max') and name in ('boolean', 'bytea') -%}
        {{ return('there is no ' ~ function ~ ' of them') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- A zero and a negative one are equal and have other texts. What has no order is sorted by its JSON. -#}
{% macro snowflake___other_sort_keys(column, scalar, is_list) -%}
    {%- if scalar in ('numeric', 'decimal', 'dec', 'number') -%}
        {{ return([column]) }}
    {%- elif scalar in ('object', 'array', 'map', 'vector') -%}
        {{ return(['to_json(to_variant(' ~ column ~ "))" ~ feature_warehouse._byte_order()]) }}
    {%- endif -%}
    {{ return([column, feature_warehouse._to_text(column) ~ " <> '-0'"]) }}
{%- endmacro %}


{% macro snowflake___bytewise_extreme(column, type) -%}
    {{ return(feature_warehouse._bytewise(column, type)) }}
{%- endmacro %}


{% macro snowflake___whole_sum(number) -%}
    {{ return('sum(' ~ number ~ ')') }}
{%- endmacro %}


{% macro snowflake___summand(expression, type) -%}
    {{ return(expression) }}
{%- endmacro %}


{#- All whole numbers are NUMBER(38, 0). -#}
{% macro snowflake___square_type(type) -%}
    {{ return('number(38, 0)') }}
{%- endmacro %}


{% macro snowflake___whole_result(first, operator, last) -%}
    {%- set result = first ~ ' ' ~ operator ~ ' ' ~ last -%}
    {{ return(
        'case when ' ~ result ~ ' between -9223372036854775808 and 9223372036854775807 then ' ~ result ~ ' end'
    ) }}
{%- endmacro %}


{% macro snowflake___whole_double(function, number) -%}
    {{ return(function ~ '(' ~ number ~ ')') }}
{%- endmacro %}


{% macro snowflake___decimal_number(column) -%}
    {{ return(column) }}
{%- endmacro %}


{% macro snowflake___decimal_as_double(expression) -%}
    {{ return('cast(cast(' ~ expression ~ ' as varchar) as double precision)') }}
{%- endmacro %}
