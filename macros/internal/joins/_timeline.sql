{#- Labels and rows of a view on one timeline: the newest instant so far at which a row became available
    is the label's, and of the rows that share it (all of one event, the newest) the first in order is
    the answer. The order is that of `_newest_first`, without the event timestamp, which they share, and with
    the created timestamp under the name that it is carried by. -#}
{% macro _timeline(spec, labels) -%}
{%- set at = spec.clock -%}
{%- set carried = feature_warehouse._carried_columns(spec) -%}
{%- set order = [spec.available_at ~ ' asc nulls last'] -%}
{%- for column in ([spec.created_at] if spec.created else []) + spec.ties -%}
    {%- do order.append(column ~ ' desc nulls last') -%}
{%- endfor -%}
{%- set windows = {'newest':
    '\n            ' ~ feature_warehouse._clause('partition by', spec.entity + [spec.newest_at], 12)
    ~ '\n            ' ~ feature_warehouse._clause('order by', order, 12) ~ '\n        '
} -%}
{%- set newest = feature_warehouse._over('newest', windows) -%}
{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec, feature_warehouse._order_columns(spec), labels) }}
),

{{ spec.timeline }} as (
    select
        {%- for key in spec.entity %}
        {{ key }},
        {%- endfor %}
        {%- for column in carried %}
        {{ column }},
        {%- endfor %}
        {{ spec.available_at }},
        {{ spec.available_at }} as {{ spec.instant }}
    from {{ spec.alias }}
    {%- if spec.late %}
    where {{ spec.is_newest }}
    {%- endif %}
    union all
    select
        {%- for label_key, key in spec.pairs %}
        {{ 'labels.' ~ label_key if spec.exact else key }},
        {%- endfor %}
        {%- for column in carried + [spec.available_at] %}
        null as {{ column }},
        {%- endfor %}
        {{ at if spec.exact else spec.instant }}
    {%- if spec.exact %}
    from {{ labels.source }}{{ feature_warehouse._clocks_join(labels, spec.clocks) | indent(4) }}
    where
        {{ at }} is not null
        {%- for label_key, key in spec.pairs %}
        and labels.{{ label_key }} is not null
        {%- endfor %}
    {%- else %}
    from (
        {{- feature_warehouse._common_keys(spec, labels) }}
    ) as asked
    {%- endif %}
    group by
        {%- for label_key, key in spec.pairs %}
        {{ 'labels.' ~ label_key if spec.exact else key }},
        {%- endfor %}
        {{ at if spec.exact else spec.instant }}
),

{{ spec.newest }} as (
    select
        *,
        {{ feature_warehouse._window(
            'max(' ~ spec.available_at ~ ')', spec.entity, [spec.instant], 8,
            ' as ' ~ spec.newest_at
        ) }}
    from {{ spec.timeline }}
),

{{ spec.answers }} as (
    select
        {%- for key in spec.entity %}
        {{ key }},
        {%- endfor %}
        {{ spec.instant }},
        {{ spec.available_at }} is null as {{ spec.is_label }},
        {{ spec.newest_at }}
        {%- for column, type in feature_warehouse._answered_columns(spec).items() %},
        {#- A function's result has no such thing as the (6, 2) of a decimal. #}
        {{- '\n        ' ~ (
            'cast(first_value(' ~ column ~ ') over ' ~ newest ~ ' as ' ~ type ~ ')' if '(' in type
            else 'first_value(' ~ column ~ ') over ' ~ newest
        ) }} as {{ column }}
        {%- endfor %}
    from {{ spec.newest }}
    {{- feature_warehouse._window_clause(windows, 4) }}
)
{%- endmacro %}


{% macro _common_keys(spec, labels) %}
        {#- Two labels may have keys that differ, and are equal in the type that both share with the view.
            The first part is empty, and there for its types. -#}
        select
            {%- for key in spec.entity %}
            {{ key }},
            {%- endfor %}
            {{ spec.available_at }} as {{ spec.instant }}
        from {{ spec.alias }}
        where 1 = 0
        union all
        select
            {%- for label_key, key in spec.pairs %}
            labels.{{ label_key }},
            {%- endfor %}
            {{ spec.clock }}
        from {{ labels.source }}{{ feature_warehouse._clocks_join(labels, spec.clocks) | indent(8) }}
        where
            {{ spec.clock }} is not null
            {%- for label_key, key in spec.pairs %}
            and labels.{{ label_key }} is not null
            {%- endfor %}
{%- endmacro %}


{#- Labels are matched back by keys and time, not by a row number, so that `labels.*` stays what it was.
    No join but this one: the planner knows nothing of a computed column, and would guess the rows of a
    join wildly. -#}
{% macro _timeline_answers(spec) -%}
left join {{ spec.answers }}
    on
        {% for label_key, key in spec.pairs -%}
        labels.{{ label_key }} = {{ spec.answers }}.{{ key }}
        and {% endfor -%}
        {{ spec.clock }} = {{ spec.answers }}.{{ spec.instant }}
        and {{ spec.answers }}.{{ spec.is_label }}
{%- endmacro %}


{% macro _order_columns(spec) -%}
    {#- What a row must carry besides its features for the order of ties to be told. -#}
    {%- set columns = [] -%}
    {%- if spec.created -%}
        {%- do columns.append(spec.created ~ ' as ' ~ spec.created_at) -%}
    {%- endif -%}
    {%- do columns.extend(spec.other_ties) -%}
    {%- if spec.late -%}
        {%- do columns.append(feature_warehouse._is_newest(spec, 8, ' as ' ~ spec.is_newest)) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _answered_columns(spec) -%}
    {#- What the select list takes from the row that was chosen, with the type where it is known. -#}
    {%- set columns = {} -%}
    {%- for feature in spec.features -%}
        {%- do columns.update({feature_warehouse._quote(feature): spec.types.get(feature) or ''}) -%}
    {%- endfor -%}
    {%- if spec.event_timestamp_as or spec.age_as -%}
        {%- do columns.update({spec.event_at: ''}) -%}
    {%- endif -%}
    {%- if spec.expires and not spec.lifetime -%}
        {%- do columns.update({spec.expires_at: ''}) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _carried_columns(spec) -%}
    {#- All columns that a row carries along the timeline. -#}
    {%- set columns = feature_warehouse._answered_columns(spec).keys() | list -%}
    {%- if spec.created -%}
        {%- do columns.append(spec.created_at) -%}
    {%- endif -%}
    {{ return(columns + spec.other_ties) }}
{%- endmacro %}
