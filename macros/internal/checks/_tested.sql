{#- What a generic test is attached to. -#}

{% macro _tested_node() -%}
    {#- The model that a generic test is attached to. -#}
    {{ return(graph.nodes.get(model.attached_node)) }}
{%- endmacro %}


{% macro _tested_relation() -%}
    {#- The model that a generic test is attached to, or the source. -#}
    {%- set node = feature_warehouse._tested_node() -%}
    {%- for parent in (model.depends_on.nodes if node is none else []) if parent in graph.sources -%}
        {{ return(graph.sources[parent]) }}
    {%- endfor -%}
    {{ return(node) }}
{%- endmacro %}
