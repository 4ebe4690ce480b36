{% macro _refuse_other_types(types, columns, name) -%}
    {#- A union would cast one side to the type of the other, and find 2 and '2' the same. -#}
    {%- set node = feature_warehouse._tested_node() -%}
    {%- set own = feature_warehouse._built_columns(node) if node else {} -%}
    {%- set mistakes = [] -%}
    {%- for column in columns or types if column in own and column in types -%}
        {%- if feature_warehouse._values_of(own[column]) != feature_warehouse._values_of(types[column]) -%}
            {%- do mistakes.append(
                "column '" ~ column ~ "' is of type " ~ own[column] ~ ' here and ' ~ types[column] ~ ' in '
                ~ name ~ ', which do not hold the same values; cast it, or leave it out of `columns`'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail('test same_rows_as', mistakes) }}
    {%- endif -%}
{%- endmacro %}


{% macro _values_of(data_type) -%}
    {#- Types have one name here if what a union makes of them holds the values of both. -#}
    {%- set type = feature_warehouse._key_type(data_type or '') -%}
    {{ return(
        'number' if type.span or type.name.startswith('numeric')
        else 'float' if feature_warehouse._number_class(type.name) == 'double' else type.name
    ) }}
{%- endmacro %}
