{#- What a window view declares by itself: its block and its columns. It stands in the manifest as
    `meta.window_features`; types that depend on the events' are looked up where they are declared. -#}

{% macro _window_declaration(view) -%}
    {#- What a window view writes into its `meta`. -#}
    {%- set columns = [] -%}
    {%- for feature in view.features -%}
        {%- set aggregate = feature.aggregate -%}
        {%- do columns.append({
            'name': feature.name,
            'description': feature.description,
            'function': aggregate.function,
            'of': aggregate.column,
            'type': aggregate.type,
            'grows': feature.window.length is none and aggregate.function in ('count', 'count_distinct', 'sum'),
        }) -%}
    {%- endfor -%}
    {{ return({
        'events': view.events,
        'join_keys': view.join_keys,
        'timestamp': view.timestamp,
        'columns': columns,
    }) }}
{%- endmacro %}


{% macro _window_block(node) -%}
    {#- The `feature_view` block of a window view, to which its YAML may add what else there is to say. -#}
    {%- set window = node.config.meta.window_features -%}
    {%- set block = {
        'join_keys': window.join_keys.keys() | list, 'event_timestamp': window.timestamp,
    } -%}
    {%- do block.update(node.config.meta.get('feature_view') or {}) -%}
    {{ return(block) }}
{%- endmacro %}


{% macro _view_columns(node) -%}
    {#- The columns of a feature view by name, in order. -#}
    {%- set window = (node.config.meta or {}).get('window_features') -%}
    {%- if not window -%}
        {{ return(node.columns) }}
    {%- endif -%}
    {%- set described = {} -%}
    {%- for column in window.columns -%}
        {%- set meta = {'default': 0} if column.function in ('count', 'count_distinct') else {} -%}
        {%- do meta.update({'grows': true} if column.grows else {}) -%}
        {%- do described.update({column.name: {'description': column.description, 'meta': meta}}) -%}
    {%- endfor -%}
    {%- do described.update({'events_entered': {
        'meta': {'feature': false},
        'description': 'How many events enter here, by which the next build finds those that it lacks.',
    }}) -%}
    {%- set columns = {} -%}
    {%- for name, type in feature_warehouse._derived_types(node).items() -%}
        {%- set own = node.columns.get(name) or {} -%}
        {%- set known = described.get(name) or {} -%}
        {%- set meta = (known.get('meta') or {}).copy() -%}
        {%- do meta.update(feature_warehouse._column_meta(own)) -%}
        {%- do columns.update({name: {
            'name': name,
            'data_type': type,
            'description': own.get('description') or known.get('description') or '',
            'meta': meta,
        }}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _derived_types(node) -%}
    {#- The columns of a window view in order, with the types that follow from those of its events. -#}
    {%- set window = node.config.meta.window_features -%}
    {%- set types = feature_warehouse._event_types(node, window.events).declared -%}
    {%- set columns = {} -%}
    {%- for key, source in window.join_keys.items() -%}
        {%- do columns.update({key: types.get(source)}) -%}
    {%- endfor -%}
    {%- do columns.update({window.timestamp: 'timestamp'}) -%}
    {%- for column in window.columns -%}
        {%- do columns.update({column.name: feature_warehouse._aggregate_type(
            column.function, column.type or types.get(column.of)
        )}) -%}
    {%- endfor -%}
    {%- if node.config.materialized == 'incremental' -%}
        {%- do columns.update({'events_entered': 'bigint'}) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _window_mistakes(node) -%}
    {#- Mistakes of a window view that can be seen with the manifest at hand. -#}
    {%- set window = node.config.meta.window_features -%}
    {%- set mistakes = [] -%}
    {%- set columns = feature_warehouse._view_columns(node) -%}
    {%- set events = feature_warehouse._event_types(node, window.events) -%}
    {%- do mistakes.extend(feature_warehouse._window_type_mistakes(window, columns, events.declared)) -%}
    {%- if events.node and events.node.config.materialized == 'ephemeral' -%}
        {%- do mistakes.append(
            "nothing holds '" ~ events.node.name ~ "' to its declared types, for it is ephemeral; make it a"
            ~ ' view or a table'
        ) -%}
    {%- endif -%}
    {%- for role in ['join_keys', 'event_timestamp', 'created_timestamp', 'availability_lag', 'ttl']
        if role in (node.config.meta.get('feature_view') or {}) -%}
        {%- do mistakes.append(
            role ~ ' is not for a window view, whose rows say from when they count; remove it'
        ) -%}
    {%- endfor -%}
    {%- for name, column in columns.items() if column.data_type
        and ((node.columns.get(name) or {}).get('data_type') or column.data_type) | lower != column.data_type | lower -%}
        {%- do mistakes.append(
            "column '" ~ name ~ "' is declared as " ~ node.columns[name].data_type ~ ' and becomes '
            ~ column.data_type ~ '; remove its data_type'
        ) -%}
    {%- endfor -%}
    {%- for name in node.columns if name not in columns -%}
        {%- do mistakes.append(
            "column '" ~ name ~ "' is declared, and window_features makes none of that name; it makes "
            ~ columns | join(', ')
        ) -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _knowledge_mistakes(view, options) -%}
    {#- The mistake of asking a window view for values from before events were known. -#}
    {%- if view.has_windows and options.get('knowledge') == 'event_time' -%}
        {{ return([
            "knowledge='event_time' is not possible with '" ~ view.name ~ "': when an event became known is"
            ~ ' part of its windows; leave the view out, or the option'
        ]) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}
