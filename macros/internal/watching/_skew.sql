{#- Served values beside what the point-in-time rule says of them now. All names of ours have a prefix that no
    column of the log begins with. -#}

{% macro _names_of_requests(request) -%}
    {#- The columns of `_logged_requests` that are ours. -#}
    {%- set names = [] -%}
    {%- for role in request.columns -%}
        {%- do names.append(request.prefix ~ role) -%}
    {%- endfor -%}
    {%- for part in request.parts -%}
        {%- for role in part.columns -%}
            {%- do names.append(request.prefix ~ role ~ '_' ~ part.place) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name in request.served -%}
        {%- do names.append(request.prefix ~ 'served_' ~ loop.index0) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{% macro _own_columns(request, roles) -%}
    {#- Columns of ours of the log, by names of ours: those of the request, and of each part where `roles` is none. -#}
    {%- set columns = [] -%}
    {%- for role, column in request.columns.items() if roles is none or role in roles -%}
        {%- do columns.append('log.' ~ feature_warehouse._quote(column) ~ ' as ' ~ request.prefix ~ role) -%}
    {%- endfor -%}
    {%- for part in (request.parts if roles is none else []) -%}
        {%- for role, column in part.columns.items() -%}
            {%- do columns.append(
                'log.' ~ feature_warehouse._quote(column) ~ ' as ' ~ request.prefix ~ role ~ '_' ~ part.place
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _logged_requests(request, labels, more=[], roles=none) -%}
    {#- The select list of the log: what `_own_columns` says, keys and what the request gave in their declared types,
        and what was served. -#}
    {%- set columns = more + feature_warehouse._own_columns(request, roles) -%}
    {%- for key in request.given -%}
        {%- set name = feature_warehouse._quote(key) -%}
        {%- do columns.append(
            'cast(log.' ~ name ~ ' as ' ~ labels.types[key] ~ ') as ' ~ name if key in labels.types
            else 'log.' ~ name
        ) -%}
    {%- endfor -%}
    {%- for name in request.served -%}
        {%- do columns.append(
            'log.' ~ feature_warehouse._quote(name) ~ ' as ' ~ request.prefix ~ 'served_' ~ loop.index0
        ) -%}
    {%- endfor -%}
    {{ return('select\n    ' ~ columns | join(',\n    ')) }}
{%- endmacro %}


{% macro _logged(request, role) -%}
    {#- A column of ours of the log. -#}
    {{ return('log.' ~ feature_warehouse._quote(request.columns[role])) }}
{%- endmacro %}


{% macro _asked_requests(request, labels, more=[]) -%}
    {#- The logged requests that the table `asked` numbers. -#}
    {%- set prefix = request.prefix -%}
    {%- set extra = ['asked.' ~ prefix ~ 'number'] + more -%}
    {{ return(
        feature_warehouse._logged_requests(request, labels, extra)
        ~ '\nfrom ' ~ request.asked ~ ' as asked\ninner join ' ~ request.log ~ ' as log\n    on\n        '
        ~ feature_warehouse._logged(request, 'read_id') ~ ' = cast(asked.' ~ prefix ~ 'read as uuid)\n        and '
        ~ feature_warehouse._logged(request, 'position') ~ ' = asked.' ~ prefix ~ 'place'
    ) }}
{%- endmacro %}


{% macro _differs(one, other, type) -%}
    {#- Whether two values are not the same to the bit; `one` is as the log has it. -#}
    {%- set kind = feature_warehouse._kind(type) -%}
    {%- if kind in ('double', 'real') -%}
        {{ return(
            '(' ~ one ~ ' is distinct from ' ~ other ~ ' or coalesce(' ~ one ~ ' = 0 and '
            ~ feature_warehouse._bits(one, kind) ~ ' <> ' ~ feature_warehouse._bits(other, kind) ~ ', false))'
        ) }}
    {%- elif kind is none or kind == 'text' -%}
        {{ return('cast(' ~ one ~ ' as text) is distinct from cast(' ~ other ~ ' as text)') }}
    {%- elif kind == 'timestamp' -%}
        {{ return(
            feature_warehouse._utc(one, type) ~ ' is distinct from ' ~ feature_warehouse._utc(other, type)
        ) }}
    {%- endif -%}
    {{ return(one ~ ' is distinct from ' ~ other) }}
{%- endmacro %}


{% macro _skew_of_requests(request, labels, views, computed, compared) -%}
    {#- The requests of which a value differs from what the training set would have at their instant. -#}
    {%- set prefix = request.prefix -%}
    {%- set at = feature_warehouse._logged(request, 'requested_at') -%}
    {%- set query = feature_warehouse._logged_requests(request, labels, roles=['read_id', 'position', 'clock'])
        ~ '\nfrom ' ~ request.log ~ ' as log\nwhere\n    '
        ~ feature_warehouse._logged(request, 'fingerprint') ~ ' = '
        ~ feature_warehouse._text_literal(request.fingerprint)
        ~ '\n    and ' ~ at ~ ' >= cast($1 as timestamp)\n    and ' ~ at ~ ' < cast($2 as timestamp)' -%}
    {%- set rows = {
        'source': 'labels',
        'ctes': ['labels as materialized (\n' ~ feature_warehouse._indented(query, 4) ~ '\n)'],
        'at': 'labels.' ~ prefix ~ 'clock',
        'timestamp': prefix ~ 'clock',
        'types': labels.types,
    } -%}
    {%- set joined = feature_warehouse._join(rows, views) -%}
    {%- if computed.features -%}
        {%- set joined = feature_warehouse._computed_of_rows('skew', labels, views, computed, joined, ['*']) -%}
    {%- endif -%}
    {%- set flags = [] -%}
    {%- set conditions = [] -%}
    {%- for value in compared -%}
        {%- do flags.append(
            feature_warehouse._differs(value.column, feature_warehouse._quote(value.name), value.type)
            ~ ' as ' ~ prefix ~ 'differs_' ~ loop.index0
        ) -%}
        {%- do conditions.append(prefix ~ 'differs_' ~ loop.index0) -%}
    {%- endfor -%}
    {#- What else the log has of them is looked up at the end: a join carries all columns of its labels along. -#}
    {%- set shown = ['cast(differing.' ~ prefix ~ 'read_id as text) as ' ~ prefix ~ 'read']
        + feature_warehouse._own_columns(request, none) -%}
    {%- for condition in conditions -%}
        {%- do shown.append('differing.' ~ condition) -%}
    {%- endfor -%}
select
    {{ shown | join(',\n    ') }}
from (
    select *
    from (
        select
            {{ prefix }}read_id,
            {{ prefix }}position,
            {{ flags | join(',\n            ') }}
        from (
{{ feature_warehouse._indented(joined, 12) }}
        ) as answers
    ) as compared
    where
        {{ conditions | join('\n        or ') }}
) as differing
inner join {{ request.log }} as log
    on
        {{ feature_warehouse._logged(request, 'read_id') }} = differing.{{ prefix }}read_id
        and {{ feature_warehouse._logged(request, 'position') }} = differing.{{ prefix }}position
{%- endmacro %}


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
        'source': 'labels', 'ctes': ['labels as materialized (\n' ~ feature_warehouse._indented(base, 4) ~ '\n)'],
        'at': 'labels.' ~ prefix ~ 'base', 'timestamp': prefix ~ 'base', 'types': types,
    }, [feature_warehouse._raw_view(request, view, values, 'before')]) -%}
    {%- set after = feature_warehouse._join({
        'source': 'labels', 'ctes': ['labels as materialized (\n' ~ feature_warehouse._indented(before, 4) ~ '\n)'],
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
with answers as materialized (
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


{% macro _of_row(view, column) -%}
    {#- An instant of a row of a view that is joined as `held`, in UTC. -#}
    {{ return(feature_warehouse._utc('held.' ~ feature_warehouse._quote(column), view.types[column])) }}
{%- endmacro %}
