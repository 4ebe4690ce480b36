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
    {#- Mistakes: keys of a block that mean nothing. -#}
    {%- set mistakes = [] -%}
    {%- for key in block if key not in known -%}
        {%- do mistakes.append(
            "unknown key '" ~ key ~ "'; known are " ~ known | join(', ')
            ~ feature_warehouse._did_you_mean(key | string, known)
        ) -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _differing_letters(one, other) -%}
    {#- How many letters are in one and not in the other, wherever they stand. -#}
    {%- set differing = namespace(letters=0) -%}
    {%- for letter in (one ~ other) | unique(case_sensitive=true) -%}
        {%- set differing.letters = differing.letters + (one.count(letter) - other.count(letter)) | abs -%}
    {%- endfor -%}
    {{ return(differing.letters) }}
{%- endmacro %}


{% macro _did_you_mean(name, known) -%}
    {#- A question for the known name that is most like one; nothing if none is. -#}
    {%- set nearest = namespace(name='', letters=3) -%}
    {%- for other in known -%}
        {%- set letters = feature_warehouse._differing_letters(name | lower, other | lower) -%}
        {%- if letters < nearest.letters -%}
            {%- set nearest.name = other -%}
            {%- set nearest.letters = letters -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return("; did you mean '" ~ nearest.name ~ "'?" if nearest.name else '') }}
{%- endmacro %}
