{#- The order of rows that tie (rule 1). Sorting by a value is not enough: -0.0 and 0.0, a month and 30
    days, 1.0 and 1.00 sort alike and are not the same. So each type gets as many keys as tell all its values
    apart, the same ones on every warehouse where both have the type.

    `_tie_columns` (declarations/_declarations.sql) names the columns, `_sort_keys` (engines/_sort_keys.sql)
    the keys of each. `_newest_first` and `_newest_last` (_available_rows.sql) put event and created
    timestamp before them; _timeline.sql does so itself, for its columns have names of their own. Where all
    columns are shown, `_order_of_the_rest` goes on.
    The publisher has the whole order a second time, in Python: `newest_rows_query` in
    python/feature_warehouse/engines/queries.py. -#}

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
