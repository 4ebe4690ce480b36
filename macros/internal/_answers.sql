{% macro _answers(spec, at) %}
    {#- A row past its ttl is no match. Defaults fill in for no match only: NULL in a row stays NULL. -#}
    {%- for feature, name in spec.features.items() %}
        {%- set value = spec.alias ~ '.' ~ feature_warehouse._quote(feature) -%}
        {%- set column = feature_warehouse._quote(name) -%}
        {%- set default = '' -%}
        {%- if feature in spec.defaults -%}
            {%- set default = ' else ' ~ feature_warehouse._literal(
                spec.defaults[feature], spec.types.get(feature)
            ) -%}
        {%- endif -%}
        {%- if spec.lifetime -%}
            {%- set matched = at ~ ' <= ' ~ spec.alias ~ '.' ~ spec.available_at ~ ' + ' ~ spec.lifetime -%}
        {%- elif spec.expires -%}
            {%- set matched = at ~ ' <= ' ~ spec.alias ~ '.' ~ spec.expires_at -%}
        {%- else -%}
            {%- set matched = spec.alias ~ '.' ~ spec.available_at ~ ' is not null' -%}
        {%- endif -%}
        {%- if spec.expires or default %}
            {%- set test = 'when ' ~ matched -%}
            {%- set result = 'then ' ~ value -%}
            {%- set line = 'case ' ~ test ~ ' ' ~ result ~ default ~ ' end as ' ~ column -%}
            {%- if line | length < 96 %},
    {{ line }}
            {%- else %},
    case
        {{ test ~ (' ' if (test ~ result) | length < 92 else '\n            ') ~ result }}
                {%- if default %}
        {{ default | trim }}
                {%- endif %}
    end as {{ column }}
            {%- endif -%}
        {%- else %},
    {{ value }}{{ ' as ' ~ column if name != feature }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro _literal(value, data_type) -%}
    {#- Cast where a bare literal would widen the column: smallint, or a decimal on DuckDB. -#}
    {%- set wide = ['integer', 'int', 'bigint', 'double precision', 'double', 'float', 'real'] -%}
    {%- if value is boolean -%}
        {{ return('true' if value else 'false') }}
    {%- elif value is number and (data_type is none or data_type | lower | trim in wide) -%}
        {{ return(value | string) }}
    {%- endif -%}
    {%- set text = "'" ~ value | string | replace("'", "''") ~ "'" -%}
    {{ return('cast(' ~ text ~ ' as ' ~ data_type ~ ')' if data_type else text) }}
{%- endmacro %}
