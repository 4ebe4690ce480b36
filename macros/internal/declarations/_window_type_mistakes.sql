{#- Types that a window view cannot do without, or cannot work with: said before anything is built. -#}

{% macro _window_type_mistakes(window, columns, types) -%}
    {#- Mistakes of types that are not known, or with which an aggregate cannot work. -#}
    {%- set mistakes = [] -%}
    {%- set untyped = [] -%}
    {%- for key, source in window.join_keys.items() if not columns[key].data_type -%}
        {%- do untyped.append(source) -%}
    {%- endfor -%}
    {%- for column in window.columns -%}
        {%- set type = column.type or types.get(column.of) -%}
        {%- if columns[column.name].data_type -%}
            {%- do mistakes.extend(feature_warehouse._aggregate_mistakes(column, type)) -%}
        {%- elif column.of -%}
            {%- do untyped.append(column.of) -%}
        {%- else -%}
            {%- do mistakes.append(
                "the type of '" ~ column.name ~ "' is not known; add it to its aggregate, such as 'type': 'integer'"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if untyped -%}
        {%- do mistakes.append(
            'the type of ' ~ untyped | unique(case_sensitive=true) | join(', ') ~ ' is not known; declare its'
            ~ ' data_type in the YAML of the events (of one model or source: if there are several, pass its'
            ~ ' name as `events`)'
        ) -%}
    {%- endif -%}
    {{ return(mistakes | unique(case_sensitive=true) | list) }}
{%- endmacro %}


{% macro _aggregate_mistakes(column, type) -%}
    {#- What an aggregate cannot do with a type, said before anything is built. -#}
    {%- set function = column.function -%}
    {%- set what = "'" ~ column.name ~ "': " ~ function ~ ' of type ' ~ type -%}
    {%- if not type or function in ('count', 'share') -%}
        {{ return([]) }}
    {%- elif function in ('sum', 'avg', 'stddev') and not feature_warehouse._number_class(type) -%}
        {{ return([what ~ ' is not possible, for it is not a number; cast it, such as '
            ~ "'type': 'double precision'"]) }}
    {%- elif function == 'sum' and feature_warehouse._may_overflow(type) -%}
        {{ return([what ~ ' may not fit into 38 digits; add a type to the aggregate, such as '
            ~ "'type': 'bigint', 'numeric(28,2)' or 'double precision'"]) }}
    {%- endif -%}
    {%- set lacking = feature_warehouse._lacks(function, type | lower | trim) -%}
    {{ return([what ~ ' is not possible on ' ~ target.type ~ ', for ' ~ lacking ~ '; add a type to the'
        ~ " aggregate, such as 'type': 'text'"] if lacking else []) }}
{%- endmacro %}
