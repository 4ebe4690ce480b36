{% test bounds(model, column_name, min_value=none, max_value=none, inclusive=true) %}
    {%- set column = feature_warehouse._quote(column_name) -%}
    {%- set conditions = feature_warehouse._bounds(column, min_value, max_value, inclusive) %}
select
    *,
    cast({{ feature_warehouse._text_literal(column_name ~ ' is not ' ~ conditions.words) }} as text) as problem
from {{ model }}
where {{ conditions.violated }}
{% endtest %}
