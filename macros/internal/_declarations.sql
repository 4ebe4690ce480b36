{#- Reads the `feature_view` and `label_set` blocks of the manifest. Everything that is wrong with a
    block is reported at once. -#}

{% macro _model_node(name) -%}
    {#- The model that ref(name) means here: of this package before others, of the latest version. -#}
    {%- set found = namespace(own=none, other=[]) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == name -%}
        {%- if node.version is none or node.version == node.latest_version -%}
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
            "feature_warehouse: several packages have a model '" ~ name ~ "'; rename one of them"
        ) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _declared(node, kind) -%}
    {{ return((node.config.meta or {}).get(kind)) }}
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
    {%- for column in node.columns.values() -%}
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
        'tie_breakers': [block.get('tie_breaker')] if block.get('tie_breaker') else features.keys() | list,
        'unique': feature_warehouse._declares_unique_rows(node, block),
    }) }}
{%- endmacro %}


{% macro _declares_unique_rows(node, block) -%}
    {#- Whether the node says that no two rows share keys, event and created timestamp: by a primary
        key within those columns, or by the test `unique_feature_rows`. -#}
    {%- set identity = block.get('join_keys') + [block.get('event_timestamp'), block.get('created_timestamp')] -%}
    {%- for constraint in node.constraints or [] if constraint.type == 'primary_key' -%}
        {%- if constraint.columns and constraint.columns | reject('in', identity) | list == [] -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {%- for column in node.columns.values() if column.name in identity -%}
        {%- for constraint in column.constraints or [] if constraint.type == 'primary_key' -%}
            {{ return(true) }}
        {%- endfor -%}
    {%- endfor -%}
    {%- for test in graph.nodes.values() if test.resource_type == 'test' -%}
        {%- if test.attached_node == node.unique_id
            and test.test_metadata.name == 'unique_feature_rows'
            and test.config.where is none
            and (test.test_metadata.kwargs.get('columns') or []) | reject('in', identity) | list == [] -%}
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
    {%- set column = node.columns.get(block.get('timestamp'), {}) -%}
    {{ return({
        'name': node.name,
        'timestamp': block.get('timestamp'),
        'timestamp_type': column.data_type if node.config.contract.enforced else none,
        'label': block.get('label'),
        'known_at': block.get('known_at'),
        'columns': node.columns.keys() | list,
    }) }}
{%- endmacro %}


{% macro _tested_identity() -%}
    {#- What no two rows of the feature view under test may share. Inside a generic test the global
        `model` is the test's own node, which knows the model it is attached to. -#}
    {%- set node = graph.nodes.get(model.attached_node) -%}
    {%- if node is none or feature_warehouse._declared(node, 'feature_view') is none -%}
        {{ exceptions.raise_compiler_error(
            "feature_warehouse: unique_feature_rows is attached to a model that is no feature view;"
            ~ " name the columns, such as `arguments: {columns: [customer_id, valid_from]}`"
        ) }}
    {%- endif -%}
    {%- set block = feature_warehouse._declared(node, 'feature_view') -%}
    {%- set columns = block.get('join_keys') + [block.get('event_timestamp')] -%}
    {{ return(columns + ([block.get('created_timestamp')] if block.get('created_timestamp') else [])) }}
{%- endmacro %}
