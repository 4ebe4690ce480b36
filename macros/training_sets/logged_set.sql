{% macro logged_set(
    service, labels, on='request_id', where=none, start=none, end=none, as_of=none, split=none
) -%}
    {%- do feature_warehouse._remember_nodes(
        [] if execute else feature_warehouse._nodes_of_service(service)
    ) -%}
    {%- set relation = feature_warehouse._ref(labels) -%}
    {%- set log = source('feature_warehouse_requests', feature_warehouse._log_table(service)) -%}
    {%- set options = {
        'where': where, 'start': start, 'end': end, 'as_of': as_of, 'knowledge': 'available', 'split': split,
    } -%}
    {{- config(meta={
        'logged_set': {'service': service, 'labels': labels, 'on': on, 'options': options},
    }) -}}
    {%- if execute -%}
        {%- set made = feature_warehouse._logged_set_of(feature_warehouse._own_node(), {
            'service': service, 'labels': labels, 'on': on, 'options': options,
        }) -%}
        {%- do made.label_set.update({
            'relation': relation,
            'columns': feature_warehouse._columns_of_labels(made.label_set, relation),
        }) -%}
        {%- do made.update({'log': log}) -%}
        {{ return(feature_warehouse._logged_set(made)) }}
    {%- endif -%}
{%- endmacro %}
