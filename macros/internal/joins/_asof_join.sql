{#- A view that is joined by ASOF JOIN in one pass, on DuckDB: one that is not a table. -#}

{% macro _asof_rows(spec, labels) -%}
    {#- One row for each instant at which the answer changes: the last in order of those that became known
        together, if its event is the newest so far. One window tells both, by one sort. -#}
    {%- set order = [spec.known] + feature_warehouse._newest_last(spec) -%}
{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(spec, labels=labels) }}
    {{- feature_warehouse._last_of_instants(spec, order if spec.late else order[:1] + order[2:]) }}
)
{%- endmacro %}


{% macro _last_of_instants(spec, order) -%}
    {#- What keeps the last row of each instant, of those of the newest event so far. -#}
    {%- set windows = {'known':
        ('\n            ' ~ feature_warehouse._clause('partition by', spec.entity, 12) if spec.entity else '')
        ~ '\n            ' ~ feature_warehouse._clause('order by', order, 12) ~ '\n        '
    } -%}
    {%- set known = feature_warehouse._over('known', windows) -%}
    {%- set last = 'lead(' ~ spec.known ~ ') over ' ~ known ~ ' is distinct from ' ~ spec.known -%}
    {%- if last | length > 84 -%}
        {%- set last = 'lead(' ~ spec.known ~ ') over ' ~ known ~ '\n        is distinct from ' ~ spec.known -%}
    {%- endif %}
    {{- feature_warehouse._window_clause(windows, 4) }}
    qualify
        {% if spec.late -%}
        max({{ spec.event }}) over {{ known }} = {{ spec.event }}
        and {% endif -%}
        {{ last }}
{%- endmacro %}


{% macro _asof_join(spec) -%}
    {#- The ASOF JOIN of one view. -#}
asof left join {{ spec.alias }}
    {{ feature_warehouse._asof_condition(spec, spec.alias, spec.clock) | indent(4) }}
{%- endmacro %}


{% macro _asof_condition(spec, rows, clock) -%}
    {#- The condition of an ASOF JOIN between labels and rows of a view. -#}
on
    {% for label_key, key in spec.pairs -%}
    labels.{{ label_key }} = {{ rows }}.{{ key }}
    and {% endfor -%}
    {{ clock }} >= {{ rows }}.{{ spec.available_at }}
{%- endmacro %}


{% macro _asof_answers(spec, labels) -%}
    {#- The rows for all labels of a view by itself, beside the keys and the instant asked for. -#}
    {%- set columns = feature_warehouse._asked_columns(spec, labels.at) -%}
    {%- for feature in spec.features -%}
        {%- do columns.append(spec.alias ~ '.' ~ feature_warehouse._quote(feature)) -%}
    {%- endfor -%}
    {%- if spec.event_timestamp_as or spec.age_as -%}
        {%- do columns.append(spec.alias ~ '.' ~ spec.event_at) -%}
    {%- endif -%}
    {%- do columns.append(spec.alias ~ '.' ~ spec.available_at) -%}
{{ spec.answers }} as (
    select
        {{ columns | join(',\n        ') }}
    from {{ feature_warehouse._asked_labels(spec, labels) | indent(4) }}
    asof join {{ spec.alias }}
        {{ feature_warehouse._asof_condition(spec, spec.alias, spec.asked_clock) | indent(8) }}
    {%- if spec.expires %}
    where {{ labels.at }} <= {{ spec.alias }}.{{
        spec.available_at ~ ' + ' ~ spec.lifetime if spec.lifetime else spec.expires_at
    }}
    {%- endif %}
)
{%- endmacro %}


{% macro _asked_labels(spec, labels) -%}
    {#- The keys and instants that labels ask for, each once: whatever a join finds, it finds one row. -#}
    {%- set columns = ['labels.' ~ labels.timestamp] -%}
    {%- for label_key, key in spec.pairs -%}
        {%- if 'labels.' ~ label_key not in columns -%}
            {%- do columns.append('labels.' ~ label_key) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if spec.clocks -%}
        {%- do columns.append(spec.clock_column) -%}
    {%- endif -%}
(
    {{ feature_warehouse._targets('select distinct', columns) | indent(4) }}
    from {{ labels.source }}{{ feature_warehouse._clocks_join(labels, spec.clocks) | indent(4) }}
) as labels
{%- endmacro %}


{% macro _asked_columns(spec, at) -%}
    {#- The keys of a label by the names that the view has for them, and the instant it asks for. -#}
    {%- set columns = [] -%}
    {%- for label_key, key in spec.pairs -%}
        {%- do columns.append(
            'labels.' ~ label_key ~ ('' if label_key == key else ' as ' ~ key)
        ) -%}
    {%- endfor -%}
    {{ return(columns + [at ~ ' as ' ~ spec.instant]) }}
{%- endmacro %}


{% macro _asked_join(spec, answers, at) -%}
    {#- By keys and time, not by a number of the row, so that `labels.*` stays what it was. -#}
left join {{ answers }}
    on
        {% for label_key, key in spec.pairs -%}
        labels.{{ label_key }} = {{ answers }}.{{ key }}
        and {% endfor -%}
        {{ at }} = {{ answers }}.{{ spec.instant }}
{%- endmacro %}


{% macro _output_count(specs) -%}
    {#- How many columns some views add to a training set. -#}
    {%- set columns = [] -%}
    {%- for spec in specs -%}
        {%- do columns.extend(spec.features.values()) -%}
        {%- do columns.extend([spec.event_timestamp_as, spec.age_as] | select) -%}
    {%- endfor -%}
    {{ return(columns | length) }}
{%- endmacro %}
