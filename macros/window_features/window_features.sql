{% macro window_features(
    events, join_keys, event_timestamp, aggregates, windows, created_timestamp=none,
    availability_lag=none, where=none, tie_breaker=none, timestamp='changed_at'
) -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- set relation = feature_warehouse._ref(events) if events is string else events -%}
    {%- set view = feature_warehouse._window_view({
        'events': events if events is string else none,
        'join_keys': join_keys, 'event_timestamp': event_timestamp, 'aggregates': aggregates,
        'windows': windows, 'created_timestamp': created_timestamp,
        'availability_lag': availability_lag, 'where': where, 'tie_breaker': tie_breaker,
        'timestamp': timestamp,
    }) -%}
    {{- config(
        meta={'window_features': feature_warehouse._window_declaration(view)},
        unique_key=view.join_keys.keys() | list + [timestamp],
        incremental_strategy='delete+insert',
        on_schema_change='append_new_columns',
        pre_hook=feature_warehouse._plan_without_guesses(),
        post_hook='{{ feature_warehouse._comment_on_windows() }}',
    ) -}}
    {%- if execute -%}
        {{ return(feature_warehouse._window_features(view, relation)) }}
    {%- endif -%}
{%- endmacro %}
