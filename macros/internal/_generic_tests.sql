{#- The parts of the generic tests. There the global `model` is the test's own node, which knows the
    model it is attached to; macro arguments of that name hide it, so that it is read here. -#}

{% macro _tested_node() -%}
    {{ return(graph.nodes.get(model.attached_node)) }}
{%- endmacro %}


{% macro _problem_column() -%}
    {#- A name for what is wrong with a row that no column of the model under test has. -#}
    {%- set node = feature_warehouse._tested_node() -%}
    {{ return(feature_warehouse._free_name(
        'problem', feature_warehouse._built_columns(node) if node else []
    )) }}
{%- endmacro %}


{% macro _tested_training_set(test) -%}
    {%- set node = feature_warehouse._tested_node() -%}
    {%- if node is none or feature_warehouse._declared(node, 'training_set') is none -%}
        {{ feature_warehouse._fail('test ' ~ test, [
            'it is attached to a model that is not made by training_set()'
        ]) }}
    {%- endif -%}
    {{ return(feature_warehouse._training_set_of(node)) }}
{%- endmacro %}


{% macro _tested_identity() -%}
    {#- What no two rows of the feature view under test may share. -#}
    {%- set node = feature_warehouse._tested_node() -%}
    {%- if node is none or feature_warehouse._declared(node, 'feature_view') is none -%}
        {{ feature_warehouse._fail('test unique_feature_rows', [
            'it is attached to a model that is no feature view; name the columns, such as'
            ~ ' `arguments: {columns: [customer_id, valid_from]}`'
        ]) }}
    {%- endif -%}
    {%- set block = feature_warehouse._declared(node, 'feature_view') -%}
    {%- set columns = block.get('join_keys') + [block.get('event_timestamp')] -%}
    {{ return(columns + ([block.get('created_timestamp')] if block.get('created_timestamp') else [])) }}
{%- endmacro %}


{% macro _checked_timestamps(timestamp, feature_timestamps) -%}
    {#- The columns that no_future_features compares, each with the lag that belongs to it. -#}
    {%- if timestamp and feature_timestamps -%}
        {%- set columns = [] -%}
        {%- for column in feature_timestamps -%}
            {%- do columns.append((column, none)) -%}
        {%- endfor -%}
        {{ return({'timestamp': timestamp, 'columns': columns, 'types': {}}) }}
    {%- endif -%}
    {%- if timestamp or feature_timestamps -%}
        {{ feature_warehouse._fail('test no_future_features', [
            'it needs both, timestamp and feature_timestamps, or none of them on a training set'
        ]) }}
    {%- endif -%}
    {%- set made = feature_warehouse._tested_training_set('no_future_features') -%}
    {%- set types = made.label_set.types.copy() -%}
    {%- set columns = [] -%}
    {%- for view in feature_warehouse._training_set_views(made) if view.event_timestamp_as -%}
        {%- set lag = feature_warehouse._length(view, 'availability_lag') -%}
        {%- do columns.append(
            (view.event_timestamp_as, feature_warehouse._interval(lag) if lag else none)
        ) -%}
        {%- do types.update({view.event_timestamp_as: 'timestamp'}) -%}
    {%- endfor -%}
    {%- if not columns -%}
        {{ feature_warehouse._fail('test no_future_features', [
            "'" ~ made.name ~ "' has no event timestamp of a view among its columns; ask for one with"
            ~ " {'view': ..., 'event_timestamp': true}, or use point_in_time_correct"
        ]) }}
    {%- endif -%}
    {{ return({'timestamp': made.label_set.timestamp, 'columns': columns, 'types': types}) }}
{%- endmacro %}


{% macro _expected_rows(relation, compare_to, columns, condition) -%}
    {#- The rows that same_rows_as expects: of a relation, or those of the label set that the training
        set under test selects; in both of them those that the `where` of the test selects. -#}
    {%- set compared = [] -%}
    {%- if compare_to is not none -%}
        {%- set rows = {'source': compare_to, 'cte': ''} -%}
        {%- set name = compare_to.identifier -%}
        {%- set types = {} -%}
        {%- for column in adapter.get_columns_in_relation(compare_to) -%}
            {%- do types.update({column.name: column.dtype | lower}) -%}
        {%- endfor -%}
    {%- else -%}
        {%- set made = feature_warehouse._tested_training_set('same_rows_as') -%}
        {%- set options = made.options.copy() -%}
        {%- do options.update({'split': none}) -%}
        {%- if made.label_set.maturity and options.get('as_of') is none -%}
            {#- More labels may be known by now than there were when it was built. -#}
            {%- set where = options.get('where') or [] -%}
            {%- set at = feature_warehouse._quote(made.label_set.timestamp) -%}
            {%- do options.update({'where': ([where] if where is string else where) + [
                at ~ ' <= (select max(' ~ at ~ ') from ' ~ relation ~ ')'
            ]}) -%}
        {%- endif -%}
        {%- set rows = feature_warehouse._label_rows(made.label_set, options) -%}
        {%- set name = made.label_set.name -%}
        {%- set types = feature_warehouse._built_columns(feature_warehouse._model_node(name)) -%}
    {%- endif -%}
    {%- for column in columns or types -%}
        {%- set column_name = feature_warehouse._quote(column) -%}
        {%- set value = feature_warehouse._comparable(column_name, types.get(column)) -%}
        {%- do compared.append({
            'name': column_name,
            'value': value if value == column_name else value ~ ' as ' ~ column_name,
        }) -%}
    {%- endfor -%}
    {{ return({
        'source': rows.source ~ (' where ' ~ condition if condition else ''),
        'cte': rows.cte,
        'name': name,
        'columns': compared,
        'side': feature_warehouse._free_name('side', types),
        'problem': feature_warehouse._free_name('problem', types),
    }) }}
{%- endmacro %}


{% macro _bounds(column, min_value, max_value, inclusive) -%}
    {%- if min_value is none and max_value is none -%}
        {{ feature_warehouse._fail('test bounds', [
            'it has neither min_value nor max_value; give one of them or both'
        ]) }}
    {%- endif -%}
    {%- set violated = [] -%}
    {%- set words = [] -%}
    {%- for value, word, sign in [
        (min_value, 'at least' if inclusive else 'more than', '>=' if inclusive else '>'),
        (max_value, 'at most' if inclusive else 'less than', '<=' if inclusive else '<'),
    ] if value is not none -%}
        {%- set literal = value if value is number else feature_warehouse._text_literal(value | string) -%}
        {%- do violated.append('not (' ~ column ~ ' ' ~ sign ~ ' ' ~ literal ~ ')') -%}
        {%- do words.append(word ~ ' ' ~ value) -%}
    {%- endfor -%}
    {{ return({'violated': violated | join(' or '), 'words': words | join(' and ')}) }}
{%- endmacro %}


{% macro _rows_with_an_age(timestamp) -%}
    {#- Of the feature view under test, or of any model by a column. -#}
    {%- if timestamp -%}
        {%- set event = feature_warehouse._utc(feature_warehouse._quote(timestamp)) -%}
        {{ return({'event': event, 'known': event}) }}
    {%- endif -%}
    {%- set node = feature_warehouse._tested_node() -%}
    {%- if node is none or feature_warehouse._declared(node, 'feature_view') is none -%}
        {{ feature_warehouse._fail('test not_stale', [
            'it is attached to a model that is no feature view; name the column, such as'
            ~ ' `arguments: {timestamp: loaded_at, max_age: 1 day}`'
        ]) }}
    {%- endif -%}
    {%- set view = feature_warehouse._feature_view(node) -%}
    {%- do view.update({'relation': ''}) -%}
    {{ return(feature_warehouse._join_spec(view)) }}
{%- endmacro %}


{% macro _fixed_length(role, text) -%}
    {%- set microseconds = feature_warehouse._microseconds(text) -%}
    {%- if microseconds is none -%}
        {{ exceptions.raise_compiler_error(
            'feature_warehouse: ' ~ role ~ " '" ~ text ~ "' is no fixed length of time; write one such"
            ~ " as '90 minutes'"
        ) }}
    {%- endif -%}
    {{ return(microseconds) }}
{%- endmacro %}


{% macro _recomputed(made, relation, sample) -%}
    {#- Some rows of a training set, always the same ones, and what the law itself gives for each: of all
        rows that were available the newest, if it is not past its ttl. -#}
    {%- if sample is not number or sample < 1 -%}
        {{ feature_warehouse._fail('test point_in_time_correct', [
            'sample must be a number of rows, not ' ~ sample
        ]) }}
    {%- endif -%}
    {%- set types = feature_warehouse._built_columns(made.node) -%}
    {%- set number = feature_warehouse._free_name('sample_number', types) -%}
    {%- set problem = feature_warehouse._free_name('problem', types) -%}
    {%- set identity = {} -%}
    {%- set ctes = [] -%}
    {%- set joins = [] -%}
    {%- set problems = [] -%}
    {%- for view in feature_warehouse._training_set_views(made) -%}
        {%- set spec = feature_warehouse._join_spec(view) -%}
        {%- do spec.update({'alias': 'answer_' ~ loop.index}) -%}
        {%- for column in view.join_keys.values() -%}
            {%- do identity.update({column: types.get(column)}) -%}
        {%- endfor -%}
        {%- do ctes.append(feature_warehouse._law(
            spec, view, number, made.label_set.timestamp, types.get(made.label_set.timestamp)
        )) -%}
        {%- do joins.append(
            'left join ' ~ spec.alias ~ '\n    on sampled.' ~ number ~ ' = ' ~ spec.alias ~ '.number'
        ) -%}
        {%- do problems.extend(feature_warehouse._comparisons(spec, view)) -%}
    {%- endfor -%}
    {%- do identity.update({
        made.label_set.timestamp: types.get(made.label_set.timestamp)
    }) -%}
with sampled as (
    select
        *,
        row_number() over (
            order by
                md5(
                    {{ feature_warehouse._row_text(identity) | indent(20) }}
                )
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
            feature_warehouse._differences(problems), '; '
        ) | indent(8) }} as {{ problem }}
    from sampled
    {{ joins | join('\n') | indent(4) }}
)

select *
from compared
where {{ problem }} <> ''
{%- endmacro %}


{% macro _law(spec, view, number, timestamp, timestamp_type) -%}
    {#- The law for each sampled row, written from its text and apart from the joins it is to check:
        every row that was available, the newest of them, and no other if that is past its ttl. -#}
    {%- set taken = view.types.keys() | list -%}
    {%- set event_at = feature_warehouse._free_name('event_at', taken) -%}
    {%- set at = feature_warehouse._free_name('label_at', taken) -%}
    {%- set choice = feature_warehouse._free_name('choice', taken) -%}
{{ spec.alias }} as (
    select
        {%- for feature in spec.features %}
        newest.{{ feature_warehouse._quote(feature) }} as feature_{{ loop.index }},
        {%- endfor %}
        newest.{{ event_at }} as event_at,
        newest.{{ at }} as label_at,
        newest.{{ feature_warehouse._free_name('label_number', taken) }} as number
    from (
        select
            *,
            {{ spec.event }} as {{ event_at }},
            row_number() over (
                partition by {{ feature_warehouse._free_name('label_number', taken) }}
                {{ feature_warehouse._clause(
                    'order by', feature_warehouse._newest_first(spec), 16
                ) }}
            ) as {{ choice }}
        from (
            select
                {%- for label_key, key in spec.pairs %}
                {{ label_key }} as {{ feature_warehouse._free_name('label_key_' ~ loop.index, taken) }},
                {%- endfor %}
                {{ feature_warehouse._utc(feature_warehouse._quote(timestamp), timestamp_type) }} as {{ at }},
                {{ number }} as {{ feature_warehouse._free_name('label_number', taken) }}
            from sampled
        ) as label_rows
        inner join {{ spec.relation }} as {{ spec.alias }}
            on
                {% for label_key, key in spec.pairs -%}
                label_rows.{{ feature_warehouse._free_name('label_key_' ~ loop.index, taken) }} = {{ spec.alias }}.{{ key }}
                and {% endfor -%}
                {{ spec.known }} <= {{ at }}
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


{% macro _comparisons(spec, view) -%}
    {#- What each column of a view should be, of the names that _law gives. -#}
    {%- set problems = [] -%}
    {%- for feature, name in view.features.items() -%}
        {%- set type = view.types[feature] -%}
        {%- set right = spec.alias ~ '.feature_' ~ loop.index -%}
        {%- if feature in view.defaults -%}
            {%- set right = 'case when ' ~ spec.alias ~ '.number is null then '
                ~ feature_warehouse._literal(view.defaults[feature], type) ~ ' else ' ~ right ~ ' end' -%}
        {%- endif -%}
        {%- do problems.append({
            'name': name,
            'found': feature_warehouse._comparable('sampled.' ~ feature_warehouse._quote(name), type),
            'right': feature_warehouse._comparable(right, type),
        }) -%}
    {%- endfor -%}
    {%- set event_at = spec.alias ~ '.event_at' -%}
    {%- set age = adapter.dispatch('_seconds_between', 'feature_warehouse')(
        event_at, spec.alias ~ '.label_at'
    ) -%}
    {%- for name, right in [(spec.event_timestamp_as, event_at), (spec.age_as, age)] if name -%}
        {%- do problems.append({
            'name': name,
            'found': 'sampled.' ~ feature_warehouse._quote(name),
            'right': right,
        }) -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}


{% macro _differences(problems) -%}
    {%- set texts = [] -%}
    {%- for problem in problems -%}
        {%- do texts.append(
            'case\n    when ' ~ problem.found ~ ' is distinct from ' ~ problem.right ~ '\n        then '
            ~ feature_warehouse._text_literal(problem.name ~ ' is ') ~ "\n            || coalesce(cast("
            ~ problem.found ~ " as text), 'NULL')\n            || ' and should be '\n"
            ~ "            || coalesce(cast(" ~ problem.right ~ " as text), 'NULL')\nend"
        ) -%}
    {%- endfor -%}
    {{ return(texts) }}
{%- endmacro %}
