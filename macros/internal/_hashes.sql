{#- Values as texts, and texts as numbers, that are the same on every warehouse. -#}

{% macro _kind(data_type) -%}
    {#- What a column's type is in both warehouses' terms; none for a type without a common text. -#}
    {%- set type = modules.re.sub('\\s*\\(.*?\\)', '', data_type or '') | lower | trim -%}
    {%- set kinds = {
        'text': ['text', 'varchar', 'character varying', 'string', 'char', 'character', 'bpchar'],
        'plain': [
            'smallint', 'integer', 'int', 'bigint', 'int2', 'int4', 'int8', 'tinyint', 'hugeint',
            'utinyint', 'usmallint', 'uinteger', 'ubigint', 'uhugeint', 'short', 'long', 'uuid',
            'boolean', 'bool', 'numeric', 'decimal',
        ],
        'double': ['double precision', 'double', 'float8'],
        'real': ['real', 'float4'],
        'date': ['date'],
        'bytes': ['bytea', 'blob'],
    } -%}
    {%- if '[]' in (data_type or '') -%}
        {{ return(none) }}
    {%- elif type == 'float' -%}
        {{ return(adapter.dispatch('_kind_of_float', 'feature_warehouse')()) }}
    {%- elif type != 'date' and feature_warehouse._is_timestamp_type(data_type) -%}
        {{ return('timestamp') }}
    {%- endif -%}
    {%- for kind, names in kinds.items() if type in names -%}
        {{ return(kind) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{% macro default___kind_of_float() -%}
    {{ return('double') }}
{%- endmacro %}


{% macro duckdb___kind_of_float() -%}
    {{ return('real') }}
{%- endmacro %}


{% macro _as_text(column, data_type) -%}
    {#- The text of a value: floating point numbers by their exact bits, instants in microseconds UTC,
        dates in days since 1970, bytes in hexadecimal digits. Types without a common text are cast. -#}
    {%- set kind = feature_warehouse._kind(data_type) -%}
    {%- if kind == 'text' -%}
        {{ return(column) }}
    {%- elif kind in ('double', 'real') -%}
        {{ return(adapter.dispatch('_bits', 'feature_warehouse')(column, kind)) }}
    {%- elif kind == 'bytes' -%}
        {{ return(adapter.dispatch('_hexadecimal', 'feature_warehouse')(column)) }}
    {%- elif kind in ('timestamp', 'date') -%}
        {%- set number = "cast(" ~ column ~ " - date '1970-01-01' as bigint)" if kind == 'date' else
            adapter.dispatch('_epoch_microseconds', 'feature_warehouse')(
                feature_warehouse._utc(column, data_type)
            ) -%}
        {#- Infinity has no number. -#}
        {{ return(
            'case when isfinite(' ~ column ~ ') then cast(' ~ number ~ ' as text) else cast('
            ~ column ~ ' as text) end'
        ) }}
    {%- endif -%}
    {{ return('cast(' ~ column ~ ' as text)') }}
{%- endmacro %}


{% macro default___bits(column, kind) -%}
    {%- set size = {'double': ('float8send', 64, 'bigint'), 'real': ('float4send', 32, 'integer')}[kind] -%}
    {{ return(
        "case when " ~ column ~ " = 'NaN' then 'NaN' else cast(cast(cast('x' || encode(" ~ size[0] ~ '('
        ~ column ~ "), 'hex') as bit(" ~ size[1] ~ ')) as ' ~ size[2] ~ ') as text) end'
    ) }}
{%- endmacro %}


{% macro duckdb___bits(column, kind) -%}
    {%- set integer = {'double': 'bigint', 'real': 'integer'}[kind] -%}
    {{ return(
        'case when isnan(' ~ column ~ ") then 'NaN' else cast(cast(cast(" ~ column
        ~ ' as bit) as ' ~ integer ~ ') as text) end'
    ) }}
{%- endmacro %}


{% macro default___hexadecimal(column) -%}
    {{ return("encode(" ~ column ~ ", 'hex')") }}
{%- endmacro %}


{% macro duckdb___hexadecimal(column) -%}
    {{ return('lower(hex(' ~ column ~ '))') }}
{%- endmacro %}


{% macro default___epoch_microseconds(instant) -%}
    {{ return('cast(extract(epoch from ' ~ instant ~ ') * 1000000 as bigint)') }}
{%- endmacro %}


{% macro duckdb___epoch_microseconds(instant) -%}
    {{ return('epoch_us(' ~ instant ~ ')') }}
{%- endmacro %}


{#- Digits sort before letters by their bytes, and who knows how in a language. -#}
{% macro default___hash_digits(digest, first, digits) -%}
    {{ return('substr(' ~ digest ~ ', ' ~ first ~ ', ' ~ digits ~ ') collate "C"') }}
{%- endmacro %}


{% macro duckdb___hash_digits(digest, first, digits) -%}
    {{ return('substr(' ~ digest ~ ', ' ~ first ~ ', ' ~ digits ~ ')') }}
{%- endmacro %}


{% macro _hash_part(digest, first, digits) -%}
    {#- Some hexadecimal digits of an MD5 digest as a number; at most 15 digits. -#}
    {{ return(adapter.dispatch('_hash_part', 'feature_warehouse')(
        'substr(' ~ digest ~ ', ' ~ first ~ ', ' ~ digits ~ ')', digits
    )) }}
{%- endmacro %}


{% macro default___hash_part(text, digits) -%}
    {{ return("cast(cast('x' || " ~ text ~ ' as bit(' ~ digits * 4 ~ ')) as bigint)') }}
{%- endmacro %}


{% macro duckdb___hash_part(text, digits) -%}
    {{ return("cast('0x' || " ~ text ~ ' as bigint)') }}
{%- endmacro %}
