{#- A join by Snowflake's ASOF JOIN, which gives each row on its left one row of the right or NULLs, and compares two columns:
    https://docs.snowflake.com/en/sql-reference/constructs/asof-join -#}

{% macro _joined_by_match(labels, specs) -%}
{%- set ctes = labels.ctes | list -%}
{%- for spec in specs -%}
    {%- do ctes.extend([feature_warehouse._asof_rows(spec, labels), feature_warehouse._matched_answers(spec, labels)]) -%}
{%- endfor -%}
{{ feature_warehouse._with(ctes) -}}
select
    labels.*
    {%- for spec in specs -%}
        {{ feature_warehouse._answers(spec, labels.at, {
            'name': spec.answers,
            'found': spec.available_at,
            'unexpired': spec.answers ~ '.' ~ spec.available_at ~ ' is not null',
        }) }}
    {%- endfor %}
from {{ labels.source }}
{%- for spec in specs %}
{{ feature_warehouse._asked_join(spec, spec.answers, labels.at) }}
{%- endfor %}
{%- endmacro %}


{% macro _matched_answers(spec, labels) -%}
    {#- The CTE of what the keys and instants of labels find, each asked once, but for rows that are past their ttl. -#}
    {%- set asked = [] -%}
    {%- set columns = [] -%}
    {%- for label_key, key in spec.pairs -%}
        {%- do asked.append('labels.' ~ label_key ~ ('' if label_key == key else ' as ' ~ key)) -%}
        {%- do columns.append('asked.' ~ key) -%}
    {%- endfor -%}
    {%- do asked.append(labels.at ~ ' as ' ~ spec.instant) -%}
    {%- do columns.append('asked.' ~ spec.instant) -%}
    {%- set clock = spec.instant -%}
    {%- if spec.clock != labels.at -%}
        {%- set clock = feature_warehouse._free_name('clock', spec.entity + [spec.instant]) -%}
        {%- do asked.append(spec.clock ~ ' as ' ~ clock) -%}
    {%- endif -%}
    {%- for feature in spec.features -%}
        {%- do columns.append(spec.alias ~ '.' ~ feature_warehouse._quote(feature)) -%}
    {%- endfor -%}
    {%- if spec.event_timestamp_as or spec.age_as -%}
        {%- do columns.append(spec.alias ~ '.' ~ spec.event_at) -%}
    {%- endif -%}
    {%- do columns.append(spec.alias ~ '.' ~ spec.available_at) -%}
{{ spec.answers }} as (
    select
        {{ columns | join(',\n        ') }}
    from (
        {{ feature_warehouse._targets('select distinct', asked) | indent(8) }}
        from {{ labels.source }}{{ feature_warehouse._clocks_join(labels, spec.clocks) | indent(8) }}
    ) as asked
    asof join {{ spec.alias }}
        match_condition (asked.{{ clock }} >= {{ spec.alias }}.{{ spec.available_at }})
        {%- for key in spec.entity %}
        {{ 'on' if loop.first else 'and' }} asked.{{ key }} = {{ spec.alias }}.{{ key }}
        {%- endfor %}
    {%- if spec.expires %}
    where asked.{{ spec.instant }} <= {{ spec.alias }}.{{
        spec.available_at ~ ' + ' ~ spec.lifetime if spec.lifetime else spec.expires_at
    }}
    {%- endif %}
)
{%- endmacro %}
