{#- How many label rows would have other values if labels knew more, or less. -#}

{% macro _late_data_cost(made) -%}
    {#- Rows known at their event timestamp; views without a created timestamp have none that come late. -#}
    {%- set views = [] -%}
    {%- for view in feature_warehouse._views_when_available(made) if view.created_timestamp -%}
        {%- do views.append(view) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._knowledge_cost(
        made, views, [{'name': 'event_time', 'change': {'knowledge': 'event_time'}}]
    )) }}
{%- endmacro %}


{% macro _stale_data_cost(made, every, delay) -%}
    {#- What readers get with runs every so often, and where the training set has them with runs as it says. -#}
    {%- set variants = [] -%}
    {%- if made.options.knowledge == 'served' -%}
        {%- do variants.append({
            'name': 'declared', 'every': none, 'change': {'served': feature_warehouse._served(made.options)}
        }) -%}
    {%- endif -%}
    {%- for text in every -%}
        {%- do variants.append({
            'name': 'every_' ~ loop.index, 'every': text, 'change': {'served': feature_warehouse._served({
                'knowledge': 'served', 'served': {'every': text, 'delay': delay}
            })}
        }) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._knowledge_cost(
        made, feature_warehouse._views_when_available(made), variants, 'every'
    )) }}
{%- endmacro %}


{% macro _views_when_available(made) -%}
    {#- The views of a training set as if its rows had been known when they were available. -#}
    {%- set options = made.options.copy() -%}
    {%- do options.update({'knowledge': 'available'}) -%}
    {{ return(feature_warehouse._training_set_views(made, options)) }}
{%- endmacro %}


{% macro _knowledge_cost(made, views, variants, column=none) -%}
    {#- For each variant, which changes what is known of the views, how many label rows differ from those without the
        change; a `column` says which it is. All values of a feature come out of one join, side by side for each
        label row. -#}
    {%- set compared = [] -%}
    {%- set joined = [] -%}
    {%- for view in views -%}
        {%- set first = compared | length + 1 -%}
        {%- for feature, name in view.features.items() -%}
            {%- do compared.append({'name': name, 'type': view.types[feature]}) -%}
        {%- endfor -%}
        {%- do joined.append(feature_warehouse._numbered_view(view, 'available', first)) -%}
        {%- for variant in variants -%}
            {%- do joined.append(feature_warehouse._numbered_view(
                dict(view, alias=view.alias ~ '_' ~ variant.name, **variant.change), variant.name, first
            )) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set rows = feature_warehouse._label_rows(made.label_set, made.options) -%}
    {%- set counts = [] -%}
    {%- for variant in variants -%}
        {%- set said = '' if column is none
            else 'cast(' ~ ('null' if variant.every is none else feature_warehouse._text_literal(variant.every))
                ~ ' as ' ~ feature_warehouse._text_type() ~ ') as ' ~ feature_warehouse._quote(column) ~ ',\n    ' -%}
        {%- set conditions = [] -%}
        {%- for value in compared -%}
            {%- do conditions.append(
                feature_warehouse._comparable('when_available_' ~ loop.index, value.type) ~ ' is distinct from '
                ~ feature_warehouse._comparable('when_' ~ variant.name ~ '_' ~ loop.index, value.type)
            ) -%}
            {%- do counts.append(feature_warehouse._count_of_differing(said, value.name, [conditions[-1]])) -%}
        {%- endfor -%}
        {%- do counts.append(feature_warehouse._count_of_differing(said, none, conditions)) -%}
    {%- endfor -%}
with compared as (
{{ feature_warehouse._indented(feature_warehouse._join(rows, joined), 4) }}
)

{{ counts | join('\nunion all\n') }}
{%- endmacro %}


{% macro _numbered_view(view, name, first) -%}
    {#- A view of a join that gives its features alone, each as `when_<name>_<number>`. -#}
    {%- set features = {} -%}
    {%- for feature in view.features -%}
        {%- do features.update({feature: 'when_' ~ name ~ '_' ~ (first + loop.index0)}) -%}
    {%- endfor -%}
    {{ return(dict(view, features=features, event_timestamp_as=none, age_as=none)) }}
{%- endmacro %}


{% macro _count_of_differing(said, name, conditions) -%}
    {#- The count of the label rows where a condition holds. -#}
select
    {{ said }}cast({{ 'null' if name is none else feature_warehouse._text_literal(name) }} as {{ feature_warehouse._text_type() }}) as feature,
    count(*) as label_rows,
    {%- if not conditions %}
    cast(0 as bigint) as rows_that_differ
    {%- elif name is none %}
    count(
        case
            when
                {{ conditions | join('\n                or ') }}
            then 1
        end
    ) as rows_that_differ
    {%- else %}
    count(case when {{ conditions[0] }} then 1 end) as rows_that_differ
    {%- endif %}
from compared
{%- endmacro %}
