{% macro _is_timestamp_type(data_type) -%}
    {{ return(
        data_type is string
        and modules.re.fullmatch(
            'date|datetime|timestamp(_s|_ms|_us|_ns)?|timestamptz'
            ~ '|timestamp\\s*(\\(\\s*\\d\\s*\\))?(\\s+(with|without)\\s+time\\s+zone)?',
            data_type | lower | trim
        ) is not none
    ) }}
{%- endmacro %}


{% macro _utc(expression, data_type=none) -%}
    {#- An instant as TIMESTAMP in UTC, whatever the session's time zone. Without a data type the SQL
        finds out by itself: correct for TIMESTAMP, TIMESTAMPTZ and DATE, only longer. -#}
    {%- if data_type is none -%}
        {{ return(adapter.dispatch('_utc_of_any', 'feature_warehouse')(expression)) }}
    {%- endif -%}
    {%- set type = data_type | lower | trim -%}
    {%- if type == 'timestamptz' or 'with time zone' in type -%}
        {{ return('(' ~ expression ~ " at time zone 'UTC')") }}
    {%- elif type in ('date', 'timestamp_s', 'timestamp_ms', 'timestamp_ns') -%}
        {{ return('cast(' ~ expression ~ ' as timestamp)') }}
    {%- endif -%}
    {{ return(expression) }}
{%- endmacro %}


{% macro default___utc_of_any(expression) -%}
    {{ return(
        "case pg_typeof(" ~ expression ~ ") when 'timestamptz'::regtype"
        ~ " then cast(" ~ expression ~ " as timestamptz) at time zone 'UTC'"
        ~ " else cast(" ~ expression ~ " as timestamp) end"
    ) }}
{%- endmacro %}


{% macro duckdb___utc_of_any(expression) -%}
    {#- Infinity has no microseconds, and is the same in every time zone. -#}
    {{ return(
        'case when isfinite(' ~ expression ~ ') then make_timestamp(epoch_us(' ~ expression
        ~ ')) else cast(' ~ expression ~ ' as timestamp) end'
    ) }}
{%- endmacro %}


{% macro default___seconds_between(first, last) -%}
    {#- An infinite age is NULL, as DuckDB has it: PostgreSQL refuses to subtract. -#}
    {{ return(
        'cast(\n    extract(\n        epoch from nullif(' ~ last ~ ", 'infinity')\n        - nullif("
        ~ first ~ ", '-infinity')\n    ) as double precision\n)"
    ) }}
{%- endmacro %}


{% macro duckdb___seconds_between(first, last) -%}
    {{ return('(epoch_us(' ~ last ~ ') - epoch_us(' ~ first ~ ')) / 1e6') }}
{%- endmacro %}


{% macro _in_type(expression, type, wanted) -%}
    {#- An instant of one type as another. -#}
    {%- set has_zone = 'tz' in wanted | lower or 'with time zone' in wanted | lower -%}
    {%- if type | lower == wanted | lower -%}
        {{ return(expression) }}
    {%- endif -%}
    {%- set instant = feature_warehouse._utc(expression, type) -%}
    {{ return(
        instant ~ " at time zone 'UTC'" if has_zone else 'cast(' ~ instant ~ ' as ' ~ wanted ~ ')'
    ) }}
{%- endmacro %}
