{#- Training sets that another model, a test or the command line names: what their `meta` says. -#}

{% macro _training_set_named(name, place, labels=true) -%}
    {#- What the training set of that name was made of; stops where there is none. -#}
    {%- set node = feature_warehouse._model_node(name) -%}
    {%- if node is none or feature_warehouse._declared(node, 'training_set') is none -%}
        {{ feature_warehouse._fail(place, [
            "'" ~ name ~ "' is not a training set; name a model that is made by training_set()"
        ]) }}
    {%- endif -%}
    {{ return(feature_warehouse._training_set_of(node, labels)) }}
{%- endmacro %}


{% macro _node_of_service(name, place) -%}
    {#- The training set that declares a service. -#}
    {%- set known = [] -%}
    {%- for node in feature_warehouse._models() if feature_warehouse._declared(node, 'feature_service') -%}
        {%- set names = feature_warehouse._service_names(node) -%}
        {%- if name in names -%}
            {{ return(node) }}
        {%- endif -%}
        {%- do known.extend(names) -%}
    {%- endfor -%}
    {{ feature_warehouse._fail(place, [
        "there is no service '" ~ name ~ "'; known are " ~ known | sort | join(', ')
    ]) }}
{%- endmacro %}


{% macro _training_set_of(node, labels=true, views=true) -%}
    {#- Without `labels` or `views` no relations of theirs, which a unit test may not give. -#}
    {%- set service = feature_warehouse._declared(node, 'feature_service') -%}
    {%- set label_set = feature_warehouse._label_set_named(service.labels) -%}
    {%- set options = feature_warehouse._declared(node, 'training_set') -%}
    {%- do label_set.update({'delay': feature_warehouse._label_delay(node, options)}) -%}
    {%- set relations = {} -%}
    {%- for part in service.features -%}
        {%- do relations.update({
            part.view: feature_warehouse._built_relation(part.view) if views else none
        }) -%}
    {%- endfor -%}
    {%- if labels -%}
        {%- do label_set.update({'relation': feature_warehouse._built_labels(service.labels)}) -%}
    {%- endif -%}
    {{ return({
        'name': feature_warehouse._full_name(node),
        'place': "training set '" ~ feature_warehouse._full_name(node) ~ "'",
        'node': node,
        'service': feature_warehouse._service_names(node)[0],
        'label_set': label_set,
        'parts': service.features,
        'computed': feature_warehouse._computed_of(service),
        'options': options,
        'relations': relations,
    }) }}
{%- endmacro %}


{% macro _computed_of(service) -%}
    {#- The on-demand and hidden features of a service. -#}
    {{ return({'features': service.get('on_demand') or [], 'hidden': service.get('hidden') or []}) }}
{%- endmacro %}


{% macro _training_set_views(made, options=none) -%}
    {#- The views of a training set that was declared elsewhere, with what it has columns of. -#}
    {{ return(feature_warehouse._shown_views(
        feature_warehouse._joined_views(made, options), made.computed.hidden
    )) }}
{%- endmacro %}


{% macro _joined_views(made, options=none) -%}
    {#- The same with what is hidden. -#}
    {%- set mistakes = [] -%}
    {%- set views = feature_warehouse._service_views(
        made.place, made.label_set, made.parts, made.relations, options or made.options, mistakes
    ) -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail(made.place, mistakes) }}
    {%- endif -%}
    {{ return(views) }}
{%- endmacro %}


{% macro _service_fingerprint(made) -%}
    {#- As the registry of the Python package computes it. -#}
    {%- set views = feature_warehouse._joined_views(made) -%}
    {%- set lines = [] -%}
    {%- for view in views -%}
        {%- set pairs = [] -%}
        {%- for key, column in view.join_keys.items() -%}
            {%- do pairs.append(key ~ '=' ~ column) -%}
        {%- endfor -%}
        {%- for feature, output in view.features.items() -%}
            {%- do lines.append(
                output ~ '=' ~ view.name_in_fingerprints ~ '.' ~ feature ~ ':'
                ~ feature_warehouse._type_name(view.types[feature]) ~ ' by ' ~ pairs | join(',')
            ) -%}
        {%- endfor -%}
        {%- for role, words in [('event_timestamp_as', 'event timestamp'), ('age_as', 'age')] if view[role] -%}
            {%- do lines.append(
                view[role] ~ '=' ~ view.name_in_fingerprints ~ ':' ~ words ~ ' by ' ~ pairs | join(',')
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do lines.extend(
        feature_warehouse._computed_lines(made.place, made.label_set, views, made.computed)
    ) -%}
    {{ return(local_md5(lines | join('\n'))[:16]) }}
{%- endmacro %}


{% macro _built_columns(node, sizes=false) -%}
    {#- Names and types of a model's columns, as they are in the warehouse; while nothing is built, as
        they are declared. With sizes also the digits of a decimal. -#}
    {%- set columns = {} -%}
    {%- for column in adapter.get_columns_in_relation(feature_warehouse._relation_of(node)) -%}
        {%- do columns.update({
            column.name: (column.data_type if sizes else column.dtype) | lower
        }) -%}
    {%- endfor -%}
    {%- for column in (node.columns.values() if not columns else []) -%}
        {%- do columns.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
