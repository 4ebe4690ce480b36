{% macro _fail(place, mistakes) -%}
    {#- Stops with every mistake of one declaration, a line each. -#}
    {%- set text = ['feature_warehouse: ' ~ place ~ ' has ' ~ mistakes | length
        ~ (' mistake' if mistakes | length == 1 else ' mistakes')] -%}
    {%- for mistake in mistakes -%}
        {%- do text.append('  - ' ~ mistake) -%}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(text | join('\n')) }}
{%- endmacro %}
