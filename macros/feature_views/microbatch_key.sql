{% macro microbatch_key(columns) -%}
    {{ return(adapter.dispatch('microbatch_key', 'feature_warehouse')(columns)) }}
{%- endmacro %}


{% macro default__microbatch_key(columns) -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro duckdb__microbatch_key(columns) -%}
    {{ return(none) }}
{%- endmacro %}
