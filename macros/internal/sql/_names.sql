{% macro _renames(names) -%}
    {#- A list of names, or a mapping from a name to its name on the other side, as a mapping. -#}
    {%- if names is mapping -%}
        {{ return(names) }}
    {%- endif -%}
    {{ return(dict(zip(names, names))) }}
{%- endmacro %}


{% macro _free_name(name, taken) -%}
    {#- Compared without case, which DuckDB ignores even in quoted names. -#}
    {%- set taken = taken | map('lower') | list -%}
    {%- if name | lower not in taken -%}
        {{ return(name) }}
    {%- endif -%}
    {%- for number in range(2, taken | length + 2) -%}
        {%- set candidate = name ~ '_' ~ number -%}
        {%- if candidate | lower not in taken -%}
            {{ return(candidate) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro _byte_length(text) -%}
    {#- How many bytes a text has as UTF-8. -#}
    {{ return(modules.re.sub('%..', ' ', text | urlencode) | length) }}
{%- endmacro %}


{% macro _cut(name, bytes) -%}
    {#- The longest beginning of a name that has no more than so many bytes. -#}
    {%- for length in range(bytes, 0, -1) -%}
        {%- if feature_warehouse._byte_length(name[:length]) <= bytes -%}
            {{ return(name[:length]) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
