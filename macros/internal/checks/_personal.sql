{#- dbt keeps the rows of a failing test where `store_failures` says so, longer than what they are of. -#}

{% macro _without_personal_data(query, columns) -%}
    {#- The rows of a generic test, with the values of columns flagged `pii` masked. `columns` are all
        that the query has. -#}
    {%- set personal = feature_warehouse._personal_columns() -%}
    {%- set shown = [] -%}
    {%- set masked = [] -%}
    {%- for column in columns -%}
        {%- set name = feature_warehouse._quote(column) -%}
        {%- if column | lower in personal -%}
            {%- do masked.append(column) -%}
            {%- set name = feature_warehouse._to_text("'***'") ~ ' as ' ~ name -%}
        {%- endif -%}
        {%- do shown.append(name) -%}
    {%- endfor -%}
    {%- if not masked -%}
        {{ return(query) }}
    {%- endif -%}
    {{ return(
        'select\n    ' ~ shown | join(',\n    ') ~ '\nfrom (\n' ~ feature_warehouse._indented(query, 4)
        ~ '\n) as failures'
    ) }}
{%- endmacro %}


{% macro _personal_columns() -%}
    {#- Columns of what a generic test is attached to, in lower case: flagged themselves or, in a training
        set, where its label set or a view has them from. -#}
    {%- set node = feature_warehouse._tested_relation() -%}
    {%- set names = feature_warehouse._flagged_columns(node) -%}
    {%- if node and feature_warehouse._declared(node, 'training_set') is not none -%}
        {%- set made = feature_warehouse._training_set_of(node) -%}
        {%- do names.extend(feature_warehouse._personal_outputs(made, feature_warehouse._joined_views(made))) -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}


{% macro _personal_outputs(made, views) -%}
    {#- Columns of a training set that are personal data where it has them from, in lower case; also what is
        computed from such columns, and what is hidden. -#}
    {%- set names = feature_warehouse._flagged_columns(made.node)
        + feature_warehouse._flagged_columns(feature_warehouse._model_node(made.label_set.name)) -%}
    {%- if made.label_set.timestamp | lower in names -%}
        {%- do names.append('request_time') -%}
    {%- endif -%}
    {%- for view in views -%}
        {%- set flagged = feature_warehouse._flagged_columns(
            feature_warehouse._model_node(view.name)
        ) -%}
        {%- for own, name in view.features.items() | list + view.join_keys.items() | list + [
            (view.event_timestamp, view.event_timestamp_as), (view.event_timestamp, view.age_as)
        ] -%}
            {%- if name and own | lower in flagged -%}
                {%- do names.append(name | lower) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for feature in made.computed.features -%}
        {%- for name in feature_warehouse._names_in_tree(feature.tree) -%}
            {%- if name | lower in names -%}
                {%- do names.append(feature.name | lower) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{% macro _flagged_columns(node) -%}
    {#- Columns of a model or source that are flagged `pii`, in lower case. -#}
    {%- set names = [] -%}
    {%- for column in (feature_warehouse._view_columns(node).values() if node else []) -%}
        {%- if feature_warehouse._column_meta(column).get('pii') is true -%}
            {%- do names.append(column.name | lower) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
