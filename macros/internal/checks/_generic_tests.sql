{#- The parts of the generic tests. There the global `model` is the test's own node, which knows the
    model it is attached to; macro arguments of that name hide it, so that it is read here. -#}

{% macro _problem_column() -%}
    {#- A name for what is wrong with a row that no column of the model under test has. -#}
    {%- set node = feature_warehouse._tested_node() -%}
    {{ return(feature_warehouse._free_name(
        'problem', feature_warehouse._built_columns(node) if node else []
    )) }}
{%- endmacro %}


{% macro _tested_columns() -%}
    {#- Names of its columns, as they are in the warehouse. -#}
    {%- set node = feature_warehouse._tested_relation() -%}
    {{ return(feature_warehouse._built_columns(node) | list if node else []) }}
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
            'it is attached to a model that is not a feature view; name the columns, such as'
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
        {%- set rows = {'source': compare_to, 'ctes': []} -%}
        {%- set sample = none -%}
        {%- set name = compare_to.identifier -%}
        {%- set types = {} -%}
        {%- for column in adapter.get_columns_in_relation(compare_to) -%}
            {%- do types.update({column.name: column.dtype | lower}) -%}
        {%- endfor -%}
        {%- do feature_warehouse._refuse_other_types(types, columns, name) -%}
    {%- else -%}
        {%- set made = feature_warehouse._tested_training_set('same_rows_as') -%}
        {%- set options = made.options.copy() -%}
        {%- do options.update({'split': none}) -%}
        {%- if (made.label_set.maturity or made.label_set.delay) and options.get('as_of') is none -%}
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
        {#- dbt samples no model that a test is of, which may have batches of other runs. -#}
        {%- set sample = feature_warehouse._sample_of(feature_warehouse._model_node(name)) -%}
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
        'sampled': (
            ' where ' ~ sample.field_name ~ " >= '" ~ sample.start ~ "' and " ~ sample.field_name
            ~ " < '" ~ sample.end ~ "'" if sample else ''
        ),
        'ctes': rows.ctes,
        'name': name,
        'names': (columns or types) | list,
        'columns': compared,
        'side': feature_warehouse._free_name('side', types),
        'problem': feature_warehouse._free_name('problem', types),
    }) }}
{%- endmacro %}


{% macro _bounds(column, min_value, max_value, inclusive) -%}
    {#- The condition and the words of `bounds`. -#}
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
        {%- do violated.append(
            'not (' ~ column ~ ' ' ~ sign ~ ' ' ~ feature_warehouse._literal(value) ~ ')'
        ) -%}
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
            'it is attached to a model that is not a feature view; name the column, such as'
            ~ ' `arguments: {timestamp: loaded_at, max_age: 1 day}`'
        ]) }}
    {%- endif -%}
    {%- set view = feature_warehouse._feature_view(node) -%}
    {%- if view.has_windows -%}
        {{ feature_warehouse._fail('test not_stale', [
            'it is attached to a window view, in which rows change as events leave, long after the last'
            ~ ' one; attach it to the events, with the column as timestamp'
        ]) }}
    {%- endif -%}
    {%- do view.update({'relation': feature_warehouse._relation_of(node)}) -%}
    {{ return(feature_warehouse._join_spec(view)) }}
{%- endmacro %}
