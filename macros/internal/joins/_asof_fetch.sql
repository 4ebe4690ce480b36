{#- A view that is a table, on DuckDB. ASOF JOIN sees its keys and times only, and finds the instant of
    each label's answer; then the rows of these instants are fetched. So only those that a label
    wants are put in order where they tie, and no feature is sorted in vain. -#}

{% macro _asof_times(spec, labels) -%}
    {#- The keys and times of the rows of a view that is a table. -#}
    {%- set columns = spec.entity | list -%}
    {%- if feature_warehouse._times_have_events(spec) -%}
        {%- do columns.append(spec.event ~ ' as ' ~ spec.event_at) -%}
    {%- endif -%}
    {%- do columns.append(spec.known ~ ' as ' ~ spec.available_at) -%}
{{ spec.times }} as (
    {{ feature_warehouse._targets('select', columns) | indent(4) }}
    {{- feature_warehouse._rows_that_count(spec, labels) }}
    {%- if spec.late %}
    {{- feature_warehouse._last_of_instants(spec, [spec.known, spec.event]) }}
    {%- endif %}
)
{%- endmacro %}


{% macro _times_have_events(spec) -%}
    {#- Where the event does not follow from when the row was known, or the ttl counts from it. -#}
    {{ return(spec.late or (spec.ttl and not spec.lifetime)) }}
{%- endmacro %}


{% macro _asof_found(spec, labels) -%}
    {#- The instant of each label's answer. -#}
    {%- set event = spec.event_at if feature_warehouse._times_have_events(spec) else spec.available_at -%}
    {%- set columns = feature_warehouse._asked_columns(spec, labels.at) -%}
    {#- A label's key may only be equal to the view's. -#}
    {%- for key in (spec.entity if not spec.exact else []) -%}
        {%- do columns.append(spec.times ~ '.' ~ key ~ ' as ' ~ spec.found_keys[loop.index0]) -%}
    {%- endfor -%}
    {%- for column in feature_warehouse._identity(spec).values() -%}
        {%- do columns.append(spec.times ~ '.' ~ column) -%}
    {%- endfor -%}
{{ spec.found }} as materialized (
    select
        {{ columns | join(',\n        ') }}
    from {{ feature_warehouse._asked_labels(spec, labels) | indent(4) }}
    asof join {{ spec.times }}
        {{ feature_warehouse._asof_condition(spec, spec.times, spec.asked_clock) | indent(8) }}
    {%- if spec.ttl %}
    where {{ labels.at }} <= {{ spec.times }}.{{ event }} + {{ spec.ttl }}
    {%- endif %}
)
{%- endmacro %}


{% macro _identity(spec) -%}
    {#- What besides the keys tells which rows a label has found, those that tie and no others: each
        expression by its name in the CTEs. -#}
    {%- set columns = {spec.event: spec.event_at} if spec.late else {} -%}
    {{ return(dict(columns, **{spec.known: spec.available_at})) }}
{%- endmacro %}


{% macro _fetched_rows(spec) -%}
    {#- The rows of the instants that were found, one of those that tie. -#}
    {%- set identity = feature_warehouse._identity(spec) -%}
    {%- set expressions = spec.entity + identity.keys() | list -%}
    {%- set found = [] -%}
    {%- for column in (spec.entity if spec.exact else spec.found_keys) + identity.values() | list -%}
        {%- do found.append(spec.found ~ '.' ~ column) -%}
    {%- endfor -%}
    {%- set extra = [] -%}
    {%- if spec.late and not (spec.event_timestamp_as or spec.age_as) -%}
        {%- do extra.append(spec.event ~ ' as ' ~ spec.event_at) -%}
    {%- endif -%}
{{ spec.alias }} as (
    {{- feature_warehouse._available_rows(dict(spec, expires=none), extra) }}
        and {{ '(' ~ expressions | join(', ') ~ ')' }} in (
            {{ feature_warehouse._targets('select', found) | indent(12) }}
            from {{ spec.found }}
        )
    qualify
        {{ feature_warehouse._window(
            'row_number()', expressions, feature_warehouse._newest_first(spec)[1:], 8, ' = 1'
        ) }}
)
{%- endmacro %}


{% macro _fetched_join(spec, at) -%}
    {#- The join of labels with the rows that were fetched for them. -#}
{{ feature_warehouse._asked_join(spec, spec.found, at) }}
left join {{ spec.alias }}
    on
        {% for key in spec.entity -%}
        {{ spec.found }}.{{ key if spec.exact else spec.found_keys[loop.index0] }} = {{ spec.alias }}.{{ key }}
        and {% endfor -%}
        {%- for column in feature_warehouse._identity(spec).values() -%}
        {{ spec.found }}.{{ column }} = {{ spec.alias }}.{{ column }}
        {%- if not loop.last %}
        and {% endif -%}
        {%- endfor %}
{%- endmacro %}


{#- For few labels DuckDB 2.0 joins in a loop, which makes 0.0 of -0.0 in a REAL and in anything nested. So a
    view that is no table, with such features or some of a type that nobody knows, is copied once, and its rows
    are fetched like those of a table. -#}
{% macro _copies(specs) -%}
    {%- set ctes = [] -%}
    {%- for spec in specs if not spec.stored and feature_warehouse._has_hidden_zeros(spec) -%}
        {%- do ctes.append(
            spec.kept ~ ' as materialized (\n    select *\n    from ' ~ spec.relation ~ '\n)'
        ) -%}
        {%- do spec.update({'relation': spec.kept, 'stored': true}) -%}
    {%- endfor -%}
    {{ return(ctes) }}
{%- endmacro %}


{% macro _has_hidden_zeros(spec) -%}
    {%- for feature in spec.features -%}
        {%- set type = (spec.types.get(feature) or '') | lower | trim -%}
        {%- if not type
            or modules.re.search('real|float|double', type) and feature_warehouse._kind(type) != 'double' -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}
