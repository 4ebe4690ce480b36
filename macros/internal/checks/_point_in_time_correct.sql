{% macro _recomputed(made, relation, sample) -%}
    {#- The same sample of rows at each run, and what rule 1 gives for each: of all rows that were available
        the newest, if it is not past its ttl; and what is computed from that. -#}
    {%- if sample is not number or sample < 1 -%}
        {{ feature_warehouse._fail('test point_in_time_correct', [
            'sample must be a number of rows, not ' ~ sample
        ]) }}
    {%- endif -%}
    {%- set types = feature_warehouse._built_columns(made.node) -%}
    {%- set taken = types | list + made.computed.hidden -%}
    {%- set views = feature_warehouse._joined_views(made) -%}
    {%- set number = feature_warehouse._free_name('sample_number', taken) -%}
    {%- set problem = feature_warehouse._free_name('problem', types) -%}
    {%- set identity = {} -%}
    {%- set ctes = [] -%}
    {%- set joins = [] -%}
    {%- set answers = [] -%}
    {%- for view in views -%}
        {%- set spec = feature_warehouse._join_spec(view) -%}
        {%- do feature_warehouse._skip_if_empty(spec) -%}
        {%- do spec.update({'alias': 'answer_' ~ loop.index}) -%}
        {%- for column in view.join_keys.values() -%}
            {%- do identity.update({column: types.get(column)}) -%}
        {%- endfor -%}
        {%- do ctes.append(feature_warehouse._answer_by_rule(
            spec, view, number, made.label_set.timestamp, types.get(made.label_set.timestamp)
        )) -%}
        {%- do joins.append(
            'left join ' ~ spec.alias ~ '\n    on sampled.' ~ number ~ ' = ' ~ spec.alias ~ '.number'
        ) -%}
        {%- do answers.extend(feature_warehouse._right_columns(spec, view)) -%}
    {%- endfor -%}
    {%- set problems = feature_warehouse._comparisons(answers, made.computed.hidden) -%}
    {%- if made.computed.features -%}
        {%- do ctes.append(feature_warehouse._recomputed_on_demand(made, views, answers, number, joins)) -%}
        {%- do joins.append(
            'inner join recomputed\n    on sampled.' ~ number ~ ' = recomputed.' ~ number
        ) -%}
        {%- do problems.extend(feature_warehouse._on_demand_comparisons(made, views)) -%}
    {%- endif -%}
    {%- do identity.update({
        made.label_set.timestamp: types.get(made.label_set.timestamp)
    }) -%}
    {%- set query -%}
with sampled as (
    select
        *,
        row_number() over (
            order by
                {{ feature_warehouse._row_digest(identity) | indent(16) }}
        ) as {{ number }}
    from {{ relation }}
    order by {{ number }}
    limit {{ sample }}
),

{% for cte in ctes -%}
{{ cte }},

{% endfor -%}
compared as (
    select
        sampled.*,
        {{ feature_warehouse._concatenated(
            feature_warehouse._differences(problems) or [feature_warehouse._to_text('null')], '; '
        ) | indent(8) }} as {{ problem }}
    from sampled
    {{ joins | join('\n') | indent(4) }}
)

select *
from compared
where {{ problem }} <> ''
    {%- endset -%}
{{ feature_warehouse._without_personal_data(query, types | list + [number, problem]) }}
{%- endmacro %}


{% macro _answer_by_rule(spec, view, number, timestamp, timestamp_type) -%}
    {#- Rule 1 for each sampled row, written from its text: every row that was available, the newest of them,
        and no other if that is past its ttl. It uses no join strategy that it is to check, but the same
        declarations (`_join_spec`) and the same order (`_newest_first`), which the loops of
        tests/python/point_in_time check. -#}
    {%- set taken = view.types.keys() | list -%}
    {%- set event_at = feature_warehouse._free_name('event_at', taken) -%}
    {%- set at = feature_warehouse._free_name('label_at', taken) -%}
    {%- set choice = feature_warehouse._free_name('choice', taken) -%}
    {%- set clock = feature_warehouse._free_name('label_clock', taken) -%}
    {%- set label_number = feature_warehouse._free_name('label_number', taken) -%}
    {%- set label_at = feature_warehouse._utc(feature_warehouse._quote(timestamp), timestamp_type) -%}
{{ spec.alias }} as (
    select
        {%- for feature in spec.features %}
        newest.{{ feature_warehouse._quote(feature) }} as feature_{{ loop.index }},
        {%- endfor %}
        newest.{{ event_at }} as event_at,
        newest.{{ at }} as label_at,
        newest.{{ label_number }} as number
    from (
        select
            *,
            {{ spec.event }} as {{ event_at }},
            row_number() over (
                partition by {{ label_number }}
                {{ feature_warehouse._clause(
                    'order by', feature_warehouse._newest_first(spec), 16
                ) }}
            ) as {{ choice }}
        from (
            select
                {%- for label_key, key in spec.pairs %}
                {{ label_key }} as {{ feature_warehouse._free_name('label_key_' ~ loop.index, taken) }},
                {%- endfor %}
                {{ label_at }} as {{ at }},
                {%- if view.get('served') %}
                {{ feature_warehouse._clock_at(view, label_at) | indent(16) }} as {{ clock }},
                {%- endif %}
                {{ number }} as {{ label_number }}
            from sampled
        ) as label_rows
        inner join {{ spec.relation }} as {{ spec.alias }}
            on
                {% for label_key, key in spec.pairs -%}
                label_rows.{{ feature_warehouse._free_name('label_key_' ~ loop.index, taken) }} = {{ spec.alias }}.{{ key }}
                and {% endfor -%}
                {{ spec.known }} <= {{ clock if view.get('served') else at }}
                and {{ spec.event }} is not null
                {%- for condition in spec.filters %}
                and {{ condition }}
                {%- endfor %}
    ) as newest
    where
        newest.{{ choice }} = 1
        {%- if spec.ttl %}
        and newest.{{ event_at }} + {{ spec.ttl }} >= newest.{{ at }}
        {%- endif %}
)
{%- endmacro %}


{% macro _right_columns(spec, view) -%}
    {#- What each column of a view should be, by the names that _answer_by_rule gives. -#}
    {%- set answers = [] -%}
    {%- for feature, name in view.features.items() -%}
        {%- set type = view.types[feature] -%}
        {%- set right = spec.alias ~ '.feature_' ~ loop.index -%}
        {%- if feature in view.defaults -%}
            {%- set right = 'case when ' ~ spec.alias ~ '.number is null then '
                ~ feature_warehouse._literal(view.defaults[feature], type) ~ ' else ' ~ right ~ ' end' -%}
        {%- endif -%}
        {%- do answers.append({'name': name, 'type': type, 'right': right}) -%}
    {%- endfor -%}
    {%- set event_at = spec.alias ~ '.event_at' -%}
    {%- set age = feature_warehouse._seconds_between(
        event_at, spec.alias ~ '.label_at'
    ) -%}
    {%- for name, right in [(spec.event_timestamp_as, event_at), (spec.age_as, age)] if name -%}
        {%- do answers.append({'name': name, 'type': none, 'right': right}) -%}
    {%- endfor -%}
    {{ return(answers) }}
{%- endmacro %}


{% macro _comparisons(answers, hidden) -%}
    {#- Each column that the training set has, beside what it should be. -#}
    {%- set problems = [] -%}
    {%- for answer in answers if answer.name not in hidden -%}
        {%- set found = 'sampled.' ~ feature_warehouse._quote(answer.name) -%}
        {%- do problems.append({
            'name': answer.name,
            'found': feature_warehouse._comparable(found, answer.type) if answer.type else found,
            'right': feature_warehouse._comparable(answer.right, answer.type) if answer.type else answer.right,
        }) -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}


{% macro _recomputed_on_demand(made, views, answers, number, joins) -%}
    {#- The CTE of on-demand features as they should be: of the columns of the labels and of the answers, hidden
        ones too. -#}
    {%- set columns = ['sampled.' ~ number] -%}
    {%- for column in made.label_set.columns -%}
        {%- do columns.append('sampled.' ~ feature_warehouse._quote(column)) -%}
    {%- endfor -%}
    {%- for answer in answers -%}
        {%- do columns.append(answer.right ~ ' as ' ~ feature_warehouse._quote(answer.name)) -%}
    {%- endfor -%}
    {%- set shown = [number] -%}
    {%- for feature in made.computed.features if feature.name not in made.computed.hidden -%}
        {%- do shown.append(feature_warehouse._quote(feature.name)) -%}
    {%- endfor -%}
    {%- set sql = 'select\n    ' ~ columns | join(',\n    ') ~ '\nfrom sampled\n' ~ joins | join('\n') -%}
    {%- set computed = feature_warehouse._computed_of_rows(
        made.place, made.label_set, views, made.computed, sql, shown
    ) -%}
    {{ return('recomputed as (\n    ' ~ feature_warehouse._indented(computed, 4, first=false) ~ '\n)') }}
{%- endmacro %}


{% macro _on_demand_comparisons(made, views) -%}
    {#- Each on-demand feature that the training set has, beside what it should be. -#}
    {%- set types = feature_warehouse._computed_types(
        made.place, made.label_set, views, made.computed
    ) -%}
    {%- set problems = [] -%}
    {%- for feature in made.computed.features if feature.name not in made.computed.hidden -%}
        {%- set name = feature_warehouse._quote(feature.name) -%}
        {%- set type = feature_warehouse._sql_type(types[feature.name]) -%}
        {%- do problems.append({
            'name': feature.name,
            'found': feature_warehouse._comparable('sampled.' ~ name, type),
            'right': feature_warehouse._comparable('recomputed.' ~ name, type),
        }) -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}


{% macro _differences(problems) -%}
    {#- Messages about columns that are not what they should be. -#}
    {%- set texts = [] -%}
    {%- set personal = feature_warehouse._personal_columns() -%}
    {%- for problem in problems -%}
        {%- if problem.name | lower in personal -%}
            {%- do texts.append(
                'case\n    when ' ~ problem.found ~ ' is distinct from ' ~ problem.right
                ~ '\n        then ' ~ feature_warehouse._text_literal(problem.name ~ ' is wrong') ~ '\nend'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for problem in problems if problem.name | lower not in personal -%}
        {%- do texts.append(
            'case\n    when ' ~ problem.found ~ ' is distinct from ' ~ problem.right ~ '\n        then '
            ~ feature_warehouse._text_literal(problem.name ~ ' is ') ~ "\n            || coalesce("
            ~ feature_warehouse._to_text(problem.found) ~ ", 'NULL')\n            || ' and should be '\n"
            ~ "            || coalesce(" ~ feature_warehouse._to_text(problem.right) ~ ", 'NULL')\nend"
        ) -%}
    {%- endfor -%}
    {{ return(texts) }}
{%- endmacro %}
