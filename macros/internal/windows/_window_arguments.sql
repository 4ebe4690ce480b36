{#- What `window_features` was asked for, read and checked while dbt parses. -#}

{% macro _window_view(asked) -%}
    {#- What `window_features` was asked for, checked, with lengths in microseconds. -#}
    {%- set mistakes = [] -%}
    {%- set keys = asked.join_keys -%}
    {%- if keys is string or keys is not iterable -%}
        {%- do mistakes.append(
            "join_keys must be a list of columns, such as ['customer_id'], or a mapping such as"
            ~ " {'airport': 'dest'}; [] makes a global view"
        ) -%}
        {%- set keys = [] -%}
    {%- endif -%}
    {%- for role in ['event_timestamp', 'timestamp'] if asked[role] is not string or not asked[role] -%}
        {%- do mistakes.append(role ~ " must name a column, not '" ~ asked[role] ~ "'") -%}
    {%- endfor -%}
    {%- set lag = 0 if asked.availability_lag is none
        else feature_warehouse._microseconds(asked.availability_lag) -%}
    {%- if lag is none -%}
        {%- do mistakes.append(
            "availability_lag '" ~ asked.availability_lag
            ~ "' is not a fixed length of time; write one such as '90 minutes'"
        ) -%}
        {%- set lag = 0 -%}
    {%- endif -%}
    {%- set windows = feature_warehouse._windows(asked.windows, lag, mistakes) -%}
    {%- set features = feature_warehouse._window_aggregates(asked.aggregates, windows, lag, mistakes) -%}
    {%- set join_keys = feature_warehouse._renames(keys) -%}
    {%- do feature_warehouse._claim_window_names(
        join_keys.keys() | list + [asked.timestamp, 'events_entered'], features, mistakes
    ) -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail("window view '" ~ model.name ~ "'", mistakes) }}
    {%- endif -%}
    {{ return({
        'events': asked.events,
        'join_keys': join_keys,
        'event_timestamp': asked.event_timestamp,
        'created_timestamp': asked.created_timestamp,
        'lag': lag,
        'where': asked.where,
        'tie_breaker': asked.tie_breaker,
        'timestamp': asked.timestamp,
        'features': features,
    }) }}
{%- endmacro %}
