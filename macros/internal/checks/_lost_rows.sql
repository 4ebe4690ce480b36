{#- Rows of a source that a view over it has not: the body of the test `nothing_lost`. -#}

{% macro _lost_rows(relation, source, condition) -%}
    {#- Which rows of a source must be in the feature view under test: all that were loaded before its newest
        row, for the next build looks at later ones. A stamped view has a load time and its source none. -#}
    {%- set node = feature_warehouse._tested_node() -%}
    {%- if node is none or feature_warehouse._declared(node, 'feature_view') is none -%}
        {{ feature_warehouse._fail('test nothing_lost', [
            'it is attached to a model that is not a feature view; attach it to one made by append_only()'
        ]) }}
    {%- elif node.config.meta.get('window_features') -%}
        {{ feature_warehouse._fail('test nothing_lost', [
            "'" ~ node.name ~ "' is a window view, and each of its builds finds the events that are missing; remove the"
            ~ ' test'
        ]) }}
    {%- endif -%}
    {%- set view = feature_warehouse._feature_view(node) -%}
    {%- set given = adapter.get_columns_in_relation(source) | map(attribute='name') | map('lower') | list -%}
    {%- set created = view.created_timestamp -%}
    {%- set conditions = [] -%}
    {%- if created and created | lower in given -%}
        {%- set name = feature_warehouse._quote(created) -%}
        {%- do conditions.append(
            '(' ~ name ~ ' is null or ' ~ name ~ ' < (select max(' ~ name ~ ') from ' ~ relation ~ '))'
        ) -%}
    {%- elif created -%}
        {%- do view.types.pop(created) -%}
    {%- endif -%}
    {%- if condition -%}
        {%- do conditions.append('and ' * (conditions | length) ~ '(' ~ condition ~ ')') -%}
    {%- endif -%}
    {{ return({'view': view, 'conditions': conditions}) }}
{%- endmacro %}
