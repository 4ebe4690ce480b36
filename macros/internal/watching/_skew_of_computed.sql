{#- On-demand features that were served, computed again; see _skew.sql. -#}

{% macro _skew_of_computed(request, labels, views, computed, compared) -%}
    {#- Whether on-demand features of the requests in `asked` are what they are of the rows that were served. -#}
    {%- set prefix = request.prefix -%}
    {%- set ctes = ['labels as ' ~ feature_warehouse._table_once() ~ '(\n'
        ~ feature_warehouse._indented(feature_warehouse._asked_requests(request, labels), 4) ~ '\n)'] -%}
    {%- set columns = ['labels.*'] -%}
    {%- set joins = [] -%}
    {%- for view in views -%}
        {%- set place = request.parts[loop.index0].place -%}
        {%- set name = prefix ~ 'part_' ~ place -%}
        {%- set status = 'labels.' ~ prefix ~ 'status_' ~ place ~ " = 'found'" -%}
        {%- set event = 'labels.' ~ prefix ~ 'event_timestamp_' ~ place -%}
        {%- do ctes.append(feature_warehouse._served_rows(request, view, place, name)) -%}
        {%- do joins.append(
            'left join ' ~ name ~ '\n    on labels.' ~ prefix ~ 'number = ' ~ name ~ '.' ~ prefix ~ 'number'
        ) -%}
        {%- for feature, output in view.features.items() -%}
            {%- set default = '' if feature not in view.defaults
                else ' else ' ~ feature_warehouse._literal(view.defaults[feature], view.types[feature]) -%}
            {%- do columns.append(
                'case when ' ~ status ~ ' then ' ~ name ~ '.' ~ feature_warehouse._quote(feature) ~ default
                ~ ' end as ' ~ feature_warehouse._quote(output)
            ) -%}
        {%- endfor -%}
        {%- if view.event_timestamp_as -%}
            {%- do columns.append(
                'case when ' ~ status ~ ' then ' ~ event ~ ' end as '
                ~ feature_warehouse._quote(view.event_timestamp_as)
            ) -%}
        {%- endif -%}
        {%- if view.age_as -%}
            {%- do columns.append(
                'case when ' ~ status ~ ' then '
                ~ feature_warehouse._seconds_between(event, 'labels.' ~ prefix ~ 'clock') ~ ' end as '
                ~ feature_warehouse._quote(view.age_as)
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set sql = feature_warehouse._with(ctes) ~ 'select\n    ' ~ columns | join(',\n    ') ~ '\nfrom labels\n'
        ~ joins | join('\n') -%}
    {%- set items = [prefix ~ 'number'] -%}
    {%- for value in compared if value.part is none -%}
        {%- do items.append(
            feature_warehouse._differs(value.column, feature_warehouse._quote(value.name), value.type)
            ~ ' as ' ~ prefix ~ 'computed_differs_' ~ loop.index0
        ) -%}
    {%- endfor -%}
select
    {{ items | join(',\n    ') }}
from (
{{ feature_warehouse._indented(
    feature_warehouse._computed_of_rows('skew', labels, views, computed, sql, ['*']), 4
) }}
) as answers
{%- endmacro %}


{% macro _served_rows(request, view, place, name) -%}
    {#- The rows of a view with the versions that were served, one for each request. -#}
    {%- set prefix = request.prefix -%}
    {%- set spec = feature_warehouse._join_spec(view) -%}
    {%- do feature_warehouse._skip_if_empty(spec) -%}
    {%- set columns = ['labels.' ~ prefix ~ 'number'] -%}
    {%- for feature in view.features -%}
        {%- do columns.append('held.' ~ feature_warehouse._quote(feature)) -%}
    {%- endfor -%}
    {%- set ties = [] -%}
    {%- set order = [] -%}
    {%- for tie in spec.ties -%}
        {%- do ties.append(tie ~ ' as ' ~ prefix ~ 'tie_' ~ loop.index) -%}
        {%- do order.append('held.' ~ prefix ~ 'tie_' ~ loop.index ~ ' desc nulls last') -%}
    {%- endfor -%}
{{ name }} as (
    select *
    from (
        select
            {{ columns | join(',\n            ') }},
            row_number() over (
                {{ feature_warehouse._clause('partition by', ['labels.' ~ prefix ~ 'number'], 16) }}
                {{ feature_warehouse._clause('order by', order, 16) if order }}
            ) as {{ prefix }}choice
        from labels
        inner join (
            select
                {{ (['*'] + ties) | join(',\n                ') }}
            from {{ spec.relation }}
        ) as held
            on
                {% for label_key, key in spec.pairs -%}
                labels.{{ label_key }} = held.{{ key }}
                and {% endfor -%}
                labels.{{ prefix }}event_timestamp_{{ place }}
                = {{ feature_warehouse._of_row(view, view.event_timestamp) }}
                {%- if view.created_timestamp %}
                and labels.{{ prefix }}created_timestamp_{{ place }}
                is not distinct from {{ feature_warehouse._of_row(view, view.created_timestamp) }}
                {%- endif %}
    ) as rows_of_versions
    where {{ prefix }}choice = 1
)
{%- endmacro %}
