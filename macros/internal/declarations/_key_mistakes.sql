{#- What can be wrong with the types of join keys. -#}

{% macro _key_type_mistakes(view, join_keys, label_set) -%}
    {#- Of types that are known: a label set without a contract has none. -#}
    {%- set mistakes = [] -%}
    {%- set label_types = label_set.get('key_types') or label_set.types -%}
    {%- for key, column in join_keys.items() if view.types.get(key) and label_types.get(column) -%}
        {%- if not feature_warehouse._types_agree(view.types[key], label_types[column]) -%}
            {%- do mistakes.append(
                "join key '" ~ view.name ~ '.' ~ key ~ "' is of type " ~ view.types[key]
                ~ " and label column '" ~ label_set.name ~ '.' ~ column ~ "' of type "
                ~ label_types[column] ~ ', which do not hold the same values; cast one of them in'
                ~ ' its model'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _met_key_mistakes(view, join_keys, label_types, met) -%}
    {#- Of views that meet one label column of no known type: `met` has the first of each column. -#}
    {%- set mistakes = [] -%}
    {%- for key, column in join_keys.items() if view.types.get(key) and not label_types.get(column) -%}
        {%- set name = view.name ~ '.' ~ key -%}
        {%- set first = met.setdefault(column, (name, view.types[key])) -%}
        {%- if not feature_warehouse._types_agree(first[1], view.types[key]) -%}
            {%- do mistakes.append(
                "label column '" ~ column ~ "' meets join key '" ~ first[0] ~ "' of type " ~ first[1]
                ~ " and '" ~ name ~ "' of type " ~ view.types[key] ~ ', which do not hold the same'
                ~ ' values; cast one of them in its model'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _loose_key_mistakes(keys, columns) -%}
    {#- Of types whose `=` takes for equal what a reader of Redis tells apart. -#}
    {%- set mistakes = [] -%}
    {%- for key in keys if key in columns and columns[key].data_type -%}
        {%- set type = columns[key].data_type | lower -%}
        {%- if feature_warehouse._key_type(type).name in ('char', 'citext') or ' collate ' in type -%}
            {%- do mistakes.append(
                "join key '" ~ key ~ "' is of type " ~ columns[key].data_type ~ ', which holds values as'
                ~ ' equal that differ for a reader; cast it to text in its model'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
