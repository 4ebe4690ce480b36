{#- A view that is joined by ASOF JOIN, on DuckDB. -#}

{% macro _asof_rows(spec) -%}
    {#- One row for each instant at which the answer changes: the last in order of those that became known
        together, if its event is the newest so far. One window tells both, by one sort. -#}
    {%- set order = [spec.known] + feature_warehouse._newest_last(spec) -%}
    {%- set window = feature_warehouse._clause(
        'order by', order if spec.late else order[:1] + order[2:], 12
    ) -%}
    {%- set last = 'lead(' ~ spec.known ~ ') over known is distinct from ' ~ spec.known -%}
    {%- if last | length > 84 -%}
        {%- set last = 'lead(' ~ spec.known ~ ') over known\n        is distinct from ' ~ spec.known -%}
    {%- endif -%}
{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec) }}
    {%- if spec.late or spec.created or not spec.unique %}
    window
        known as (
            {%- if spec.entity %}
            {{ feature_warehouse._clause('partition by', spec.entity, 12) }}
            {%- endif %}
            {{ window }}
        )
    qualify
        {% if spec.late -%}
        max({{ spec.event }}) over known = {{ spec.event }}
        and {% endif -%}
        {{ last }}
    {%- endif %}
)
{%- endmacro %}


{% macro _asof_join(spec, at) -%}
asof left join {{ spec.alias }}
    on
        {% for label_key, key in spec.pairs -%}
        labels.{{ label_key }} = {{ spec.alias }}.{{ key }}
        and {% endfor -%}
        {{ at }} >= {{ spec.alias }}.{{ spec.available_at }}
{%- endmacro %}


{% macro _numbered_labels(labels) -%}
numbered_labels as materialized (
    select
        *,
        row_number() over () as label_number
    from {{ labels.source }}
)
{%- endmacro %}


{% macro _asof_answers(spec, at) -%}
{{ spec.answers }} as (
    select
        labels.label_number
        {{- feature_warehouse._answers(
            spec, at, {'name': spec.alias, 'found': spec.available_at}
        ) | indent(4) }}
    from numbered_labels as labels
    {{ feature_warehouse._asof_join(spec, at) | indent(4) }}
)
{%- endmacro %}


{% macro _output_names(spec) -%}
    {%- set names = spec.features.values() | list -%}
    {%- for name in [spec.event_timestamp_as, spec.age_as] if name -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
