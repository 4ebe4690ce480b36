{% macro own_declaration() -%}
    {%- if model.resource_type == 'unit_test' -%}
        {{ feature_warehouse._fail("unit test '" ~ model.name ~ "'", [
            'dbt shows no declaration to unit tests; give one under overrides: macros:'
            ~ ' feature_warehouse.own_declaration, with join_keys, event_timestamp,'
            ~ ' created_timestamp and types'
        ]) }}
    {%- endif -%}
    {%- if not feature_warehouse._declared(model, 'feature_view') -%}
        {{ feature_warehouse._fail("model '" ~ model.name ~ "'", [
            'it is no feature view; declare meta.feature_view with join_keys and event_timestamp'
        ]) }}
    {%- endif -%}
    {{ return(feature_warehouse._feature_view(model)) }}
{%- endmacro %}
