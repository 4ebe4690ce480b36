{% macro append_only(rows, stamp=false, lookback=none) -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- set source = feature_warehouse._given_rows(rows) -%}
    {#- A key that dbt-postgres asks for in batches, and a condition under which no strategy of dbt
        ever finds the row that it would delete or overwrite. -#}
    {{- config(
        materialized='incremental',
        unique_key=feature_warehouse.microbatch_key('tableoid'),
        incremental_predicates=['false'],
        on_schema_change='append_new_columns',
    ) -}}
    {%- if execute -%}
        {{ return(feature_warehouse._append_only(source, stamp, lookback)) }}
    {%- endif -%}
{%- endmacro %}
