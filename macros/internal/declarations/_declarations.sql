{#- Reads the `feature_view` and `label_set` blocks of the manifest. Everything that is wrong with a
    block is reported at once. -#}

{% macro _feature_view(node) -%}
    {#- The checked and completed declaration of a feature view, as a dict. -#}
    {%- set mistakes = feature_warehouse._feature_view_mistakes(node) -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail("feature view '" ~ feature_warehouse._full_name(node) ~ "'", mistakes) }}
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
        'name': feature_warehouse._full_name(node),
        'name_in_fingerprints': feature_warehouse._name_in_fingerprints(node),
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
        {{ feature_warehouse._fail("label set '" ~ feature_warehouse._full_name(node) ~ "'", mistakes) }}
    {%- endif -%}
    {%- set block = feature_warehouse._declared(node, 'label_set') -%}
    {%- set types = {} -%}
    {%- for column in node.columns.values() if feature_warehouse._enforces_types(node) -%}
        {%- do types.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {{ return({
        'name': feature_warehouse._full_name(node),
        'timestamp': block.get('timestamp'),
        'label': block.get('label'),
        'known_at': block.get('known_at'),
        'maturity': block.get('maturity'),
        'columns': node.columns.keys() | list,
        'types': types,
        'stored': feature_warehouse._is_stored(node),
    }) }}
{%- endmacro %}


{% macro _tie_columns(view, features) -%}
    {#- The columns that decide between rows of a feature view that tie. -#}
    {%- set columns = (view.get('tie_breakers') or []) | list -%}
    {%- for feature in features -%}
        {%- if feature not in columns -%}
            {%- do columns.append(feature) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
