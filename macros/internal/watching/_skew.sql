{#- Served values beside what the point-in-time rule says of them now. -#}

{% macro _differs(one, other, type) -%}
    {#- Whether two values are not the same to the bit; `one` is as the log has it. -#}
    {%- set kind = feature_warehouse._kind(type) -%}
    {%- if kind in ('double', 'real') -%}
        {{ return(
            '(' ~ one ~ ' is distinct from ' ~ other ~ ' or coalesce(' ~ one ~ ' = 0 and '
            ~ feature_warehouse._bits(one, kind) ~ ' <> ' ~ feature_warehouse._bits(other, kind) ~ ', false))'
        ) }}
    {%- elif kind is none or kind == 'text' -%}
        {{ return(feature_warehouse._to_text(one) ~ ' is distinct from ' ~ feature_warehouse._to_text(other)) }}
    {%- elif kind == 'timestamp' -%}
        {{ return(
            feature_warehouse._utc(one, type) ~ ' is distinct from ' ~ feature_warehouse._utc(other, type)
        ) }}
    {%- endif -%}
    {{ return(one ~ ' is distinct from ' ~ other) }}
{%- endmacro %}


{% macro _of_row(view, column) -%}
    {#- An instant of a row of a view that is joined as `held`, in UTC. -#}
    {{ return(feature_warehouse._utc('held.' ~ feature_warehouse._quote(column), view.types[column])) }}
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
        'ctes': ['labels as ' ~ feature_warehouse._table_once() ~ '(\n' ~ feature_warehouse._indented(query, 4) ~ '\n)'],
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
    {%- set shown = [feature_warehouse._to_text('differing.' ~ prefix ~ 'read_id') ~ ' as ' ~ prefix ~ 'read']
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
