{#- Lengths of time are fixed: a day is 24 hours. They are compiled to hours and smaller units only,
    because PostgreSQL adds a calendar day across a daylight saving change. -#}

{% macro _microseconds(text) -%}
    {#- A length such as '3 hours' or '1 day 12 hours' in microseconds, none if it is no such text. -#}
    {%- set units = {
        'microsecond': 1,
        'millisecond': 1000,
        'second': 1000000,
        'minute': 60000000,
        'hour': 3600000000,
        'day': 86400000000,
        'week': 604800000000,
    } -%}
    {%- set part = '([0-9]+)\\s*(' ~ units | join('|') ~ ')s?' -%}
    {%- set phrase = text | string | lower | trim -%}
    {%- if not modules.re.fullmatch(part ~ '(\\s+' ~ part ~ ')*', phrase) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set total = namespace(microseconds=0) -%}
    {%- for amount, unit in modules.re.findall(part, phrase) -%}
        {%- set total.microseconds = total.microseconds + amount | int * units[unit] -%}
    {%- endfor -%}
    {{ return(total.microseconds) }}
{%- endmacro %}


{% macro _interval(microseconds) -%}
    {#- The SQL literal of a length: interval '3 hours'. -#}
    {%- set units = [
        ('hour', 3600000000),
        ('minute', 60000000),
        ('second', 1000000),
        ('millisecond', 1000),
        ('microsecond', 1),
    ] -%}
    {%- for unit, size in units if microseconds % size == 0 -%}
        {%- set amount = microseconds // size -%}
        {{ return("interval '" ~ amount ~ ' ' ~ unit ~ ('' if amount == 1 else 's') ~ "'") }}
    {%- endfor -%}
{%- endmacro %}


{% macro _fixed_length(role, text) -%}
    {#- A length of time in microseconds; stops where it is none. -#}
    {%- set microseconds = feature_warehouse._microseconds(text) -%}
    {%- if microseconds is none -%}
        {{ exceptions.raise_compiler_error(
            'feature_warehouse: ' ~ role ~ " '" ~ text ~ "' is not a fixed length of time; write one such"
            ~ " as '90 minutes'"
        ) }}
    {%- endif -%}
    {{ return(microseconds) }}
{%- endmacro %}
