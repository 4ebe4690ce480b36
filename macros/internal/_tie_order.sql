{#- In what order rows that tie stand. Sorting by a value is not enough: -0.0 and 0.0, a month and 30 days, 1.0
    and 1.00 sort alike and are not the same. So each type gets as many keys as tell all its values
    apart, the same ones on every warehouse where both have the type. The Python package writes the
    same keys for what it publishes. -#}

{% macro _tie_order(view, types, features) -%}
    {#- The tie-breaker, then the features one after another. -#}
    {%- set order = [] -%}
    {%- for column in feature_warehouse._tie_columns(view, features) -%}
        {%- do order.extend(feature_warehouse._sort_keys(
            feature_warehouse._quote(column), types.get(column)
        )) -%}
    {%- endfor -%}
    {{ return(order) }}
{%- endmacro %}


{% macro _tie_columns(view, features) -%}
    {%- set columns = (view.get('tie_breakers') or []) | list -%}
    {%- for feature in features if feature not in columns -%}
        {%- do columns.append(feature) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _order_of_the_rest(view) -%}
    {#- Where all columns of a row are shown, and not its features alone: keys too may be equal and differ. -#}
    {%- set order = [] -%}
    {%- for column, type in view.types.items() if column not in view.tie_breakers -%}
        {%- set keys = feature_warehouse._sort_keys(feature_warehouse._quote(column), type) -%}
        {%- if column not in view.join_keys or keys != [feature_warehouse._quote(column)] -%}
            {%- do order.extend(keys) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(order) }}
{%- endmacro %}


{% macro _sort_keys(column, data_type) -%}
    {#- The expressions to sort a column by, the greatest value first if all are sorted downwards. -#}
    {%- set words = modules.re.sub('\\s+', ' ', (data_type or '') | lower | trim) -%}
    {%- set bare = modules.re.sub(' ?\\([^()]*\\)', '', words) -%}
    {%- set scalar = modules.re.sub('( ?\\[\\d*\\]| array)+$', '', bare) -%}
    {%- set is_list = scalar != bare -%}
    {%- if modules.re.fullmatch(feature_warehouse._texts(), scalar) and not is_list and words != 'bpchar' -%}
        {{ return([feature_warehouse._bytewise(column, data_type)]) }}
    {%- elif scalar in ('json', 'jsonb', 'xml', 'variant') and not is_list -%}
        {{ return(['cast(' ~ column ~ ' as text) collate "C"']) }}
    {%- elif scalar == 'interval' and not is_list -%}
        {{ return([
            column, 'extract(year from ' ~ column ~ ')', 'extract(month from ' ~ column ~ ')',
            'extract(day from ' ~ column ~ ')'
        ]) }}
    {%- elif modules.re.fullmatch(feature_warehouse._plain_types(), scalar) and not is_list
        or modules.re.fullmatch('(numeric|decimal|dec) ?\\(.*\\)', words) -%}
        {{ return([column]) }}
    {%- endif -%}
    {{ return(adapter.dispatch('_other_sort_keys', 'feature_warehouse')(
        column, 'float' if modules.re.fullmatch('double|double precision|real|float[48]?', scalar) else scalar, is_list
    )) }}
{%- endmacro %}


{% macro _texts() -%}
    {{ return(
        'text|string|n?varchar|character varying|n?char|character|bpchar|citext|national .*'
    ) }}
{%- endmacro %}


{% macro _plain_types() -%}
    {#- Values of these are the same if they are equal. -#}
    {{ return(
        'u?(tiny|small|big|huge)?int(eger)?|u?int(1|2|4|8|16|32|64|128)|short|long|signed|bool(ean)?|logical'
        ~ '|date|datetime|time(tz)?|time with(out)? time zone|timestamp.*|uuid|bytea|blob|varbinary'
    ) }}
{%- endmacro %}


{% macro _bytewise(column, data_type) -%}
    {#- A text as an expression that is compared by its bytes, whatever the collation of column and database;
        a column of another type as it is. -#}
    {%- set type = modules.re.sub(' ?\\([^()]*\\)', '', (data_type or '') | lower | trim) -%}
    {%- set scalar = modules.re.sub('( ?\\[\\d*\\]| array)+$', '', type) -%}
    {%- if not modules.re.fullmatch(feature_warehouse._texts(), scalar) -%}
        {{ return(column) }}
    {%- elif scalar == 'citext' -%}
        {%- set column = 'cast(' ~ column ~ ' as text' ~ ('[]' if type != scalar else '') ~ ')' -%}
    {%- endif -%}
    {{ return(column ~ ' collate "C"') }}
{%- endmacro %}


{#- What is left has in its bytes what its order does not tell. -#}
{% macro default___other_sort_keys(column, scalar, is_list) -%}
    {%- if scalar == 'float' and not is_list -%}
        {{ return([column, '(' ~ column ~ ' <> 0 or cast(' ~ column ~ " as text) = '0')"]) }}
    {%- elif scalar == 'float' -%}
        {{ return([
            column,
            'case when 0 = any(' ~ column ~ ') then cast(' ~ column ~ ' as text) end collate "C"',
        ]) }}
    {%- elif scalar in ('numeric', 'decimal', 'dec') and not is_list -%}
        {{ return([column, 'scale(' ~ column ~ ')']) }}
    {%- endif -%}
    {%- set bytes = 'record_send(row(' ~ column ~ '))' -%}
    {%- if scalar in ('json', 'jsonb', 'xml', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle') -%}
        {{ return([bytes]) }}
    {%- elif modules.re.fullmatch(feature_warehouse._texts(), scalar) -%}
        {{ return([feature_warehouse._bytewise(column, scalar ~ '[]'), bytes]) }}
    {%- endif -%}
    {{ return([column, bytes]) }}
{%- endmacro %}


{% macro duckdb___other_sort_keys(column, scalar, is_list) -%}
    {%- if scalar == 'float' and not is_list -%}
        {{ return([column, 'not signbit(' ~ column ~ ')']) }}
    {%- elif scalar in ('numeric', 'decimal', 'dec') and not is_list -%}
        {{ return([column]) }}
    {%- endif -%}
    {{ return([
        column if is_list else feature_warehouse._bytewise(column, scalar),
        'cast(' ~ column ~ ' as text) collate "C"',
    ]) }}
{%- endmacro %}
