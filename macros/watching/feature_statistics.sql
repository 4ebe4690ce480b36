{% macro feature_statistics(views, at=none) -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- set relations = {} -%}
    {%- for view in ([views] if views is string else views) -%}
        {%- do relations.update({view: feature_warehouse._ref(view)}) -%}
    {%- endfor -%}
    {%- if execute -%}
        {{ return(feature_warehouse._feature_statistics(relations, at)) }}
    {%- endif -%}
{%- endmacro %}
