{% macro _value_kind(type) -%}
    {#- Whether a type is one of numbers, of categories, or has no distribution. -#}
    {%- set name = modules.re.sub('\\s*\\(.*', '', type or '') | lower | trim -%}
    {%- if feature_warehouse._number_class(type) -%}
        {{ return('number') }}
    {%- endif -%}
    {{ return('category' if name in (
        'text', 'varchar', 'character varying', 'char', 'character', 'bpchar', 'string', 'boolean', 'bool',
        'enum', 'uuid'
    ) else 'other') }}
{%- endmacro %}
