{#- Compiled SQL is read by people: nothing wider than 100 columns. -#}

{% macro _with(ctes) -%}
    {#- What comes before a select list, if anything does. -#}
    {{ return('with ' ~ ctes | join(',\n\n') ~ '\n\n' if ctes else '') }}
{%- endmacro %}


{% macro _window(call, partition, order, indent, ending='') -%}
    {#- A window function with what follows it, on as many lines as it needs. -#}
    {%- set clauses = [] -%}
    {%- for words, items in [('partition by', partition), ('order by', order)] if items -%}
        {%- do clauses.append(feature_warehouse._clause(words, items, indent + 4)) -%}
    {%- endfor -%}
    {%- set line = call ~ ' over (' ~ clauses | join(' ') ~ ')' ~ ending -%}
    {%- if '\n' not in line and indent + line | length < 100 -%}
        {{ return(line) }}
    {%- endif -%}
    {%- set gap = '\n' ~ ' ' * indent -%}
    {{ return(
        call ~ ' over (' ~ gap ~ '    ' ~ clauses | join(gap ~ '    ') ~ gap ~ ')' ~ ending
    ) }}
{%- endmacro %}


{% macro _clause(words, items, indent) -%}
    {#- Such as 'order by a, b', with an item a line where that is too wide. -#}
    {%- set line = words ~ ' ' ~ items | join(', ') -%}
    {%- if indent + line | length < 100 -%}
        {{ return(line) }}
    {%- endif -%}
    {%- set gap = '\n' ~ ' ' * (indent + 4) -%}
    {{ return(words ~ gap ~ items | join(',' ~ gap)) }}
{%- endmacro %}
