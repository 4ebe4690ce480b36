{% macro _claim_window_names(taken, features, mistakes) -%}
    {#- DuckDB takes names that differ in case for the same; PostgreSQL cuts them off at 63 bytes. -#}
    {%- set names = taken | map('lower') | list -%}
    {%- for feature in features -%}
        {%- if feature.name | lower in names -%}
            {%- do mistakes.append(
                "two columns are named '" ~ feature.name ~ "'; give one aggregate another name with 'as'"
            ) -%}
        {%- endif -%}
        {%- if feature_warehouse._byte_length(feature.name) > 63 -%}
            {%- do mistakes.append(
                "'" ~ feature.name ~ "' is longer than 63 bytes; give it a shorter name with 'as'"
            ) -%}
        {%- endif -%}
        {%- do names.append(feature.name | lower) -%}
    {%- endfor -%}
{%- endmacro %}


{% macro _windows(entries, lag, mistakes) -%}
    {#- Lengths and offsets in microseconds; a length of none is all time. -#}
    {%- set windows = [] -%}
    {%- if entries is string or entries is mapping or entries is not iterable or not entries -%}
        {%- do mistakes.append("windows must be a list of lengths, such as ['1 day', '7 days', 'all time']") -%}
        {%- set entries = [] -%}
    {%- endif -%}
    {%- for entry in entries -%}
        {%- set asked = entry if entry is mapping else {'length': entry} -%}
        {%- do mistakes.extend(
            feature_warehouse._unknown_keys(asked, ['length', 'offset', 'as'])
        ) -%}
        {%- set text = asked.get('length') | string | lower | trim -%}
        {%- set length = none if text == 'all time' else feature_warehouse._microseconds(text) or 0 -%}
        {%- set offset = feature_warehouse._microseconds(asked.get('offset') or '0 days') -%}
        {%- if length == 0 -%}
            {%- do mistakes.append(
                "window '" ~ text ~ "' is not a fixed length of time; write one such as '7 days', or 'all time'"
            ) -%}
        {%- elif offset is none -%}
            {%- do mistakes.append(
                "offset '" ~ asked.offset ~ "' is not a fixed length of time; write one such as '7 days'"
            ) -%}
        {%- elif length is not none and offset + length <= lag -%}
            {%- do mistakes.append(
                "window '" ~ text ~ "' ends before the availability_lag does: it would never see an"
                ~ ' event; make it longer'
            ) -%}
        {%- else -%}
            {%- set ago = feature_warehouse._short_length(asked.offset) if offset else '' -%}
            {%- set short = 'all_time' if length is none else feature_warehouse._short_length(text) -%}
            {%- do windows.append({
                'length': length,
                'offset': offset,
                'suffix': asked.get('as') or short ~ ('_offset_' ~ ago if ago else ''),
                'phrase': feature_warehouse._window_phrase(text, length, asked.get('offset') if offset else none),
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(windows) }}
{%- endmacro %}


{% macro _short_length(text) -%}
    {#- '7 days' as 7d, '1 day 12 hours' as 1d12h. -#}
    {%- set short = {
        'microsecond': 'us', 'millisecond': 'ms', 'second': 's', 'minute': 'min', 'hour': 'h',
        'day': 'd', 'week': 'w',
    } -%}
    {%- set parts = [] -%}
    {%- for amount, unit in modules.re.findall('([0-9]+)\\s*([a-z]+)', text | string | lower) -%}
        {%- do parts.append(amount ~ short[unit.rstrip('s')]) -%}
    {%- endfor -%}
    {{ return(parts | join) }}
{%- endmacro %}


{% macro _window_phrase(text, length, offset) -%}
    {#- A window in words. -#}
    {%- if length is none -%}
        {{ return('over all time' ~ (' until ' ~ offset ~ ' before' if offset else '')) }}
    {%- elif offset -%}
        {{ return('over ' ~ text ~ ' until ' ~ offset ~ ' before') }}
    {%- endif -%}
    {{ return('over the last ' ~ text) }}
{%- endmacro %}
