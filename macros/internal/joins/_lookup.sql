{#- Rule 1 in its own words: of the rows that were available, the newest. What the index sorts stands
    alone on its side of each comparison. A row past its ttl may be left out before the choice, for
    all older ones are past it as well. -#}
{% macro _lookup(spec, at) -%}
left join lateral (
    select
        {%- for feature in spec.features %}
        {{ feature_warehouse._quote(feature) }},
        {%- endfor %}
        {%- if spec.event_timestamp_as or spec.age_as %}
        {{ spec.event }} as {{ spec.event_at }},
        {%- endif %}
        true as {{ spec.is_newest }}
    from {{ spec.relation }} as {{ spec.alias }}
    where
        {% for label_key, key in spec.pairs -%}
        {{ spec.alias }}.{{ key }} = labels.{{ label_key }}
        and {% endfor -%}
        {{ spec.event }} <= {{ spec.clock }}{{ ' - ' ~ spec.lag if spec.lag }}
        {%- if spec.ttl %}
        and {{ spec.event }} >= {{ at }} - {{ spec.ttl }}
        {%- endif %}
        {%- if spec.late %}
        and (
            {{ spec.created }} is null
            or {{ spec.created }} <= {{ spec.clock }}
        )
        {%- endif %}
        {%- for condition in spec.filters %}
        and {{ condition }}
        {%- endfor %}
    {{ feature_warehouse._clause('order by', feature_warehouse._newest_first(spec), 4) }}
    limit 1
) as {{ spec.alias }} on true
{%- endmacro %}
