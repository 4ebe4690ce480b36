{#- Reads the `feature_view` and `label_set` blocks of the manifest. Everything that is wrong with a
    block is reported at once. -#}

{% macro _model_node(name) -%}
    {#- What ref(name) means here: of this package before others, of the latest version. -#}
    {%- set found = namespace(own=none, other=[]) -%}
    {%- for node in feature_warehouse._nodes(name) if feature_warehouse._may_be_referred_to(node) -%}
        {%- if feature_warehouse._is_latest(node) -%}
            {%- if model is defined and node.package_name == model.package_name -%}
                {%- set found.own = node -%}
            {%- else -%}
                {%- do found.other.append(node) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if found.own is not none -%}
        {{ return(found.own) }}
    {%- elif found.other | length == 1 -%}
        {{ return(found.other[0]) }}
    {%- elif found.other -%}
        {{ exceptions.raise_compiler_error(
            "feature_warehouse: several packages have a '" ~ name ~ "'; rename one of them"
        ) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _may_be_referred_to(node) -%}
    {{ return(node.resource_type in ('model', 'seed', 'snapshot')) }}
{%- endmacro %}


{% macro _is_latest(node) -%}
    {#- Only models have versions. -#}
    {{ return(node.get('version') is none or node.version == node.latest_version) }}
{%- endmacro %}


{% macro _declared(node, kind) -%}
    {%- set meta = node.config.meta or {} -%}
    {%- if kind == 'feature_view' and 'window_features' in meta -%}
        {{ return(feature_warehouse._window_block(node)) }}
    {%- endif -%}
    {{ return(meta.get(kind)) }}
{%- endmacro %}


{% macro _column_meta(column) -%}
    {%- set config = column.get('config') or {} -%}
    {{ return(config.get('meta') or column.get('meta') or {}) }}
{%- endmacro %}


{% macro _feature_view(node) -%}
    {#- The checked and completed declaration of a feature view, as a dict. -#}
    {%- set mistakes = feature_warehouse._feature_view_mistakes(node) -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail("feature view '" ~ node.name ~ "'", mistakes) }}
    {%- endif -%}
    {%- set block = feature_warehouse._declared(node, 'feature_view') -%}
    {%- set structure = block.get('join_keys') + [block.get('event_timestamp'), block.get('created_timestamp')] -%}
    {%- set features = {} -%}
    {%- set types = {} -%}
    {%- set defaults = {} -%}
    {%- for column in feature_warehouse._view_columns(node).values() -%}
        {%- set meta = feature_warehouse._column_meta(column) -%}
        {%- do types.update({column.name: column.data_type}) -%}
        {%- if column.name not in structure and meta.get('feature', true) -%}
            {%- do features.update({column.name: column.name}) -%}
            {%- if meta.get('default') is not none -%}
                {%- do defaults.update({column.name: meta.default}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({
        'name': node.name,
        'join_keys': block.get('join_keys'),
        'event_timestamp': block.get('event_timestamp'),
        'created_timestamp': block.get('created_timestamp'),
        'availability_lag': block.get('availability_lag'),
        'ttl': block.get('ttl'),
        'features': features,
        'defaults': defaults,
        'types': types,
        'tie_breakers': feature_warehouse._tie_columns(
            {'tie_breakers': [block.tie_breaker] if block.get('tie_breaker') else []}, features
        ),
        'stored': feature_warehouse._is_stored(node),
        'indexed': feature_warehouse._declares_index(node, block),
        'has_windows': 'window_features' in node.config.meta,
        'is_held_to_types': node.resource_type == 'model',
    }) }}
{%- endmacro %}


{% macro _has_order(data_type) -%}
    {{ return((data_type or '') | lower | trim not in ('json', 'xml', 'point', 'variant')) }}
{%- endmacro %}


{% macro _is_stored(node) -%}
    {#- Whether reading a model twice costs a second scan and no more, and finds the same rows: dbt
        computes the SQL of views and ephemeral models anew each time. -#}
    {{ return(node.config.materialized in ('table', 'incremental', 'seed', 'snapshot')) }}
{%- endmacro %}


{% macro _declares_index(node, block) -%}
    {#- Whether an index of the node leads to the newest row of an entity: the join keys first, in any
        order, then the event timestamp. Of dbt's `indexes` config, or of a primary key. -#}
    {%- set columns = feature_warehouse._view_columns(node) -%}
    {%- set type = columns[block.get('event_timestamp')].data_type | lower -%}
    {%- if not feature_warehouse._is_stored(node)
        or type == 'date' or type == 'timestamptz' or 'with time zone' in type -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set indexes = [] -%}
    {%- for index in node.config.get('indexes') or [] if (index.get('type') or 'btree') == 'btree' -%}
        {%- do indexes.append(index.get('columns') or []) -%}
    {%- endfor -%}
    {%- for constraint in node.constraints or [] if constraint.type == 'primary_key' -%}
        {%- do indexes.append(constraint.columns or []) -%}
    {%- endfor -%}
    {%- set keys = block.get('join_keys') -%}
    {%- for columns in indexes -%}
        {%- if columns[:keys | length] | sort == keys | sort
            and columns[keys | length:][:1] == [block.get('event_timestamp')] -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{% macro _label_set(node) -%}
    {#- The checked declaration of a label set, as a dict. -#}
    {%- set mistakes = feature_warehouse._label_set_mistakes(node) -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail("label set '" ~ node.name ~ "'", mistakes) }}
    {%- endif -%}
    {%- set block = feature_warehouse._declared(node, 'label_set') -%}
    {%- set types = {} -%}
    {%- for column in node.columns.values() if feature_warehouse._enforces_types(node) -%}
        {%- do types.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {{ return({
        'name': node.name,
        'timestamp': block.get('timestamp'),
        'label': block.get('label'),
        'known_at': block.get('known_at'),
        'maturity': block.get('maturity'),
        'columns': node.columns.keys() | list,
        'types': types,
        'stored': feature_warehouse._is_stored(node),
    }) }}
{%- endmacro %}
