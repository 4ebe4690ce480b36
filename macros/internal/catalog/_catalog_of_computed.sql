{#- What the catalog says of on-demand features. -#}

{% macro _catalog_of_computed(node, tests) -%}
    {#- A row for each on-demand feature that a model declares. -#}
    {%- set service = feature_warehouse._declared(node, 'feature_service') or {} -%}
    {%- set rows = [] -%}
    {%- if service.get('on_demand') -%}
        {%- set made = feature_warehouse._declared_set(node, service) -%}
        {%- set types = feature_warehouse._computed_types(
            made.place, made.label_set, made.views, made.computed
        ) -%}
        {%- set personal = feature_warehouse._personal_outputs(made, made.views) -%}
        {%- set sources = feature_warehouse._column_sources(made) -%}
        {%- set origins = feature_warehouse._computed_origins(made.computed) -%}
        {%- set name = feature_warehouse._service_names(node)[0] -%}
        {%- for feature in made.computed.features -%}
            {%- set declared = node.columns.get(feature.name) or {} -%}
            {%- set inputs = [] -%}
            {%- set keys = [] -%}
            {%- for input in origins[feature.name] if input in sources -%}
                {%- do inputs.append(sources[input].text) -%}
                {%- do keys.extend(sources[input].join_keys) -%}
            {%- endfor -%}
            {%- do rows.append({
                'view': none,
                'feature': feature.name,
                'data_type': feature_warehouse._declared_type(types[feature.name]),
                'description': feature_warehouse._one_line(declared.get('description') or ''),
                'owner': feature_warehouse._owner_text(feature_warehouse._column_meta(declared).get('owner'))
                    or feature_warehouse._owner(node),
                'tags': feature_warehouse._listed(
                    node.tags + (declared.get('tags') or []) + ((declared.get('config') or {}).get('tags') or [])
                ),
                'is_pii': feature.name | lower in personal,
                'default_value': none,
                'tests': feature_warehouse._listed(tests.get(feature.name, [])),
                'services': name,
                'served_as': '' if feature.name in made.computed.hidden else name ~ ':' ~ feature.name,
                'entity': keys | unique(case_sensitive=true) | join(', '),
                'is_online': made.views | rejectattr('online') | list | length == 0,
                'training_set': made.name,
                'expression': feature_warehouse._one_line(feature.expr),
                'inputs': feature_warehouse._listed(inputs),
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rows) }}
{%- endmacro %}


{% macro _declared_set(node, service) -%}
    {#- What a training set is made of, by declarations alone: its views need not be built. -#}
    {%- set place = "training set '" ~ feature_warehouse._full_name(node) ~ "'" -%}
    {%- set label_set = feature_warehouse._label_set_named(service.labels) -%}
    {%- set relations = {} -%}
    {%- for part in service.features -%}
        {%- do relations.update({part.view: none}) -%}
    {%- endfor -%}
    {%- set mistakes = [] -%}
    {%- set views = feature_warehouse._service_views(
        place, label_set, service.features, relations, feature_warehouse._declared(node, 'training_set'), mistakes
    ) -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail(place, mistakes) }}
    {%- endif -%}
    {%- for view in views -%}
        {%- set block = feature_warehouse._declared(feature_warehouse._model_node(view.name), 'feature_view') -%}
        {%- do view.update({'online': block.online is true}) -%}
    {%- endfor -%}
    {{ return({
        'name': feature_warehouse._full_name(node),
        'place': place,
        'node': node,
        'label_set': label_set,
        'views': views,
        'computed': feature_warehouse._computed_of(service),
    }) }}
{%- endmacro %}


{% macro _column_sources(made) -%}
    {#- By the names that expressions have for them: where columns come from, and by which columns of the labels. -#}
    {%- set sources = {} -%}
    {%- set labels = made.label_set.name ~ ':' -%}
    {%- for column in made.label_set.columns -%}
        {%- do sources.update({column: {'text': labels ~ column, 'join_keys': []}}) -%}
    {%- endfor -%}
    {%- do sources.update({'request_time': {'text': labels ~ made.label_set.timestamp, 'join_keys': []}}) -%}
    {%- for view in made.views -%}
        {%- set keys = view.join_keys.values() | list -%}
        {%- for feature, name in view.features.items() -%}
            {%- do sources.update({name: {'text': view.name ~ ':' ~ feature, 'join_keys': keys}}) -%}
        {%- endfor -%}
        {%- for role in ['event_timestamp_as', 'age_as'] if view[role] -%}
            {%- do sources.update({
                view[role]: {'text': view.name ~ ':' ~ view.event_timestamp, 'join_keys': keys}
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(sources) }}
{%- endmacro %}
