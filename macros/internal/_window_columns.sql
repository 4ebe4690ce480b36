{#- What a window view declares by itself: its block and its columns. It stands in the manifest as
    `meta.window_features`; types that depend on the events' are looked up where they are declared. -#}

{% macro _window_declaration(view) -%}
    {%- set columns = [] -%}
    {%- for feature in view.features -%}
        {%- set function = feature.aggregate.function -%}
        {%- set column = {'name': feature.name, 'description': feature.description} -%}
        {%- if function in ('count', 'count_distinct') -%}
            {%- do column.update({'data_type': 'bigint', 'default': 0}) -%}
        {%- elif function in ('avg', 'stddev', 'share') -%}
            {%- do column.update({'data_type': 'double precision'}) -%}
        {%- elif feature.aggregate.type is none -%}
            {%- do column.update({'function': function, 'of': feature.aggregate.column}) -%}
        {%- elif function == 'sum' -%}
            {%- do column.update({'data_type': feature_warehouse._sum_type(feature.aggregate.type)}) -%}
        {%- else -%}
            {%- do column.update({'data_type': feature.aggregate.type}) -%}
        {%- endif -%}
        {%- do columns.append(column) -%}
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
    {%- set types = feature_warehouse._event_types(node, window.events) -%}
    {%- set columns = {} -%}
    {%- for key, column in window.join_keys.items() -%}
        {%- do columns.update({key: {'name': key, 'data_type': types.get(column)}}) -%}
    {%- endfor -%}
    {%- do columns.update({window.timestamp: {'name': window.timestamp, 'data_type': 'timestamp'}}) -%}
    {%- for column in window.columns -%}
        {%- set type = column.get('data_type') or types.get(column.of) -%}
        {%- do columns.update({column.name: {
            'name': column.name,
            'description': column.description,
            'data_type': feature_warehouse._sum_type(type) if column.get('function') == 'sum' else type,
            'meta': {'default': column.default} if 'default' in column else {},
        }}) -%}
    {%- endfor -%}
    {%- if node.config.materialized == 'incremental' -%}
        {%- do columns.update({'last_loaded_at': {
            'name': 'last_loaded_at', 'data_type': 'timestamp', 'meta': {'feature': false},
            'description': 'When the newest of the events that enter here was loaded.',
        }}) -%}
    {%- endif -%}
    {%- for column in node.columns.values() if column.name in columns -%}
        {%- set own = columns[column.name] -%}
        {%- set meta = (own.get('meta') or {}).copy() -%}
        {%- do meta.update(feature_warehouse._column_meta(column)) -%}
        {%- do own.update({
            'data_type': column.data_type or own.data_type,
            'description': column.description or own.get('description') or '',
            'meta': meta,
        }) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _event_types(node, name=none) -%}
    {#- The declared types of the one model or source that a window view reads. -#}
    {%- set found = [] -%}
    {%- for id in node.depends_on.nodes -%}
        {%- set upstream = (graph.nodes or {}).get(id) or (graph.sources or {}).get(id) -%}
        {%- if upstream and (name is none or upstream.name == name) -%}
            {%- do found.append(upstream) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set types = {} -%}
    {%- for column in (found[0].columns.values() if found | length == 1 else []) -%}
        {%- do types.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro _window_mistakes(node) -%}
    {%- set window = node.config.meta.window_features -%}
    {%- set mistakes = [] -%}
    {%- set columns = feature_warehouse._view_columns(node) -%}
    {%- set sources = window.join_keys.copy() -%}
    {%- for column in window.columns if column.get('of') -%}
        {%- do sources.update({column.name: column.of}) -%}
    {%- endfor -%}
    {%- for name in window.columns | map(attribute='name') if not columns[name].data_type and name not in sources -%}
        {%- do mistakes.append(
            "the type of '" ~ name ~ "' is not known; add it to its aggregate, such as 'type': 'integer'"
        ) -%}
    {%- endfor -%}
    {%- set untyped = [] -%}
    {%- for name, source in sources.items() if not columns[name].data_type and source not in untyped -%}
        {%- do untyped.append(source) -%}
    {%- endfor -%}
    {%- if untyped -%}
        {%- do mistakes.append(
            'the type of ' ~ untyped | join(', ') ~ ' is not known; declare its data_type in the YAML of'
            ~ ' the events (of one model or source: if there are several, pass its name as `events`)'
        ) -%}
    {%- endif -%}
    {%- for role in ['join_keys', 'event_timestamp', 'created_timestamp', 'availability_lag', 'ttl']
        if role in (node.config.meta.get('feature_view') or {}) -%}
        {%- do mistakes.append(
            role ~ ' is not for a window view, whose rows say from when they count; remove it'
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
    {%- if view.has_windows and options.get('knowledge') == 'event_time' -%}
        {{ return([
            "knowledge='event_time' is not possible with '" ~ view.name ~ "': when an event became known is"
            ~ ' part of its windows; leave the view out, or the option'
        ]) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}


{% macro _number_class(type) -%}
    {#- How a type adds up: exactly (`small` if its squares do as well), as a double, or not at all. -#}
    {%- set name = modules.re.sub('\\s*\\(.*', '', type or '') | lower | trim -%}
    {%- if name in (
        'smallint', 'integer', 'int', 'int2', 'int4', 'tinyint', 'short', 'utinyint', 'usmallint', 'uinteger'
    ) -%}
        {{ return('small') }}
    {%- elif name in ('bigint', 'int8', 'long', 'ubigint', 'hugeint', 'uhugeint', 'numeric', 'decimal') -%}
        {{ return('exact') }}
    {%- elif name in ('double precision', 'double', 'float8', 'real', 'float4', 'float') -%}
        {{ return('double') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _sum_type(type) -%}
    {%- set class = feature_warehouse._number_class(type) -%}
    {%- set scale = modules.re.search(',\\s*(\\d+)\\s*\\)', type or '') -%}
    {%- if class == 'small' -%}
        {{ return('bigint') }}
    {%- elif class == 'double' -%}
        {{ return('double precision') }}
    {%- elif class == 'exact' and type | lower | trim not in ('numeric', 'decimal') -%}
        {{ return('numeric(38,' ~ (scale.group(1) if scale else 0) ~ ')') }}
    {%- endif -%}
    {{ return(type) }}
{%- endmacro %}
