{% macro point_in_time_join(labels, timestamp, views, timestamp_type=none) -%}
    {%- set rows = {
        'source': feature_warehouse._unnamed(labels) ~ ' as labels',
        'ctes': [],
        'at': feature_warehouse._utc('labels.' ~ feature_warehouse._quote(timestamp), timestamp_type),
    } -%}
    {{ return(feature_warehouse._join(rows, views)) }}
{%- endmacro %}
