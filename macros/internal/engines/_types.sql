{#- What declared types are, by their texts. -#}

{% macro _kind(data_type) -%}
    {#- What a column's type is in both warehouses' terms; none for a type without a common text. -#}
    {%- set type = modules.re.sub('\\s*\\(.*?\\)', '', data_type or '') | lower | trim -%}
    {%- set kinds = {
        'text': ['text', 'varchar', 'character varying', 'string', 'char', 'character', 'bpchar'],
        'plain': [
            'smallint', 'integer', 'int', 'bigint', 'int2', 'int4', 'int8', 'tinyint', 'hugeint',
            'utinyint', 'usmallint', 'uinteger', 'ubigint', 'uhugeint', 'short', 'long', 'uuid',
            'boolean', 'bool', 'numeric', 'decimal', 'number',
        ],
        'double': ['double precision', 'double', 'float8'],
        'real': ['real', 'float4'],
        'date': ['date'],
        'bytes': ['bytea', 'blob', 'binary'],
    } -%}
    {%- if '[]' in (data_type or '') -%}
        {{ return(none) }}
    {%- elif type == 'float' -%}
        {{ return(feature_warehouse._number_types().float) }}
    {%- elif type != 'date' and feature_warehouse._is_timestamp_type(data_type) -%}
        {{ return('timestamp') }}
    {%- endif -%}
    {%- for kind, names in kinds.items() if type in names -%}
        {{ return(kind) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _is_timestamp_type(data_type) -%}
    {#- Whether a data type is a timestamp or a date. -#}
    {{ return(
        data_type is string
        and modules.re.fullmatch(
            '(?:date|datetime|timestamp(_s|_ms|_us|_ns)?|timestamp_?(ntz|ltz|tz)(\\s*\\(\\s*\\d\\s*\\))?'
            ~ '|timestamp\\s*(\\(\\s*\\d\\s*\\))?(\\s+(with|without)\\s+time\\s+zone)?)$',
            data_type | lower | trim
        ) is not none
    ) }}
{%- endmacro %}


{% macro _number_class(type) -%}
    {#- How a type adds up: exactly (`small` if its squares do as well), as a double, or not at all. -#}
    {%- set name = modules.re.sub('\\s*\\(.*', '', type or '') | lower | trim -%}
    {%- if (type or '').endswith(']') -%}
        {{ return(none) }}
    {%- elif name in (
        'smallint', 'integer', 'int', 'int2', 'int4', 'tinyint', 'short', 'utinyint', 'usmallint', 'uinteger'
    ) -%}
        {{ return('small') }}
    {%- elif name in ('bigint', 'int8', 'long', 'ubigint', 'hugeint', 'uhugeint', 'numeric', 'decimal', 'number') -%}
        {{ return('exact') }}
    {%- elif name in ('double precision', 'double', 'float8', 'real', 'float4', 'float') -%}
        {{ return('double') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _digits(type) -%}
    {#- All digits of a decimal and those after the point, none for another type or one without limits. -#}
    {%- set found = modules.re.findall(
        '^\\s*(numeric|decimal|number)\\s*(?:\\(\\s*(\\d+)\\s*(?:,\\s*(\\d+)\\s*)?\\))?\\s*$', (type or '') | lower
    ) -%}
    {%- if found and found[0][1] -%}
        {{ return((found[0][1] | int, (found[0][2] or 0) | int)) }}
    {%- endif -%}
    {{ return(feature_warehouse._number_types().numeric if found else none) }}
{%- endmacro %}


{% macro _has_order(data_type) -%}
    {#- Whether values of a type can be sorted. -#}
    {{ return((data_type or '') | lower | trim not in ('json', 'xml', 'point', 'variant')) }}
{%- endmacro %}
