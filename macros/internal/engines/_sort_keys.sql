{#- What a column is sorted by, so that all values of its type are told apart. -#}

{% macro _sort_keys(column, data_type) -%}
    {#- The expressions to sort a column by, the greatest value first if all are sorted downwards. -#}
    {%- set words = modules.re.sub('\\s+', ' ', (data_type or '') | lower | trim) -%}
    {%- set bare = modules.re.sub(' ?\\([^()]*\\)', '', words) -%}
    {%- set scalar = modules.re.sub('( ?\\[\\d*\\]| array)+$', '', bare) -%}
    {%- set is_list = scalar != bare -%}
    {%- if modules.re.fullmatch(feature_warehouse._texts(), scalar) and not is_list and words != 'bpchar' -%}
        {{ return([feature_warehouse._bytewise(column, data_type)]) }}
    {%- elif scalar in ('json', 'jsonb', 'xml', 'variant') and not is_list -%}
        {{ return([feature_warehouse._to_text(column) ~ feature_warehouse._byte_order()]) }}
    {%- elif scalar == 'interval' and not is_list -%}
        {{ return([
            column, 'extract(year from ' ~ column ~ ')', 'extract(month from ' ~ column ~ ')',
            'extract(day from ' ~ column ~ ')'
        ]) }}
    {%- elif modules.re.fullmatch(feature_warehouse._plain_types(), scalar) and not is_list
        or modules.re.fullmatch('(numeric|decimal|dec|number) ?\\(.*\\)', words) -%}
        {{ return([column]) }}
    {%- endif -%}
    {{ return(feature_warehouse._other_sort_keys(
        column, 'float' if modules.re.fullmatch('(?:double|double precision|real|float[48]?)$', scalar) else scalar, is_list
    )) }}
{%- endmacro %}


{% macro _plain_types() -%}
    {#- Values of these are the same if they are equal. -#}
    {{ return(
        '(?:u?(tiny|small|big|huge)?int(eger)?|u?int(1|2|4|8|16|32|64|128)|short|long|signed|bool(ean)?|logical'
        ~ '|date|datetime|time(tz)?|time with(out)? time zone|timestamp.*|uuid|bytea|blob|varbinary|binary)$'
    ) }}
{%- endmacro %}
