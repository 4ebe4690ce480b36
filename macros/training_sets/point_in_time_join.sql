{% macro point_in_time_join(labels, timestamp, views, timestamp_type=none) -%}
    {%- set rows = feature_warehouse._label_rows(
        {'relation': labels, 'timestamp': timestamp, 'types': {timestamp: timestamp_type}}, {}
    ) -%}
    {%- set typed = [] -%}
    {%- for view in views -%}
        {%- do typed.append(feature_warehouse._with_types(view)) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._join(rows, typed)) }}
{%- endmacro %}
