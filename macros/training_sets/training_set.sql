{% macro training_set(labels, features, service=none) -%}
    {%- set parts = feature_warehouse._service_parts(features) -%}
    {%- set relations = {} -%}
    {%- for part in parts -%}
        {%- do relations.update({part.view: ref(part.view)}) -%}
    {%- endfor -%}
    {%- set label_relation = ref(labels) -%}
    {{- config(meta={'feature_service': {
        'name': service or model.name,
        'labels': labels,
        'features': parts,
    }}) -}}
    {%- if execute -%}
        {%- set label_set = feature_warehouse._label_set_named(labels) -%}
        {%- set views = feature_warehouse._service_views(parts, label_set, relations) -%}
        {{ return(feature_warehouse.point_in_time_join(
            label_relation, label_set.timestamp, views, label_set.timestamp_type
        )) }}
    {%- endif -%}
{%- endmacro %}
