{#- What a view had when requests were served, and has now; see _skew.sql. -#}

{% macro _raw_view(request, view, values, name) -%}
    {#- A view of a join that gives its rows as they are, whatever their age, under the prefix and `name`. -#}
    {%- set prefix = request.prefix ~ name ~ '_' -%}
    {%- set features = {} -%}
    {%- for value in values if value.feature -%}
        {%- do features.update({value.feature: prefix ~ value.column[request.prefix | length:]}) -%}
    {%- endfor -%}
    {%- if view.created_timestamp -%}
        {%- do features.update({view.created_timestamp: prefix ~ 'created'}) -%}
    {%- endif -%}
    {%- set raw = view.copy() -%}
    {%- do raw.update({
        'ttl': none, 'defaults': {}, 'features': features, 'event_timestamp_as': prefix ~ 'event', 'age_as': none,
        'alias': name ~ '_' ~ view.alias,
    }) -%}
    {{ return(raw) }}
{%- endmacro %}


{% macro _skew_of_part(request, labels, view, values, number) -%}
    {#- For the requests in `asked`: the row that the view had at `base`, the one at `upto`, and whether it has
        the row that was served; of one that was expired, which has no values, whether it has the version. -#}
    {%- set prefix = request.prefix -%}
    {%- set place = request.parts[number].place -%}
    {%- set base = feature_warehouse._asked_requests(
        request, labels, ['asked.' ~ prefix ~ 'base', 'asked.' ~ prefix ~ 'upto']
    ) -%}
    {%- set types = labels.types -%}
    {%- set before = feature_warehouse._join({
        'source': 'labels', 'ctes': ['labels as ' ~ feature_warehouse._table_once() ~ '(\n' ~ feature_warehouse._indented(base, 4) ~ '\n)'],
        'at': 'labels.' ~ prefix ~ 'base', 'timestamp': prefix ~ 'base', 'types': types,
    }, [feature_warehouse._raw_view(request, view, values, 'before')]) -%}
    {%- set after = feature_warehouse._join({
        'source': 'labels', 'ctes': ['labels as ' ~ feature_warehouse._table_once() ~ '(\n' ~ feature_warehouse._indented(before, 4) ~ '\n)'],
        'at': 'labels.' ~ prefix ~ 'upto', 'timestamp': prefix ~ 'upto', 'types': types,
    }, [feature_warehouse._raw_view(request, view, values, 'after')]) -%}
    {%- set spec = feature_warehouse._join_spec(view) -%}
    {%- do feature_warehouse._skip_if_empty(spec) -%}
    {%- set same = [] -%}
    {%- for value in values if value.feature -%}
        {%- do same.append('not ' ~ feature_warehouse._differs(
            'answers.' ~ value.column, 'held.' ~ feature_warehouse._quote(value.feature), value.type
        )) -%}
    {%- endfor -%}
    {%- set event = prefix ~ 'event_timestamp_' ~ place -%}
    {%- set items = [
        'answers.' ~ prefix ~ 'number', 'answers.' ~ prefix ~ 'before_event', 'answers.' ~ prefix ~ 'after_event',
    ] -%}
    {%- for row in ['before', 'after'] -%}
        {%- do items.append(
            (
                feature_warehouse._utc('answers.' ~ prefix ~ row ~ '_created', view.types[view.created_timestamp])
                if view.created_timestamp else 'cast(null as timestamp)'
            ) ~ ' as ' ~ prefix ~ row ~ '_created'
        ) -%}
        {%- for value in values -%}
            {%- set found = 'answers.' ~ prefix ~ row ~ '_' ~ value.column[prefix | length:] -%}
            {%- if value.role == 'event_timestamp' -%}
                {%- set found = 'answers.' ~ prefix ~ row ~ '_event' -%}
            {%- elif value.role == 'age' -%}
                {%- set found = feature_warehouse._seconds_between(
                    'answers.' ~ prefix ~ row ~ '_event', 'answers.' ~ prefix ~ 'clock'
                ) -%}
            {%- endif -%}
            {%- do items.append(
                feature_warehouse._differs('answers.' ~ value.column, found, value.type)
                ~ ' as ' ~ prefix ~ row ~ '_differs_' ~ loop.index0
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for value in values -%}
        {%- set default = 'null' if value.default is none
            else feature_warehouse._literal(value.default, value.type) -%}
        {%- set is_other = 'answers.' ~ value.column ~ ' is not null' if value.default is none
            else feature_warehouse._differs('answers.' ~ value.column, default, value.type) -%}
        {%- do items.append(is_other ~ ' as ' ~ prefix ~ 'default_differs_' ~ loop.index0) -%}
    {%- endfor -%}
with answers as {{ feature_warehouse._table_once() }}(
{{ feature_warehouse._indented(after, 4) }}
),

held as (
    select
        answers.{{ prefix }}number,
        count(
            case when
                answers.{{ prefix }}status_{{ place }} <> 'found' or (
                    {{ (same or ['true']) | join('\n                    and ') }}
                ) then 1
            end
        ) as {{ prefix }}held
    from answers
    inner join {{ spec.relation }} as held
        on
            {% for label_key, key in spec.pairs -%}
            answers.{{ label_key }} = held.{{ key }}
            and {% endfor -%}
            answers.{{ event }} = {{ feature_warehouse._of_row(view, view.event_timestamp) }}
            {%- if view.created_timestamp %}
            and answers.{{ prefix }}created_timestamp_{{ place }}
            is not distinct from {{ feature_warehouse._of_row(view, view.created_timestamp) }}
            {%- endif %}
    group by 1
)

select
    {{ items | join(',\n    ') }},
    held.{{ prefix }}held
from answers
left join held
    on answers.{{ prefix }}number = held.{{ prefix }}number
{%- endmacro %}
