{#- What a window view runs before it is built, and after. -#}

{#- PostgreSQL knows nothing of computed columns, and guesses that one row comes out of a condition on them or
    of a new table. Where it guesses one row it repeats the other side of a join for each: hours instead
    of seconds if there are many. All joins here are by equal keys, which need no loop. -#}
{% macro default___plan_without_guesses() -%}
    {{ return(['set local enable_nestloop = off']) }}
{%- endmacro %}


{% macro duckdb___plan_without_guesses() -%}
    {{ return([]) }}
{%- endmacro %}


{% macro _comment_on_windows() -%}
    {#- The descriptions of columns: those that YAML does not give. -#}
    {%- set wanted = (config.get('persist_docs') or {}).get('columns') -%}
    {%- set node = graph.nodes.get(model.unique_id) if execute -%}
    {%- if wanted and node -%}
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
