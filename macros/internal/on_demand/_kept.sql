{% macro _kept(value, context, name='') -%}
    {#- A value that can be repeated: if it is long, or is to have a name, that of a column of the next step. -#}
    {%- if value.single or not name and value.sql | length <= 40 -%}
        {{ return(value) }}
    {%- elif value.sql not in context.kept -%}
        {%- set level = value.level + 1 -%}
        {%- set name = feature_warehouse._free_name(
            (name or 'value') ~ '_' ~ (context.kept | length + 1), context.taken
        ) -%}
        {%- do context.taken.append(name) -%}
        {%- do context.kept.update({value.sql: {'sql': name, 'level': level, 'single': true}}) -%}
        {%- do context.steps.setdefault(level, []).append({'value': value, 'name': name}) -%}
    {%- endif -%}
    {{ return(context.kept[value.sql]) }}
{%- endmacro %}
