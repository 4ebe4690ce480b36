{#- For engines without a function that shows the bits. Floating point numbers are multiplied by powers of two only,
    which is exact; the logarithm may be wrong by one, which shows in a number that is not from 1 to 2. -#}
{% macro _bits_by_arithmetic(number, kind, is_nan, is_negative, integer) -%}
    {#- `_bits` of a number of a kind, as a double; `is_nan` is the condition that it is NaN, `is_negative` that a zero is,
        `integer` a type of whole numbers. -#}
    {%- set digits, bias, least = {
        'double': (52, 1023, '2.2250738585072014e-308'), 'real': (23, 127, '1.1754943508222875e-38')
    }[kind] -%}
    {%- set lowest = 2 ** (63 if kind == 'double' else 31) -%}
    {%- set half = bias // 2 + digits // 2 -%}
    {%- set size = 'abs(' ~ number ~ ')' -%}
    {%- set exponent = 'cast(floor(ln(' ~ size ~ ') / ln(2)) as ' ~ integer ~ ')' -%}
    {%- set scaled = size ~ ' * power(2e0, -' ~ exponent ~ ')' -%}
    {%- set parts = [] -%}
    {%- for condition, unit, offset in [
        ('when ' ~ scaled ~ ' >= 2e0 then', digits - 1, bias),
        ('when ' ~ scaled ~ ' < 1e0 then', digits + 1, bias - 2),
        ('else', digits, bias - 1),
    ] -%}
        {%- do parts.append(
            condition ~ ' (' ~ exponent ~ ' + ' ~ offset ~ ') * ' ~ 2 ** digits ~ '\n            + cast(' ~ scaled ~ ' * '
            ~ 2 ** unit ~ ' as ' ~ integer ~ ')'
        ) -%}
    {%- endfor -%}
    {%- set bits = [
        'case',
        '        when ' ~ size ~ ' > 1.7976931348623157e308 then ' ~ (2 * bias + 1) * 2 ** digits,
        '        when ' ~ size ~ ' < ' ~ least,
        '            then cast(' ~ size ~ ' * power(2e0, ' ~ half ~ ') * power(2e0, ' ~ (bias + digits - 1 - half) ~ ') as '
            ~ integer ~ ')',
        '        ' ~ parts | join('\n        '), '    end - case when ' ~ number ~ ' < 0 then ' ~ lowest ~ ' else 0 end',
    ] | join('\n') -%}
    {{ return([
        'case',
        '    when ' ~ is_nan ~ " then 'NaN'",
        '    when ' ~ number ~ ' = 0 then case when ' ~ is_negative ~ " then '-" ~ lowest ~ "' else '0' end",
        '    when ' ~ number ~ ' <> 0 then ' ~ feature_warehouse._to_text(bits),
        'end',
    ] | join('\n')) }}
{%- endmacro %}


{#- A double as a whole number and a power of two, which are exact: 3.0 is 6755399441055744:1. What is below the
    normal numbers has their least power. -#}
{% macro _text_of_double(number, is_nan, integer) -%}
    {#- A text that `_double_of_text` reads again; `is_nan` is the condition that a double is NaN, `integer` a type of whole
        numbers. -#}
    {%- set exponent = 'cast(floor(ln(abs(' ~ number ~ ')) / ln(2)) as ' ~ integer ~ ')' -%}
    {%- set unit = 2 ** 53 -%}
    {{ return([
        'case',
        '    when ' ~ is_nan ~ " then 'NaN'",
        '    when ' ~ number ~ ' = 0 then case when atan2(' ~ number ~ ", -1) < 0 then '-0' else '0' end",
        '    when abs(' ~ number ~ ') > 1.7976931348623157e308 then case when ' ~ number ~ " < 0 then '-inf' else 'inf' end",
        '    when abs(' ~ number ~ ') < 2.2250738585072014e-308',
        '        then ' ~ feature_warehouse._to_text(
            'cast(' ~ number ~ ' * power(2e0, 537) * power(2e0, 537) as ' ~ integer ~ ')'
        ) ~ " || ':-1022'",
        '    else ' ~ feature_warehouse._to_text(
            'cast(' ~ number ~ ' * power(2e0, -' ~ exponent ~ ') * ' ~ unit ~ ' as ' ~ integer ~ ')'
        ) ~ " || ':' || " ~ feature_warehouse._to_text(exponent ~ ' - 1'),
        'end',
    ] | join('\n')) }}
{%- endmacro %}


{% macro _double_of_text(text) -%}
    {#- The double that `_text_of_double` has made a text of. -#}
    {{ return([
        "case when position(':' in " ~ text ~ ') > 0',
        '    then ' ~ feature_warehouse._as_double('split_part(' ~ text ~ ", ':', 1)") ~ ' / ' ~ 2 ** 52,
        '        * power(2e0, ' ~ feature_warehouse._as_double('split_part(' ~ text ~ ", ':', 2)") ~ ')',
        '    else ' ~ feature_warehouse._as_double(text),
        'end',
    ] | join('\n')) }}
{%- endmacro %}
