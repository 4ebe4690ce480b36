{#- What an engine is asked; duckdb.sql and postgres.sql hold the answers. -#}

{% macro _name_fits(name) -%}
    {#- Whether the warehouse keeps the whole name of a column. -#}
    {{ return(adapter.dispatch('_name_fits', 'feature_warehouse')(name)) }}
{%- endmacro %}
