{% macro _answers(spec, at, source) %}
    {#- A row past its ttl is not a match. Defaults fill in for no match only: NULL in a row stays NULL. -#}
    {%- set matched = feature_warehouse._matched(spec, at, source) -%}
    {%- for feature, name in spec.features.items() %}
        {%- set default = none -%}
        {%- if feature in spec.defaults -%}
            {%- set default = feature_warehouse._literal(
                spec.defaults[feature], spec.types.get(feature)
            ) -%}
        {%- endif -%}
        {{ feature_warehouse._answer(
            matched, source.name ~ '.' ~ feature_warehouse._quote(feature),
            feature_warehouse._quote(name), default, named=name == feature
        ) }}
    {%- endfor -%}
    {%- set event_at = source.name ~ '.' ~ spec.event_at -%}
    {%- if spec.event_timestamp_as %}
        {{- feature_warehouse._answer(
            matched, event_at, feature_warehouse._quote(spec.event_timestamp_as)
        ) }}
    {%- endif -%}
    {%- if spec.age_as %}
        {{- feature_warehouse._answer(
            matched,
            feature_warehouse._seconds_between(event_at, at),
            feature_warehouse._quote(spec.age_as)
        ) }}
    {%- endif -%}
{%- endmacro %}


{% macro _matched(spec, at, source) -%}
    {#- The condition that the joined row counts, and whether all but a default does without it. -#}
    {%- if source.unexpired -%}
        {{ return({'test': source.unexpired, 'implied': true}) }}
    {%- elif spec.lifetime -%}
        {%- set last = source.name ~ '.' ~ source.found ~ ' + ' ~ spec.lifetime -%}
        {{ return({'test': at ~ ' <= ' ~ last, 'implied': false}) }}
    {%- elif spec.expires -%}
        {%- set last = source.name ~ '.' ~ spec.expires_at -%}
        {{ return({'test': at ~ ' <= ' ~ last, 'implied': false}) }}
    {%- endif -%}
    {{ return({'test': source.name ~ '.' ~ source.found ~ ' is not null', 'implied': true}) }}
{%- endmacro %}


{% macro _answer(matched, value, column, default=none, named=false) -%}
    {#- One column of the select list, laid out. -#}
    {%- if matched.implied and default is none -%}
        {%- set value = value | indent(4) -%}
        {{ return(',\n    ' ~ (value if named else feature_warehouse._named(value, column, 4))) }}
    {%- endif -%}
    {%- set test = 'when ' ~ matched.test -%}
    {%- set result = 'then ' ~ value -%}
    {%- set otherwise = '' if default is none else ' else ' ~ default -%}
    {%- set line = 'case ' ~ test ~ ' ' ~ result ~ otherwise ~ ' end as ' ~ column -%}
    {%- if line | length < 96 and '\n' not in value -%}
        {{ return(',\n    ' ~ line) }}
    {%- endif -%}
    {{ return(
        ',\n    case\n        ' ~ test
        ~ (
            ' ' if (test ~ result) | length < 92 and '\n' not in value else '\n            '
        ) ~ result | indent(12)
        ~ ('\n       ' ~ otherwise if otherwise else '') ~ '\n    end as ' ~ column
    ) }}
{%- endmacro %}
