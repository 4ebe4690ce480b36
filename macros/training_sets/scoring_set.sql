{% macro scoring_set(training_set, entities, at=none) -%}
    {%- do feature_warehouse._remember_nodes() -%}
    {%- if not execute -%}
        {%- do feature_warehouse._ref(training_set) -%}
    {%- endif -%}
    {%- set relation = feature_warehouse._ref(entities) -%}
    {%- if execute -%}
        {%- set place = "scoring set '" ~ feature_warehouse._full_name(model) ~ "'" -%}
        {%- if at is not none and feature_warehouse._instant_mistakes('at', at) -%}
            {{ feature_warehouse._fail(place, feature_warehouse._instant_mistakes('at', at)) }}
        {%- endif -%}
        {%- set made = feature_warehouse._training_set_named(training_set, place, labels=false) -%}
        {%- set node = feature_warehouse._model_node(entities) -%}
        {%- if (made.computed.features or made.computed.hidden)
            and not (node and feature_warehouse._enforces_types(node)) -%}
            {{ feature_warehouse._fail(place, [
                "'" ~ entities ~ "' needs an enforced contract: on-demand features of '" ~ training_set
                ~ "' have to know its columns and their types"
            ]) }}
        {%- endif -%}
        {%- set rows = {
            'name': entities,
            'relation': relation,
            'columns': node.columns.keys() | list if node else [],
            'types': dict(
                feature_warehouse._label_key_types(node, relation), scored_at='timestamp'
            ),
            'added': {'scored_at': 'the instant of the scoring set'},
            'timestamp': 'scored_at',
            'instant': feature_warehouse._now() if at is none else feature_warehouse._instant(at),
        } -%}
        {{ return(feature_warehouse._training_set(
            place, rows, made.parts,
            dict(feature_warehouse._knowledge_of(made.options), as_of=at, start=at), made.relations,
            made.computed
        )) }}
    {%- endif -%}
{%- endmacro %}
