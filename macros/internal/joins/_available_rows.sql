{#- The rows of a view that a join chooses from, and the order in which it does. -#}

{% macro _available_rows(spec, extra=[], labels=none) %}
    {#- The body of a view's CTE: its rows with the instant each is available at. #}
    select
        {%- for key in spec.entity %}
        {{ key }},
        {%- endfor %}
        {%- for feature in spec.features %}
        {{ feature_warehouse._quote(feature) }},
        {%- endfor %}
        {{ spec.known }} as {{ spec.available_at }}
        {%- if spec.event_timestamp_as or spec.age_as %},
        {{ spec.event }} as {{ spec.event_at }}
        {%- endif %}
        {%- if spec.expires and not spec.lifetime %},
        {{ spec.expires }} as {{ spec.expires_at }}
        {%- endif %}
        {%- for column in extra %},
        {{ column }}
        {%- endfor %}
    {{- feature_warehouse._rows_that_count(spec, labels) }}
{%- endmacro %}


{% macro _rows_that_count(spec, labels=none) %}
    {#- Where the rows of a view come from, without those that no label can match. #}
    from {{ spec.relation }}
    where
        {{ spec.event }} is not null
        {%- for key in spec.entity %}
        and {{ key }} is not null
        {%- endfor %}
        {%- for condition in spec.pruning + spec.filters %}
        and {{ condition }}
        {%- endfor %}
        {%- if labels and spec.exact and spec.entity %}
        and {{ feature_warehouse._has_label(spec, labels) | indent(8) }}
        {%- endif %}
{%- endmacro %}


{% macro _has_label(spec, labels) -%}
    {#- The condition that some label has a row's keys: where labels are few, little is left to sort. -#}
    {%- set columns = [] -%}
    {%- for label_key, key in spec.pairs -%}
        {%- do columns.append('labels.' ~ label_key) -%}
    {%- endfor -%}
    {%- set line = spec.entity[0] ~ ' in (select ' ~ columns[0] ~ ' from ' ~ labels.source ~ ')' -%}
    {%- if columns | length == 1 and line | length < 80 -%}
        {{ return(line) }}
    {%- endif -%}
    {%- set keys = spec.entity | join(', ') -%}
    {{ return(
        ('(' ~ keys ~ ')' if columns | length > 1 else keys) ~ ' in (\n    '
        ~ feature_warehouse._targets('select', columns) | indent(4) ~ '\n    from ' ~ labels.source ~ '\n)'
    ) }}
{%- endmacro %}


{% macro _is_newest(spec, indent, ending='') -%}
    {#- Whether no row of the entity that was known before has a later event. Without a frame, for
        the default one takes in all rows that became known at the same instant. -#}
    {{ return(feature_warehouse._window(
        'max(' ~ spec.event ~ ')', spec.entity, [spec.known], indent, ' = ' ~ spec.event ~ ending
    )) }}
{%- endmacro %}


{% macro _newest_first(spec, rest=[]) -%}
    {#- The order of the rows of an entity, the answer of rule 1 first. -#}
    {%- set order = [spec.event ~ ' desc'] -%}
    {%- for column in ([spec.created] if spec.created else []) + spec.ties + rest -%}
        {%- do order.append(column ~ ' desc nulls last') -%}
    {%- endfor -%}
    {{ return(order) }}
{%- endmacro %}


{% macro _newest_last(spec) -%}
    {#- The same order the other way round. -#}
    {%- set order = [spec.event] -%}
    {%- for column in ([spec.created] if spec.created else []) + spec.ties -%}
        {%- do order.append(column ~ ' nulls first') -%}
    {%- endfor -%}
    {{ return(order) }}
{%- endmacro %}
