{#- Instants written by a person, such as '2013-07-01 12:00:00' or '2013-07-01T12:00:00Z'. -#}

{% macro _instant_microseconds(text) -%}
    {#- Microseconds since 1970 in UTC; none if the text is not an instant. Without an offset it is UTC. -#}
    {%- set form = '^([0-9]{4})-([0-9]{2})-([0-9]{2})'
        ~ '(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,6}))?)?)?'
        ~ '(?:Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)?$' -%}
    {%- set found = modules.re.findall(form, text | string | trim) -%}
    {%- if not found -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set texts = found[0] | list -%}
    {%- set numbers = [] -%}
    {%- for digits in texts -%}
        {%- do numbers.append((digits or 0) | int) -%}
    {%- endfor -%}
    {%- set year, month, day, hour, minute, second = numbers[:6] -%}
    {%- set leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) -%}
    {%- set days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] -%}
    {%- if not (year > 0 and month in range(1, 13) and hour < 24 and minute < 60 and second < 60)
        or day not in range(1, days[month - 1] + 1) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set passed = modules.datetime.datetime(year, month, day, hour, minute, second)
        - modules.datetime.datetime(1970, 1, 1) -%}
    {%- set offset = numbers[8] * 60 + numbers[9] -%}
    {%- set seconds = passed.days * 86400 + passed.seconds
        - offset * (-60 if texts[7] == '-' else 60) -%}
    {%- set fraction = ((texts[6] or '') ~ '000000')[:6] | int -%}
    {{ return(seconds * 1000000 + fraction) }}
{%- endmacro %}


{% macro _instant_mistakes(role, text) -%}
    {#- The mistake of writing an instant that is none. -#}
    {%- if text is none or feature_warehouse._instant_microseconds(text) is not none -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return([role ~ " '" ~ text ~ "' is not an instant; write it as 2013-07-01T12:00:00Z"]) }}
{%- endmacro %}


{% macro _instant(text) -%}
    {#- The instant as a TIMESTAMP literal in UTC. -#}
    {%- set microseconds = feature_warehouse._instant_microseconds(text) -%}
    {%- if microseconds is none -%}
        {{ exceptions.raise_compiler_error(
            'feature_warehouse: ' ~ feature_warehouse._instant_mistakes('the instant', text)[0]
        ) }}
    {%- endif -%}
    {%- set instant = modules.datetime.datetime(1970, 1, 1)
        + modules.datetime.timedelta(microseconds=microseconds) -%}
    {{ return("timestamp '" ~ instant.isoformat() | replace('T', ' ') ~ "'") }}
{%- endmacro %}
