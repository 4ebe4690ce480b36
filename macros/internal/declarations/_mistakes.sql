{#- What can be wrong with a declaration. Each macro returns a list of lines that say what, where and
    what to do; an empty list means that all is well. -#}

{% macro _feature_view_mistakes(node) -%}
    {#- Mistakes of a `feature_view` block and the model around it. -#}
    {%- set block = feature_warehouse._declared(node, 'feature_view') -%}
    {%- if block is not mapping -%}
        {{ return(['meta.feature_view must be a mapping with join_keys and event_timestamp']) }}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._unknown_keys(block, [
        'join_keys', 'event_timestamp', 'created_timestamp', 'availability_lag', 'ttl', 'online',
        'tie_breaker', 'drift', 'expectations',
    ]) -%}
    {%- do mistakes.extend(feature_warehouse._expectation_mistakes(block)) -%}
    {%- set columns = feature_warehouse._view_columns(node) -%}
    {%- if 'window_features' in node.config.meta -%}
        {%- do mistakes.extend(feature_warehouse._window_mistakes(node)) -%}
    {%- elif node.resource_type == 'model' and not node.config.contract.enforced -%}
        {%- do mistakes.append(
            "the model has no enforced contract; add `contract: {enforced: true}` to its config, so"
            ~ " that the declared columns are the built ones"
        ) -%}
    {%- endif -%}

    {%- set keys = block.get('join_keys') -%}
    {%- if keys is string or keys is mapping or keys is not iterable -%}
        {%- do mistakes.append(
            "join_keys must be a list of columns, such as [customer_id]; [] makes a global view"
        ) -%}
        {%- set keys = [] -%}
    {%- endif -%}
    {%- if keys | unique(case_sensitive=true) | list | length != keys | length -%}
        {%- do mistakes.append(
            'join_keys names a column twice: ' ~ keys | join(', ') ~ '; name each once'
        ) -%}
    {%- endif -%}
    {%- do mistakes.extend(feature_warehouse._loose_key_mistakes(keys, columns)) -%}
    {%- if not block.get('event_timestamp') -%}
        {%- do mistakes.append(
            "event_timestamp is missing; name the column that says when a row is true from"
        ) -%}
    {%- endif -%}

    {%- set named = [] -%}
    {%- for key in keys -%}
        {%- do named.append(('join_keys', key)) -%}
    {%- endfor -%}
    {%- for role in ['event_timestamp', 'created_timestamp', 'tie_breaker'] if block.get(role) -%}
        {%- do named.append((role, block[role])) -%}
    {%- endfor -%}
    {%- for role, column in named if column is not string or column not in columns -%}
        {%- do mistakes.append(
            role ~ " names '" ~ column ~ "', which is not a declared column; declared are "
            ~ columns.keys() | join(', ')
        ) -%}
    {%- endfor -%}
    {%- for role in ['event_timestamp', 'created_timestamp'] if block.get(role) is string and block[role] in columns -%}
        {%- set type = columns[block[role]].data_type -%}
        {%- if not feature_warehouse._is_timestamp_type(type) -%}
            {%- do mistakes.append(
                role ~ " '" ~ block[role] ~ "' is of type " ~ type ~ '; it must be timestamp,'
                ~ ' timestamptz or date'
            ) -%}
        {%- endif -%}
        {%- if block[role] in keys -%}
            {%- do mistakes.append(
                role ~ " '" ~ block[role] ~ "' is also a join key; a column can be only one of them"
            ) -%}
        {%- endif -%}
    {%- endfor -%}

    {%- for role in ['availability_lag', 'ttl'] if block.get(role) is not none -%}
        {%- set length = feature_warehouse._microseconds(block[role]) -%}
        {%- if length is none -%}
            {%- do mistakes.append(
                role ~ " '" ~ block[role] ~ "' is not a fixed length of time; write whole weeks, days,"
                ~ " hours, minutes, seconds, milliseconds or microseconds, such as '90 minutes'"
            ) -%}
        {%- elif role == 'ttl' and length == 0 and not block.get('availability_lag') -%}
            {%- do mistakes.append('ttl must be longer than 0; leave it out for no ttl') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if block.get('ttl') is not none and block.get('availability_lag') is not none -%}
        {%- set ttl = feature_warehouse._microseconds(block.get('ttl')) -%}
        {%- set lag = feature_warehouse._microseconds(block.get('availability_lag')) -%}
        {%- if ttl is not none and lag is not none and ttl <= lag -%}
            {%- do mistakes.append(
                'ttl ' ~ block.get('ttl') ~ ' is not above availability_lag ' ~ block.get('availability_lag')
                ~ ': every row would expire before it is available; make the ttl longer'
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if block.get('online') is not none and block.online is not boolean -%}
        {%- do mistakes.append("online must be true or false, not '" ~ block.online ~ "'") -%}
    {%- endif -%}
    {%- set structure = keys + [block.get('event_timestamp'), block.get('created_timestamp')] -%}
    {%- do mistakes.extend(feature_warehouse._drift_mistakes(
        block, columns.keys() | reject('in', structure) | list
    )) -%}
    {%- if 'window_features' in node.config.meta -%}
        {{ return(mistakes) }}
    {%- endif -%}
    {{ return(mistakes + feature_warehouse._feature_mistakes(block, keys, columns)) }}
{%- endmacro %}


{% macro _feature_mistakes(block, keys, columns) -%}
    {#- Mistakes of the columns of a feature view. -#}
    {%- set mistakes = [] -%}
    {%- set structure = keys + [block.get('event_timestamp'), block.get('created_timestamp')] -%}
    {%- set features = [] -%}
    {%- for column in columns.values() -%}
        {%- set meta = feature_warehouse._column_meta(column) -%}
        {%- if 'pii' in meta and meta.pii is not boolean -%}
            {%- do mistakes.append(
                "column '" ~ column.name ~ "': meta.pii must be true or false"
            ) -%}
        {%- endif -%}
        {%- if 'feature' in meta and meta.feature is not boolean -%}
            {%- do mistakes.append(
                "column '" ~ column.name ~ "': meta.feature must be true or false"
            ) -%}
            {%- do features.append(column) -%}
        {%- elif column.name not in structure and meta.get('feature', true) -%}
            {%- do features.append(column) -%}
        {%- elif meta.get('default') is not none -%}
            {%- do mistakes.append(
                "column '" ~ column.name ~ "': meta.default is for features, which this is not;"
                ~ ' remove it'
            ) -%}
        {%- endif -%}
        {%- if not column.data_type -%}
            {%- do mistakes.append(
                "column '" ~ column.name ~ "' has no data_type; declare the one it is built with"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not features -%}
        {%- do mistakes.append(
            'it has no feature: every declared column is a join key, a timestamp or `feature:'
            ~ ' false`; declare the columns that it is made for'
        ) -%}
    {%- endif -%}
    {%- for column in features if not block.get('tie_breaker') -%}
        {%- if not feature_warehouse._has_order(column.data_type) -%}
            {%- do mistakes.append(
                "feature '" ~ column.name ~ "' of type " ~ column.data_type
                ~ ' has no order; declare a tie_breaker column'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
