{#- The shape of `expectations`. Names and arguments are checked by the gate that reads them. -#}

{% macro _expectation_mistakes(block) -%}
    {#- Mistakes in the shape of a block's `expectations`. -#}
    {%- if 'expectations' not in block -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set entries = block.expectations -%}
    {%- if entries is string or entries is mapping or entries is not iterable -%}
        {{ return(['expectations must be a list; [] only checks what dbt knows']) }}
    {%- endif -%}
    {%- set mistakes = [] -%}
    {%- for entry in entries -%}
        {%- set names = (entry.keys() | reject('equalto', 'severity') | list) if entry is mapping else [] -%}
        {%- if names | length != 1 -%}
            {%- do mistakes.append(
                'expectation ' ~ loop.index ~ ' must be one name with its arguments, such as'
                ~ ' `expect_column_values_to_not_be_null: {column: ...}`, and perhaps a severity'
            ) -%}
        {%- elif 'severity' in entry and entry.severity not in ['error', 'warn'] -%}
            {%- do mistakes.append(
                'expectation ' ~ loop.index ~ ": severity must be error or warn, not '"
                ~ entry.severity ~ "'"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
