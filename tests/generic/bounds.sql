{% test bounds(model, column_name, min_value=none, max_value=none, inclusive=true) %}
    {%- if execute -%}
        {#- dbt quotes the name already where the column says `quote: true`. -#}
        {%- set quoted = feature_warehouse._bare_name(column_name) != column_name -%}
        {%- set column = column_name if quoted else feature_warehouse._quote(column_name) -%}
        {%- set name = feature_warehouse._bare_name(column_name) -%}
        {%- set conditions = feature_warehouse._bounds(column, min_value, max_value, inclusive) -%}
        {%- set problem = feature_warehouse._problem_column() -%}
        {%- set query -%}
select
    *,
    cast({{ feature_warehouse._text_literal(name ~ ' is not ' ~ conditions.words) }} as {{ feature_warehouse._text_type() }})
        as {{ problem }}
from {{ model }}
where {{ conditions.violated }}
        {%- endset %}
{{ feature_warehouse._without_personal_data(
    query, feature_warehouse._tested_columns() + [problem]
) }}
    {%- endif %}
{% endtest %}
