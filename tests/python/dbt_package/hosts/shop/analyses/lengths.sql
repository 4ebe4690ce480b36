{%- set answers = {} -%}
{%- for text in var('lengths', []) -%}
    {%- do answers.update({text: feature_warehouse._microseconds(text)}) -%}
{%- endfor -%}
{{ tojson(answers) }}
