{% macro point_in_time_join(labels, timestamp, views, timestamp_type=none) -%}
    {%- set rows = feature_warehouse._label_rows(
        {'relation': labels, 'timestamp': timestamp, 'types': {timestamp: timestamp_type}}, {}
    ) -%}
    {{ return(feature_warehouse._join(rows, views)) }}
{%- endmacro %}
