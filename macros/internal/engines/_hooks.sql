{#- All that differs by engine: each hook `_x` is implemented as `duckdb___x` in duckdb.sql, as `postgres___x`
    in postgres.sql, and so on. Another engine is one more such file, and a file in python/feature_warehouse/engines. An
    adapter that dbt derives from another one, such as databricks from spark, finds the answers of that for all hooks but
    those that its own file implements.

    All other SQL is written once, and every engine is expected to know it: `is distinct from`, `nulls first`,
    `interval '3 hours'`, `timestamp '...'` in UTC, `numeric(p,s)`, DuckDB's form of ASOF JOIN where `_can('asof_join')`,
    and a WINDOW clause where `_can('statistics')` or `_can('ignores_nulls')`. For an engine that lacks one of these, make it a hook. -#}

{% macro _engine() -%}
    {#- The `adapter` that the answers are for, and the `file` of its database if that is one. An adapter
        that is derived from another one finds the answers of that, which are not its own. -#}
    {{ return(adapter.dispatch('_engine', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro default___engine() -%}
    {#- No answer of an engine that nobody has written one for. -#}
    {{ return(none) }}
{%- endmacro %}


{% macro _can(capability) -%}
    {#- What algorithms are chosen by:
        asof_join            has ASOF JOIN, faster than a timeline of views and labels;
        orders_structs       compares structs field by field, NULL lowest, so that a join is a running maximum;
        index_lookup         finds one entity's newest row by an index faster than by a join;
        ignores_nulls        has IGNORE NULLS for window functions, which carry a value along;
        cheap_frames         computes a frame that moves without starting anew at each row;
        unlimited_numeric    has numbers that hold the sum of any doubles exactly;
        comments_on_columns  has COMMENT ON COLUMN, and takes many in one hook;
        needs_microbatch_key replaces a batch by a unique key;
        named_windows        has a WINDOW clause;
        match_condition      has ASOF JOIN with MATCH_CONDITION, which keeps labels that find nothing;
        statistics           knows the functions of `feature_statistics`. -#}
    {{ return(adapter.dispatch('_capabilities', 'feature_warehouse')()[capability]) }}
{%- endmacro %}


{% macro _plan_without_guesses() -%}
    {#- Statements before one whose plan would hang on a wrong guess of how many rows there are. -#}
    {{ return(adapter.dispatch('_plan_without_guesses', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _computed_once() -%}
    {#- What stands before the parenthesis of a common table expression that is to be a table. -#}
    {{ return(adapter.dispatch('_computed_once', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _name_fits(name) -%}
    {#- Whether the warehouse keeps the whole name of a column. -#}
    {{ return(adapter.dispatch('_name_fits', 'feature_warehouse')(name)) }}
{%- endmacro %}


{% macro _row_id() -%}
    {#- Columns that tell rows of a table apart, even equal ones, within one statement. -#}
    {{ return(adapter.dispatch('_row_id', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _types_of(relation, declared, digits) -%}
    {#- Name, declared type and actual type of each column that is declared, as the engine spells both; no
        actual type where there is no such column. `digits` are those of the declared decimals. -#}
    {{ return(adapter.dispatch('_types_of', 'feature_warehouse')(relation, declared, digits)) }}
{%- endmacro %}


{% macro _type_spellings() -%}
    {#- Other names of types, by the name that they have on all engines. -#}
    {{ return(adapter.dispatch('_type_spellings', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _number_types() -%}
    {#- `double`: the name of 64 bit floats; `float`: what FLOAT is; `numeric`: DECIMAL's digits, if limited. -#}
    {{ return(adapter.dispatch('_number_types', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _square_type(type) -%}
    {#- The type in which whole numbers of a type are squared. -#}
    {{ return(adapter.dispatch('_square_type', 'feature_warehouse')(type)) }}
{%- endmacro %}


{% macro _lacks(function, type) -%}
    {#- What a type lacks for an aggregate of window features; none if it lacks nothing. -#}
    {{ return(adapter.dispatch('_lacks', 'feature_warehouse')(function, type)) }}
{%- endmacro %}


{% macro _is_finite(instant) -%}
    {#- Whether a timestamp is neither infinity. -#}
    {{ return(adapter.dispatch('_is_finite', 'feature_warehouse')(instant)) }}
{%- endmacro %}


{% macro _utc_of_any(expression) -%}
    {#- An instant of a type that is not known, as TIMESTAMP in UTC. -#}
    {{ return(adapter.dispatch('_utc_of_any', 'feature_warehouse')(expression)) }}
{%- endmacro %}


{% macro _epoch_microseconds(instant) -%}
    {#- A finite TIMESTAMP in UTC as microseconds since 1970. -#}
    {{ return(adapter.dispatch('_epoch_microseconds', 'feature_warehouse')(instant)) }}
{%- endmacro %}


{% macro _seconds_between(first, last) -%}
    {#- Seconds between two instants: microseconds as a double, divided by a million; NULL if one is infinite. -#}
    {{ return(adapter.dispatch('_seconds_between', 'feature_warehouse')(first, last)) }}
{%- endmacro %}


{% macro _start_of_block(instant, length) -%}
    {#- When the block of a length in microseconds began in which an instant lies; a block begins with 1970. -#}
    {{ return(adapter.dispatch('_start_of_block', 'feature_warehouse')(instant, length)) }}
{%- endmacro %}


{% macro _iso_instant(instant) -%}
    {#- A TIMESTAMP in UTC in ISO 8601 as a JSON text. -#}
    {{ return(adapter.dispatch('_iso_instant', 'feature_warehouse')(instant)) }}
{%- endmacro %}


{% macro _bits(column, kind) -%}
    {#- The bits of a floating point number (`double` or `real`) as an integer's text; NaN has one text. -#}
    {{ return(adapter.dispatch('_bits', 'feature_warehouse')(column, kind)) }}
{%- endmacro %}


{% macro _hexadecimal(column) -%}
    {#- Bytes as lower-case hexadecimal digits. -#}
    {{ return(adapter.dispatch('_hexadecimal', 'feature_warehouse')(column)) }}
{%- endmacro %}


{% macro _md5(text) -%}
    {#- The MD5 digest of a text, as 32 lower-case hexadecimal digits. -#}
    {{ return(adapter.dispatch('_md5', 'feature_warehouse')(text)) }}
{%- endmacro %}


{% macro _hexadecimal_number(text, digits) -%}
    {#- The number that some hexadecimal digits are, at most 15. -#}
    {{ return(adapter.dispatch('_hexadecimal_number', 'feature_warehouse')(text, digits)) }}
{%- endmacro %}


{% macro _matches(text, parts) -%}
    {#- Whether a regular expression, given in parts, is found in a text. -#}
    {{ return(adapter.dispatch('_matches', 'feature_warehouse')(text, parts)) }}
{%- endmacro %}


{% macro _first_group(text, parts) -%}
    {#- What the first group of a regular expression found; NULL if it found nothing. -#}
    {{ return(adapter.dispatch('_first_group', 'feature_warehouse')(text, parts)) }}
{%- endmacro %}


{% macro _any(condition) -%}
    {#- The aggregate that is true if a condition is in any row. -#}
    {{ return(adapter.dispatch('_any', 'feature_warehouse')(condition)) }}
{%- endmacro %}


{% macro _before_peers() -%}
    {#- The frame of all rows that sort before the current one, without those that sort like it. -#}
    {{ return(adapter.dispatch('_before_peers', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _ranked(rank, value, type) -%}
    {#- A rank and a value as one, which sorts by the rank. -#}
    {{ return(adapter.dispatch('_ranked', 'feature_warehouse')(rank, value, type)) }}
{%- endmacro %}


{% macro _unranked(state, type) -%}
    {#- The value of `_ranked`, in its type. -#}
    {{ return(adapter.dispatch('_unranked', 'feature_warehouse')(state, type)) }}
{%- endmacro %}


{% macro _other_sort_keys(column, scalar, is_list) -%}
    {#- The sort keys of types that engines have not in common, see `_sort_keys`. -#}
    {{ return(adapter.dispatch('_other_sort_keys', 'feature_warehouse')(column, scalar, is_list)) }}
{%- endmacro %}


{% macro _bytewise_extreme(column, type) -%}
    {#- A column of which the least or greatest value is taken, texts by their bytes. -#}
    {{ return(adapter.dispatch('_bytewise_extreme', 'feature_warehouse')(column, type)) }}
{%- endmacro %}


{% macro _column_types(relation) -%}
    {#- The types of a table's or view's columns, by name; without those that users have made. -#}
    {{ return(adapter.dispatch('_column_types', 'feature_warehouse')(relation)) }}
{%- endmacro %}


{% macro _whole_result(first, operator, last) -%}
    {#- The sum, difference or product of two BIGINT; NULL if it is none. -#}
    {{ return(adapter.dispatch('_whole_result', 'feature_warehouse')(first, operator, last)) }}
{%- endmacro %}


{% macro _decimal_number(column) -%}
    {#- A decimal; NULL if it is no number. -#}
    {{ return(adapter.dispatch('_decimal_number', 'feature_warehouse')(column)) }}
{%- endmacro %}


{% macro _decimal_as_double(expression) -%}
    {#- The double that is nearest to a decimal, the even one of two. -#}
    {{ return(adapter.dispatch('_decimal_as_double', 'feature_warehouse')(expression)) }}
{%- endmacro %}


{% macro _kept_apart() -%}
    {#- What stands after FROM in a query whose columns the engine would else compute wherever they are named. -#}
    {{ return(adapter.dispatch('_kept_apart', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _session_mistake() -%}
    {#- What is wrong with the session of a run, by which the same SQL would mean something else; none if nothing is. -#}
    {{ return(adapter.dispatch('_session_mistake', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _unsupported(node) -%}
    {#- What a node asks for and this package does not do on the engine; none if there is nothing. -#}
    {{ return(adapter.dispatch('_unsupported', 'feature_warehouse')(node)) }}
{%- endmacro %}


{% macro _in_quotation_marks(name) -%}
    {#- A name as an identifier in quotation marks. -#}
    {{ return(adapter.dispatch('_in_quotation_marks', 'feature_warehouse')(name)) }}
{%- endmacro %}


{% macro _within_literal(text) -%}
    {#- A text as it is written between the quotes of a literal. -#}
    {{ return(adapter.dispatch('_within_literal', 'feature_warehouse')(text)) }}
{%- endmacro %}


{% macro _text_type() -%}
    {#- The type of texts. -#}
    {{ return(adapter.dispatch('_text_type', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _byte_order() -%}
    {#- What stands after a text that is compared by its bytes. -#}
    {{ return(adapter.dispatch('_byte_order', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _table_once() -%}
    {#- What stands before the parenthesis of a common table expression whose rows must be computed once. -#}
    {{ return(adapter.dispatch('_table_once', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _now() -%}
    {#- The present instant in UTC. -#}
    {{ return(adapter.dispatch('_now', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _before_all() -%}
    {#- An instant before all others. -#}
    {{ return(adapter.dispatch('_before_all', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _epoch_days(date) -%}
    {#- A finite date as days since 1970. -#}
    {{ return(adapter.dispatch('_epoch_days', 'feature_warehouse')(date)) }}
{%- endmacro %}


{% macro _whole_sum(number) -%}
    {#- The exact sum of a BIGINT over any number of rows. -#}
    {{ return(adapter.dispatch('_whole_sum', 'feature_warehouse')(number)) }}
{%- endmacro %}


{% macro _summand(expression, type) -%}
    {#- A number of an exact type as one whose sums and squares are exact, ten billion of them. -#}
    {{ return(adapter.dispatch('_summand', 'feature_warehouse')(expression, type)) }}
{%- endmacro %}


{% macro _day_of_week() -%}
    {#- The field of EXTRACT that is 1 for Monday and 7 for Sunday. -#}
    {{ return(adapter.dispatch('_day_of_week', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _whole_double(function, number) -%}
    {#- The double that is FLOOR or CEIL of a double up to 1e150. -#}
    {{ return(adapter.dispatch('_whole_double', 'feature_warehouse')(function, number)) }}
{%- endmacro %}


{% macro _each_match() -%}
    {#- The last argument of REGEXP_REPLACE that has it replace each match. -#}
    {{ return(adapter.dispatch('_each_match', 'feature_warehouse')()) }}
{%- endmacro %}


{% macro _group_found(number) -%}
    {#- A group of what REGEXP_REPLACE has found, in the replacement. -#}
    {{ return(adapter.dispatch('_group_found', 'feature_warehouse')(number)) }}
{%- endmacro %}


{% macro _greatest(arguments) -%}
    {#- The greatest of arguments that are not NULL; NULL if all are. -#}
    {{ return(adapter.dispatch('_greatest', 'feature_warehouse')(arguments)) }}
{%- endmacro %}


{% macro _least(arguments) -%}
    {#- The least of arguments that are not NULL; NULL if all are. -#}
    {{ return(adapter.dispatch('_least', 'feature_warehouse')(arguments)) }}
{%- endmacro %}


{% macro _concat_ws(separator, arguments) -%}
    {#- One text of those of a list that are not NULL, with a separator, a literal, between them; '' if all are. -#}
    {{ return(adapter.dispatch('_concat_ws', 'feature_warehouse')(separator, arguments)) }}
{%- endmacro %}


{% macro _zoned_to_utc(instant) -%}
    {#- An instant of a type with a time zone as TIMESTAMP in UTC. -#}
    {{ return(adapter.dispatch('_zoned_to_utc', 'feature_warehouse')(instant)) }}
{%- endmacro %}


{% macro _utc_to_zoned(instant) -%}
    {#- A TIMESTAMP in UTC as an instant of a type with a time zone. -#}
    {{ return(adapter.dispatch('_utc_to_zoned', 'feature_warehouse')(instant)) }}
{%- endmacro %}


{% macro _reserved_words() -%}
    {#- Words beside those of `_quote` that cannot be the name of a column without quotation marks. -#}
    {{ return(adapter.dispatch('_reserved_words', 'feature_warehouse')()) }}
{%- endmacro %}
