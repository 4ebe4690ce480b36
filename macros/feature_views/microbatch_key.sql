{% macro microbatch_key(columns) -%}
    {{ return(columns if feature_warehouse._can('needs_microbatch_key') else none) }}
{%- endmacro %}
