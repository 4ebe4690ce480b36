{% macro _declared(node, kind) -%}
    {#- A block of a model's `meta`, none where there is no such block. -#}
    {%- set meta = node.config.meta or {} -%}
    {%- if kind == 'feature_view' and 'window_features' in meta -%}
        {{ return(feature_warehouse._window_block(node)) }}
    {%- endif -%}
    {{ return(meta.get(kind)) }}
{%- endmacro %}
