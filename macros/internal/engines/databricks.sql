{#- Databricks' answers where they are not Spark's, which dbt finds for all other hooks:
    https://docs.databricks.com/aws/en/sql/language-manual/. Compiled, never run. -#}

{% macro databricks___engine() -%}
    {{ return({'adapter': 'databricks', 'file': none}) }}
{%- endmacro %}


{#- Tables are Delta's, which can be merged into and be a snapshot; but nobody has tried that with this package. -#}
{% macro databricks___unsupported(node) -%}
    {%- if node.config.materialized == 'incremental' -%}
        {{ return('it is incremental, which on databricks nobody has tried; make it a table') }}
    {%- elif node.resource_type == 'snapshot' -%}
        {{ return('it is a snapshot, which on databricks nobody has tried; keep the versions in a table of your own') }}
    {%- elif node.resource_type == 'seed' -%}
        {{ return('it is a seed, of which on databricks nobody has tried whether its values stay what they are; make it a'
            ~ ' model') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- Java's functions, which Spark is asked, may not be called from a SQL warehouse. -#}
{% macro databricks___bits(column, kind) -%}
    {%- set number = feature_warehouse._as_double(column) if kind == 'real' else column -%}
    {#- ATAN2 takes no notice of a zero's sign there. -#}
    {{ return(feature_warehouse._bits_by_arithmetic(
        number, kind, 'isnan(' ~ column ~ ')', 'cast(' ~ number ~ " as string) = '-0.0'", 'decimal(20, 0)'
    )) }}
{%- endmacro %}
