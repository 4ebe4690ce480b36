{% macro _fail(place, mistakes) -%}
    {#- Stops with every mistake of one declaration, a line each. -#}
    {%- set text = ['feature_warehouse: ' ~ place ~ ' has ' ~ mistakes | length
        ~ (' mistake' if mistakes | length == 1 else ' mistakes')] -%}
    {%- for mistake in mistakes -%}
        {%- do text.append('  - ' ~ mistake) -%}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(text | join('\n')) }}
{%- endmacro %}


{% macro _one_of(names) -%}
    {#- For messages: "a, b or c". -#}
    {%- set names = names | list -%}
    {%- if names | length < 2 -%}
        {{ return(names | join) }}
    {%- endif -%}
    {{ return(names[:-1] | join(', ') ~ ' or ' ~ names[-1]) }}
{%- endmacro %}
