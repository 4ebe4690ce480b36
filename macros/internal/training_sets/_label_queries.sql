{#- The labels of a training set as a query. -#}

{% macro _selected_labels(relation, conditions, added=none, columns='*') -%}
    {#- The query of the labels for which all conditions hold. -#}
    {%- set select = 'select ' ~ columns -%}
    {%- if added or '\n' in columns -%}
        {%- set select = 'select\n' ~ feature_warehouse._indented(columns ~ (',\n' ~ added if added else ''), 4) -%}
    {%- endif -%}
    {#- PostgreSQL before 16 wants a name for a subquery. -#}
    {%- set name = ' as label_rows' if relation.startswith('(') else '' -%}
    {%- set where = '\nwhere\n    ' ~ conditions | join('\n    and ') if conditions else '' -%}
    {{ return(select ~ '\nfrom ' ~ relation ~ name ~ where) }}
{%- endmacro %}


{% macro _new_labels(label_set, relation, conditions, added) -%}
    {#- The query of the label rows that the built table does not have; of repeated ones as many as it
        lacks. A split is no part of a label row, and is added afterwards. -#}
    {%- set names = [] -%}
    {%- for column in label_set.columns -%}
        {%- do names.append(feature_warehouse._quote(column)) -%}
    {%- endfor -%}
    {%- set names = names | join(',\n') -%}
    {%- set query = feature_warehouse._selected_labels(relation, conditions, columns=names)
        ~ '\nexcept all\n'
        ~ feature_warehouse._selected_labels(
            label_set.built if label_set.built is string else label_set.built.render(), [], columns=names
        ) -%}
    {%- if added -%}
        {{ return(feature_warehouse._selected_labels('(\n' ~ feature_warehouse._indented(query, 4) ~ '\n)', [], added)) }}
    {%- endif -%}
    {{ return(query) }}
{%- endmacro %}
