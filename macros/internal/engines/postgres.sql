{#- PostgreSQL's answers. -#}

{% macro postgres___engine() -%}
    {{ return({'adapter': 'postgres', 'file': none}) }}
{%- endmacro %}


{% macro postgres___capabilities() -%}
    {{ return({
        'asof_join': false,
        'orders_structs': false,
        'index_lookup': true,
        'ignores_nulls': false,
        'cheap_frames': false,
        'unlimited_numeric': true,
        'comments_on_columns': true,
        'needs_microbatch_key': true,
        'named_windows': true,
        'match_condition': false,
        'statistics': true,
    }) }}
{%- endmacro %}


{% macro postgres___number_types() -%}
    {{ return({'double': 'double precision', 'float': 'double', 'numeric': none}) }}
{%- endmacro %}


{% macro postgres___is_finite(instant) -%}
    {{ return('isfinite(' ~ instant ~ ')') }}
{%- endmacro %}


{% macro postgres___md5(text) -%}
    {{ return('md5(' ~ text ~ ')') }}
{%- endmacro %}


{% macro postgres___any(condition) -%}
    {{ return('bool_or(' ~ condition ~ ')') }}
{%- endmacro %}


{% macro postgres___before_peers() -%}
    {{ return('groups between unbounded preceding and 1 preceding') }}
{%- endmacro %}


{% macro postgres___iso_instant(instant) -%}
    {{ return("'\"' || to_char(" ~ instant ~ ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') || '\"'") }}
{%- endmacro %}


{% macro postgres___bits(column, kind) -%}
    {%- set size = {'double': ('float8send', 64, 'bigint'), 'real': ('float4send', 32, 'integer')}[kind] -%}
    {{ return(
        "case when " ~ column ~ " = 'NaN' then 'NaN' else cast(cast(cast('x' || encode(" ~ size[0] ~ '('
        ~ column ~ "), 'hex') as bit(" ~ size[1] ~ ')) as ' ~ size[2] ~ ') as text) end'
    ) }}
{%- endmacro %}


{% macro postgres___hexadecimal(column) -%}
    {{ return("encode(" ~ column ~ ", 'hex')") }}
{%- endmacro %}


{% macro postgres___epoch_microseconds(instant) -%}
    {{ return('cast(extract(epoch from ' ~ instant ~ ') * 1000000 as bigint)') }}
{%- endmacro %}


{% macro postgres___hexadecimal_number(text, digits) -%}
    {{ return("cast(cast('x' || " ~ text ~ ' as bit(' ~ digits * 4 ~ ')) as bigint)') }}
{%- endmacro %}


{% macro postgres___matches(text, parts) -%}
    {{ return(text ~ ' ~ ' ~ feature_warehouse._pattern(parts)) }}
{%- endmacro %}


{% macro postgres___first_group(text, parts) -%}
    {{ return('substring(' ~ text ~ ' from ' ~ feature_warehouse._pattern(parts) ~ ')') }}
{%- endmacro %}


{% macro postgres___row_id() -%}
    {#- A place in a table, and which table: the partitions of one are several. -#}
    {{ return('tableoid, ctid') }}
{%- endmacro %}


{#- PostgreSQL cuts a longer name off and only mentions it:
    https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS -#}
{% macro postgres___name_fits(name) -%}
    {{ return(feature_warehouse._byte_length(name) <= 63) }}
{%- endmacro %}


{% macro postgres___utc_of_any(expression) -%}
    {{ return(
        "case pg_typeof(" ~ expression ~ ") when 'timestamptz'::regtype"
        ~ " then cast(" ~ expression ~ " as timestamptz) at time zone 'UTC'"
        ~ " else cast(" ~ expression ~ " as timestamp) end"
    ) }}
{%- endmacro %}


{% macro postgres___seconds_between(first, last) -%}
    {#- An infinite age is NULL, as DuckDB has it: PostgreSQL refuses to subtract. -#}
    {{ return(
        'cast(\n    extract(\n        epoch from nullif(' ~ last ~ ", 'infinity')\n        - nullif("
        ~ first ~ ", '-infinity')\n    ) * 1000000 as double precision\n) / 1e6"
    ) }}
{%- endmacro %}


{#- Before the origin older servers are wrong, so it is the beginning of time, or the first block that begins
    since then: 1970 is 2,440,550 days later. -#}
{% macro postgres___start_of_block(instant, length) -%}
    {%- set first = 2440550 * 86400000000 % length -%}
    {%- set origin = "timestamp '4713-01-01 BC'" ~ (' + ' ~ feature_warehouse._interval(first) if first) -%}
    {{ return(feature_warehouse._sql_call('date_bin', [feature_warehouse._interval(length), instant, origin])) }}
{%- endmacro %}


{#- DuckDB 2.0 computes some windows over a union up to six times as fast once it is a table. -#}
{% macro postgres___computed_once() -%}
    {{ return('') }}
{%- endmacro %}


{#- PostgreSQL has no aggregate that takes the value from one column and the order from another, in a
    window: a text of both does it, for what a type writes it reads again. -#}
{% macro postgres___ranked(rank, value, type) -%}
    {{ return("lpad(cast(" ~ rank ~ " as text), 19, '0')\n            || coalesce(':' || cast("
        ~ value ~ " as text), '') collate \"C\"") }}
{%- endmacro %}


{% macro postgres___unranked(state, type) -%}
    {%- set value = feature_warehouse._joined(
        ['case when length(' ~ state ~ ') > 19', 'then substr(' ~ state ~ ', 21)', 'end'], 12
    ) -%}
    {{ return('cast(\n        ' ~ value ~ ' as ' ~ type ~ '\n    )' if type else value) }}
{%- endmacro %}


{#- Both types as the warehouse calls them; of sizes only the digits of decimals change a value. -#}
{% macro postgres___types_of(relation, declared, digits) -%}
    {%- set rows = [] -%}
    {%- for name, type in declared.items() -%}
        {%- do rows.append(
            '(' ~ feature_warehouse._text_literal(name) ~ ', ' ~ feature_warehouse._text_literal(type) ~ ')'
        ) -%}
    {%- endfor -%}
    {%- set found = run_query(
        'select declared.name, format_type(cast(to_regtype(declared.type) as oid), null) as type,'
        ~ ' format_type(atttypid, atttypmod) as actual, format_type(atttypid, null) as kind'
        ~ ' from (values ' ~ rows | join(', ') ~ ') as declared (name, type)'
        ~ ' left join pg_attribute on attnum > 0 and not attisdropped and attname = declared.name'
        ~ ' and attrelid = cast(' ~ feature_warehouse._text_literal(relation | string) ~ ' as regclass)'
    ) -%}
    {%- set types = [] -%}
    {%- for name, type, actual, kind in found.rows -%}
        {%- set type = 'numeric(' ~ digits[name] | join(',') ~ ')' if digits[name] and type == 'numeric' else type -%}
        {%- do types.append((name, type, actual if kind == 'numeric' else kind)) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{#- PostgreSQL knows nothing of computed columns, and guesses that one row comes out of a condition on them or
    of a new table. Where it guesses one row it repeats the other side of a join for each: hours instead
    of seconds if there are many. All joins here are by equal keys, which need no loop. -#}
{% macro postgres___plan_without_guesses() -%}
    {{ return(['set local enable_nestloop = off']) }}
{%- endmacro %}


{% macro postgres___type_spellings() -%}
    {{ return({
        'smallint': ['int2'],
        'integer': ['int', 'int4'],
        'bigint': ['int8'],
        'text': ['varchar', 'character varying'],
        'char': ['character', 'bpchar', 'nchar', 'national character'],
        'boolean': ['bool'],
        'double precision': ['float8', 'float'],
        'real': ['float4'],
        'numeric': ['decimal', 'dec'],
        'timestamp': ['timestamp without time zone'],
        'timestamptz': ['timestamp with time zone'],
        'time': ['time without time zone'],
        'timetz': ['time with time zone'],
        'varbit': ['bit varying'],
    }) }}
{%- endmacro %}


{% macro postgres___square_type(type) -%}
    {{ return('bigint' if feature_warehouse._number_class(type) == 'small' else 'numeric') }}
{%- endmacro %}


{#- https://www.postgresql.org/docs/current/functions-aggregate.html and indexes of types without order. -#}
{% macro postgres___lacks(function, type) -%}
    {%- set name = modules.re.sub('\\s*\\(.*?\\)', '', type) -%}
    {%- if name in ('json', 'xml', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle') -%}
        {{ return('its values have no order') }}
    {%- elif function in ('min', 'max') and name in (
        'boolean', 'bool', 'uuid', 'jsonb', 'bit', 'bit varying', 'varbit', 'tsvector', 'tsquery', 'macaddr',
        'macaddr8'
    ) -%}
        {{ return('there is no ' ~ function ~ ' of them') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- What is left has in its bytes what its order does not tell. -#}
{% macro postgres___other_sort_keys(column, scalar, is_list) -%}
    {%- if scalar == 'float' and not is_list -%}
        {{ return([column, '(' ~ column ~ ' <> 0 or cast(' ~ column ~ " as text) = '0')"]) }}
    {%- elif scalar == 'float' -%}
        {{ return([
            column,
            'case when 0 = any(' ~ column ~ ') then cast(' ~ column ~ ' as text) end collate "C"',
        ]) }}
    {%- elif scalar in ('numeric', 'decimal', 'dec') and not is_list -%}
        {{ return([column, 'scale(' ~ column ~ ')']) }}
    {%- endif -%}
    {%- set bytes = 'record_send(row(' ~ column ~ '))' -%}
    {%- set text = 'cast(' ~ column ~ ' as text)' -%}
    {%- if not scalar -%}
        {#- Nobody knows the type: the row itself tells texts, and zeros with a sign. -#}
        {{ return([
            'case when cast(pg_typeof(' ~ column ~ ") as text) in ('text', 'character varying', 'citext') then "
            ~ text ~ ' end collate "C"',
            column, text ~ " <> '-0'", bytes,
        ]) }}
    {%- elif scalar in ('json', 'jsonb', 'xml', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle') -%}
        {{ return([bytes]) }}
    {%- elif modules.re.fullmatch(feature_warehouse._texts(), scalar) -%}
        {{ return([feature_warehouse._bytewise(column, scalar ~ '[]'), bytes]) }}
    {%- endif -%}
    {{ return([column, bytes]) }}
{%- endmacro %}


{#- dbt calls every text `character varying`, blank-padded ones too, and citext `USER-DEFINED`. An enum or a domain
    goes by several names, with and without its schema. -#}
{% macro postgres___column_types(relation) -%}
    {%- set types = {} -%}
    {%- for name, type in run_query(
        'select attname, format_type(atttypid, atttypmod) from pg_attribute'
        ~ ' inner join pg_type on pg_type.oid = atttypid'
        ~ " where attnum > 0 and not attisdropped and typtype = 'b' and attrelid = cast("
        ~ feature_warehouse._text_literal(relation.render()) ~ ' as regclass)'
    ).rows -%}
        {%- do types.update({name: type.split('.')[-1]}) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro postgres___bytewise_extreme(column, type) -%}
    {{ return(feature_warehouse._bytewise(column, type)) }}
{%- endmacro %}


{% macro postgres___whole_result(first, operator, last) -%}
    {{ return(
        'case when cast(' ~ first ~ ' as numeric) ' ~ operator ~ ' ' ~ last
        ~ ' between -9223372036854775808 and 9223372036854775807 then ' ~ first ~ ' ' ~ operator ~ ' ' ~ last ~ ' end'
    ) }}
{%- endmacro %}


{#- PostgreSQL's numeric may hold NaN, which is no decimal elsewhere. -#}
{% macro postgres___decimal_number(column) -%}
    {{ return('nullif(' ~ column ~ ", 'NaN')") }}
{%- endmacro %}


{% macro postgres___decimal_as_double(expression) -%}
    {{ return('cast(' ~ expression ~ ' as double precision)') }}
{%- endmacro %}


{#- Without it the planner would put each expression into those that name it. -#}
{% macro postgres___kept_apart() -%}
    {{ return('\n    offset 0') }}
{%- endmacro %}


{% macro postgres___session_mistake() -%}
    {{ return(none) }}
{%- endmacro %}


{% macro postgres___unsupported(node) -%}
    {{ return(none) }}
{%- endmacro %}


{% macro postgres___in_quotation_marks(name) -%}
    {{ return('"' ~ name | replace('"', '""') ~ '"') }}
{%- endmacro %}


{% macro postgres___within_literal(text) -%}
    {{ return(text | replace("'", "''")) }}
{%- endmacro %}


{% macro postgres___text_type() -%}
    {{ return('text') }}
{%- endmacro %}


{% macro postgres___byte_order() -%}
    {{ return(' collate "C"') }}
{%- endmacro %}


{% macro postgres___table_once() -%}
    {{ return('materialized ') }}
{%- endmacro %}


{% macro postgres___now() -%}
    {{ return("cast(current_timestamp at time zone 'UTC' as timestamp)") }}
{%- endmacro %}


{% macro postgres___before_all() -%}
    {{ return("timestamp '-infinity'") }}
{%- endmacro %}


{% macro postgres___epoch_days(date) -%}
    {{ return("cast(" ~ date ~ " - date '1970-01-01' as bigint)") }}
{%- endmacro %}


{% macro postgres___whole_sum(number) -%}
    {{ return('sum(' ~ number ~ ')') }}
{%- endmacro %}


{% macro postgres___summand(expression, type) -%}
    {{ return(expression) }}
{%- endmacro %}


{% macro postgres___day_of_week() -%}
    {{ return('isodow') }}
{%- endmacro %}


{% macro postgres___whole_double(function, number) -%}
    {{ return(function ~ '(' ~ number ~ ')') }}
{%- endmacro %}


{% macro postgres___each_match() -%}
    {{ return(", 'g'") }}
{%- endmacro %}


{% macro postgres___group_found(number) -%}
    {{ return('\\' ~ number) }}
{%- endmacro %}


{% macro postgres___greatest(arguments) -%}
    {{ return('greatest(' ~ arguments ~ ')') }}
{%- endmacro %}


{% macro postgres___least(arguments) -%}
    {{ return('least(' ~ arguments ~ ')') }}
{%- endmacro %}


{% macro postgres___concat_ws(separator, arguments) -%}
    {{ return(feature_warehouse._sql_call('concat_ws', [separator] + arguments)) }}
{%- endmacro %}


{% macro postgres___zoned_to_utc(instant) -%}
    {{ return('(' ~ instant ~ " at time zone 'UTC')") }}
{%- endmacro %}


{% macro postgres___utc_to_zoned(instant) -%}
    {{ return(instant ~ " at time zone 'UTC'") }}
{%- endmacro %}


{% macro postgres___reserved_words() -%}
    {{ return([]) }}
{%- endmacro %}
