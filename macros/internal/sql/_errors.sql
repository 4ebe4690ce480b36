{% macro _fail(place, mistakes) -%}
    {#- Stops with every mistake of one declaration, a line each. -#}
    {%- set text = ['feature_warehouse: ' ~ place ~ ' has ' ~ mistakes | length
        ~ (' mistake' if mistakes | length == 1 else ' mistakes')] -%}
    {%- for mistake in mistakes -%}
        {%- do text.append('  - ' ~ mistake) -%}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(text | join('\n')) }}
{%- endmacro %}


{% macro _unknown_keys(block, known) -%}
    {%- set mistakes = [] -%}
    {%- for key in block if key not in known -%}
        {%- do mistakes.append(
            "unknown key '" ~ key ~ "'; known are " ~ known | join(', ')
            ~ feature_warehouse._did_you_mean(key | string, known)
        ) -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
