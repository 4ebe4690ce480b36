{% macro training_set(
    labels, features, service=none, where=none, start=none, end=none, as_of=none,
    knowledge='available', served=none, split=none, label_delay=none, on_demand=[], hidden=[]
) -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- set place = "training set '" ~ feature_warehouse._full_name(model) ~ "'" -%}
    {%- set parts = feature_warehouse._service_parts(features, place) -%}
    {%- set computed = feature_warehouse._computed_features(on_demand, hidden, place) -%}
    {%- for part in parts -%}
        {%- do feature_warehouse._ref(part.view) -%}
    {%- endfor -%}
    {%- set relation = feature_warehouse._ref(labels) -%}
    {%- set options = {
        'where': where, 'start': start, 'end': end, 'as_of': as_of, 'knowledge': knowledge,
        'split': split,
    } -%}
    {%- for name, value in [('served', served), ('label_delay', label_delay)] if value is not none -%}
        {%- do options.update({name: value}) -%}
    {%- endfor -%}
    {%- if feature_warehouse._reads_publications(options) -%}
        {%- do source('feature_warehouse_requests', 'publications') -%}
    {%- endif -%}
    {%- set block = {'name': service, 'labels': labels, 'features': parts} -%}
    {%- if computed.features or computed.hidden -%}
        {%- do block.update({'on_demand': computed.features, 'hidden': computed.hidden}) -%}
    {%- endif -%}
    {{- config(meta={
        'feature_service': block,
        'training_set': options,
    }) -}}
    {%- if execute -%}
        {%- set label_set = feature_warehouse._label_set_named(labels) -%}
        {%- do label_set.update({
            'relation': relation,
            'columns': feature_warehouse._columns_of_labels(label_set, relation),
            'key_types': feature_warehouse._label_key_types(
                feature_warehouse._model_node(labels), relation
            ),
            'delay': feature_warehouse._label_delay(feature_warehouse._own_node(), options),
        }) -%}
        {%- if feature_warehouse._own_node().config.get('contract', {}).get('enforced') -%}
            {%- do label_set.update({
                'declared': feature_warehouse._own_node().columns.keys() | list
            }) -%}
        {%- endif -%}
        {%- if label_set.delay is not none -%}
            {%- do label_set.update({'built': feature_warehouse._built_set()}) -%}
        {%- endif -%}
        {%- if feature_warehouse._is_batch() -%}
            {%- set mistakes = feature_warehouse._label_batch_mistakes(label_set, relation) -%}
            {%- if mistakes -%}
                {{ feature_warehouse._fail(place, mistakes) }}
            {%- endif -%}
            {%- do label_set.update({
                'batch': feature_warehouse._batch_conditions(label_set.types)
            }) -%}
        {%- endif -%}
        {{ return(feature_warehouse._training_set(
            place, label_set, parts, options, computed=computed
        )) }}
    {%- endif -%}
{%- endmacro %}
