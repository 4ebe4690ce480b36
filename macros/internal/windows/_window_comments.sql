{#- What a window view runs before it is built, and after. -#}

{% macro _comment_on_windows() -%}
    {#- The descriptions of columns: those that YAML does not give. -#}
    {%- set wanted = (config.get('persist_docs') or {}).get('columns') -%}
    {%- set node = graph.nodes.get(model.unique_id) if execute -%}
    {%- if wanted and node and feature_warehouse._can('comments_on_columns') -%}
        {%- set comments = [] -%}
        {%- for column in feature_warehouse._view_columns(node).values() if column.get('description') -%}
            {%- do comments.append(
                'comment on column ' ~ this ~ '.' ~ feature_warehouse._quote(column.name) ~ ' is '
                ~ feature_warehouse._text_literal(column.description)
            ) -%}
        {%- endfor -%}
        {{ return(comments | join(';\n')) }}
    {%- endif -%}
{%- endmacro %}
