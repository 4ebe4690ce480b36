{% macro snapshot_rows(snapshot, valid_from=none, valid_to=none, is_deleted=none) -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- set relation = feature_warehouse._ref(snapshot) if snapshot is string else snapshot -%}
    {%- if execute -%}
        {{ return(feature_warehouse._snapshot_rows(snapshot, relation, {
            'dbt_valid_from': valid_from, 'dbt_valid_to': valid_to, 'dbt_is_deleted': is_deleted,
        })) }}
    {%- endif -%}
{%- endmacro %}
