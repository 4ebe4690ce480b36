{#- Values in forms that are the same on every engine. -#}

{% macro _as_text(column, data_type) -%}
    {#- The text of a value: floating point numbers by their exact bits, instants in microseconds UTC,
        dates in days since 1970, bytes in hexadecimal digits. Types without a common text are cast. -#}
    {%- set kind = feature_warehouse._kind(data_type) -%}
    {%- if kind == 'text' -%}
        {{ return(column) }}
    {%- elif kind in ('double', 'real') -%}
        {{ return(feature_warehouse._bits(column, kind)) }}
    {%- elif kind == 'bytes' -%}
        {{ return(feature_warehouse._hexadecimal(column)) }}
    {%- elif kind in ('timestamp', 'date') -%}
        {%- set number = feature_warehouse._epoch_days(column) if kind == 'date' else
            feature_warehouse._epoch_microseconds(feature_warehouse._utc(column, data_type)) -%}
        {#- Infinity has no number. -#}
        {{ return(
            'case when ' ~ feature_warehouse._is_finite(column) ~ ' then ' ~ feature_warehouse._to_text(number) ~ ' else '
            ~ feature_warehouse._to_text(column) ~ ' end'
        ) }}
    {%- endif -%}
    {{ return(feature_warehouse._to_text(column)) }}
{%- endmacro %}


{% macro _hash_part(digest, first, digits) -%}
    {#- Some hexadecimal digits of an MD5 digest as a number; at most 15 digits. -#}
    {{ return(feature_warehouse._hexadecimal_number(
        'substr(' ~ digest ~ ', ' ~ first ~ ', ' ~ digits ~ ')', digits
    )) }}
{%- endmacro %}


{% macro _utc(expression, data_type=none) -%}
    {#- An instant as TIMESTAMP in UTC, whatever the session's time zone. Without a data type the SQL
        finds out by itself: correct for TIMESTAMP, TIMESTAMPTZ and DATE, only longer. -#}
    {%- if data_type is none -%}
        {{ return(feature_warehouse._utc_of_any(expression)) }}
    {%- endif -%}
    {%- set type = data_type | lower | trim -%}
    {%- if feature_warehouse._has_zone(type) -%}
        {{ return(feature_warehouse._zoned_to_utc(expression)) }}
    {%- elif type in ('date', 'timestamp_s', 'timestamp_ms', 'timestamp_ns', 'timestamp_ntz') -%}
        {{ return('cast(' ~ expression ~ ' as timestamp)') }}
    {%- endif -%}
    {{ return(expression) }}
{%- endmacro %}


{% macro _has_zone(type) -%}
    {#- Whether a type is a timestamp with a time zone, by the names that engines have for it. -#}
    {{ return(modules.re.fullmatch(
        '(?:timestamp_?l?tz|timestamp with (local )?time zone)$',
        modules.re.sub('\\s+', ' ', modules.re.sub('\\s*\\(.*?\\)', '', type | lower)) | trim
    ) is not none) }}
{%- endmacro %}


{% macro _in_type(expression, type, wanted) -%}
    {#- An instant of one type as another. -#}
    {%- if type | lower == wanted | lower -%}
        {{ return(expression) }}
    {%- endif -%}
    {%- set instant = feature_warehouse._utc(expression, type) -%}
    {{ return(
        feature_warehouse._utc_to_zoned(instant) if feature_warehouse._has_zone(wanted)
        else 'cast(' ~ instant ~ ' as ' ~ wanted ~ ')'
    ) }}
{%- endmacro %}


{% macro _as_double(expression) -%}
    {#- Of a number, or of a column that is to be NULL. -#}
    {{ return('cast(' ~ expression ~ ' as ' ~ feature_warehouse._number_types().double ~ ')') }}
{%- endmacro %}


{% macro _comparable(column, data_type) -%}
    {#- PostgreSQL compares no JSON. -#}
    {%- set type = (data_type or '') | lower | trim -%}
    {{ return(feature_warehouse._to_text(column) if type in ('json', 'xml', 'point') else column) }}
{%- endmacro %}
