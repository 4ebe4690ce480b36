{#- A join on engines whose structs are compared field by field: the rows of a view that were available so far, as structs
    of event, created timestamp and ties, have a greatest one, which is the answer of rule 1. So a running maximum over
    rows and labels finds it. A label is carried along from view to view with all its columns and the answers that it
    has: nothing is joined back. -#}

{% macro _joined_by_maximum(labels, specs) -%}
{%- set clocks = [] -%}
{%- for spec in specs -%}
    {%- if spec.clock != labels.at and spec.clock not in clocks -%}
        {%- do clocks.append(spec.clock) -%}
    {%- endif -%}
{%- endfor -%}
{%- set ctes = labels.ctes + [feature_warehouse._label_rows_with_clocks(labels, specs, clocks)] -%}
{%- set carried = ['label_row', 'label_at'] -%}
{%- for clock in clocks -%}
    {%- do carried.append('clock_' ~ loop.index) -%}
{%- endfor -%}
{%- set source = namespace(name='label_rows') -%}
{%- for spec in specs -%}
    {%- set at = 'label_at' if spec.clock == labels.at
        else carried[2:][feature_warehouse._place_of(spec.clock, clocks)] -%}
    {%- do ctes.append(feature_warehouse._rows_and_labels(spec, source.name, at, carried)) -%}
    {%- do ctes.append(feature_warehouse._running_answers(spec, carried, 'answer_' ~ loop.index)) -%}
    {%- do carried.append('answer_' ~ loop.index) -%}
    {%- set source.name = spec.answers -%}
{%- endfor -%}
{{ feature_warehouse._with(ctes) -}}
select
    label_row.*
    {%- for spec in specs -%}
        {{ feature_warehouse._answers(spec, 'label_at', {
            'name': 'answer_' ~ loop.index, 'found': spec.available_at
        }) }}
    {%- endfor %}
from {{ source.name }}
{%- endmacro %}


{% macro _place_of(item, items) -%}
    {#- The number of an item in a list that has it, from 0. -#}
    {%- for other in items -%}
        {%- if other == item -%}
            {{ return(loop.index0) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro _label_rows_with_clocks(labels, specs, clocks) -%}
    {#- The CTE of labels, each as one value, with the instants at which it asks views. -#}
label_rows as (
    select
        struct(labels.*) as label_row,
        {{ labels.at }} as label_at
        {%- for clock in clocks %},
        {{ clock }} as clock_{{ loop.index }}
        {%- endfor %}
    from {{ labels.source }}{{ feature_warehouse._clocks_joins(labels, specs) | indent(4) }}
)
{%- endmacro %}


{% macro _rows_and_labels(spec, source, at, carried) -%}
    {#- The CTE of a view's rows and of the labels on one timeline. A label that finds nothing, for it has no key or no
        instant, is not to meet all others of its kind in one task: it gets a number by what it has. -#}
{{ spec.timeline }} as (
    select
        {%- for key in spec.entity %}
        {{ key }} as key_{{ loop.index }},
        {%- endfor %}
        0 as lost,
        {{ spec.known }} as happens_at,
        false as is_label,
        struct(
            {{ feature_warehouse._ordered_fields(spec) | join(',\n            ') }}
        ) as known_row,
        {%- for column in carried %}
        null as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    {{- feature_warehouse._rows_that_count(spec) }}
    union all
    select
        {%- for label_key, key in spec.pairs %}
        label_row.{{ label_key }} as key_{{ loop.index }},
        {%- endfor %}
        {{ feature_warehouse._lost_labels(spec, at) | indent(8) }} as lost,
        {{ at }} as happens_at,
        true as is_label,
        null as known_row,
        {{ carried | join(',\n        ') }}
    from {{ source }}
)
{%- endmacro %}


{% macro _lost_labels(spec, at) -%}
    {#- A number that labels without a key or an instant have, and others not: the same at each attempt, for a task
        that failed is run again. -#}
    {%- set asked = [] -%}
    {%- for label_key, key in spec.pairs -%}
        {%- do asked.append('label_row.' ~ label_key) -%}
    {%- endfor -%}
    {%- do asked.append(at) -%}
    {{ return(
        'case\n    when ' ~ asked | join(' is null or ') ~ ' is null\n        then 1 + pmod(hash(label_at, '
        ~ asked | join(', ') ~ '), 4096)\n    else 0\nend'
    ) }}
{%- endmacro %}


{% macro _ordered_fields(spec) -%}
    {#- What a row is compared by, and then what else the select list takes from it. -#}
    {%- set fields = [feature_warehouse._field(spec.event, spec.event_at)] -%}
    {%- if spec.created -%}
        {%- do fields.append(feature_warehouse._field(spec.created, spec.created_at)) -%}
    {%- endif -%}
    {%- set features = [] -%}
    {%- for feature in spec.features -%}
        {%- do features.append(feature_warehouse._quote(feature)) -%}
    {%- endfor -%}
    {%- set taken = spec.features.keys() | list + [
        spec.event_at, spec.created_at, spec.available_at, spec.expires_at
    ] -%}
    {%- set named = [] -%}
    {%- for key in spec.ties -%}
        {%- if key in features and key not in named -%}
            {%- do fields.append(key) -%}
            {%- do named.append(key) -%}
        {%- else -%}
            {%- do fields.append(key ~ ' as ' ~ feature_warehouse._free_name('order_' ~ loop.index, taken)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for feature in features if feature not in named -%}
        {%- do fields.append(feature) -%}
    {%- endfor -%}
    {%- do fields.append(feature_warehouse._field(spec.known, spec.available_at)) -%}
    {%- if spec.expires and not spec.lifetime -%}
        {%- do fields.append(feature_warehouse._field(spec.expires, spec.expires_at)) -%}
    {%- endif -%}
    {{ return(fields) }}
{%- endmacro %}


{% macro _field(expression, name) -%}
    {#- A field of a struct. -#}
    {{ return(expression if expression == name else expression ~ ' as ' ~ name) }}
{%- endmacro %}


{% macro _running_answers(spec, carried, answer) -%}
    {#- The CTE of labels with the answer of one more view. -#}
{{ spec.answers }} as (
    select
        {{ carried | join(',\n        ') }},
        newest as {{ answer }}
    from (
        select
            *,
            max(known_row) over (
                {{ feature_warehouse._clause('partition by', feature_warehouse._numbered_keys(spec) + ['lost'], 16) }}
                order by happens_at nulls first, is_label
                rows between unbounded preceding and current row
            ) as newest
        from {{ spec.timeline }}
    ) as rows_and_labels
    where is_label
)
{%- endmacro %}


{% macro _numbered_keys(spec) -%}
    {#- The names that a timeline has for the join keys. -#}
    {%- set names = [] -%}
    {%- for key in spec.entity -%}
        {%- do names.append('key_' ~ loop.index) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
