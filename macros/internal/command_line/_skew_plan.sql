{#- What `feature-warehouse skew` asks: logged requests beside what is known of them now. -#}

{% macro _skew_plan(request) -%}
    {#- `request` has the service, the table of its logged requests (`log`), its `columns` that are ours by what
        they are, the columns that were `given`, the `parts` of the service that are compared by their places, each with
        its columns, the `on_demand` features that are, the columns (`served`) that have values, and a `prefix`
        that no column begins with. The queries take the first and the last instant, or the table `asked`. -#}
    {%- if execute -%}
        {%- set place = 'skew' -%}
        {%- set node = feature_warehouse._node_of_service(request.service, place) -%}
        {%- set made = feature_warehouse._training_set_of(node, labels=false) -%}
        {%- set parts = [] -%}
        {%- for part in request.parts -%}
            {%- do parts.append(made.parts[part.place]) -%}
        {%- endfor -%}
        {%- set computed = {'features': [], 'hidden': []} -%}
        {%- for feature in made.computed.features if feature.name in request.on_demand -%}
            {%- do computed.features.append(feature) -%}
        {%- endfor -%}
        {%- set types = {} -%}
        {%- for part in parts -%}
            {%- set view = feature_warehouse._view_named(part.view, place) -%}
            {%- for key in view.join_keys -%}
                {%- do types.update({part.join_keys.get(key, key): view.types[key]}) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for column, type in made.label_set.types.items() if column in request.given -%}
            {%- do types.update({column: type}) -%}
        {%- endfor -%}
        {%- do types.update({request.prefix ~ 'clock': 'timestamp'}) -%}
        {%- set labels = {
            'name': 'requests',
            'timestamp': request.prefix ~ 'clock',
            'columns': request.given,
            'types': types,
        } -%}
        {%- set mistakes = [] -%}
        {%- set views = feature_warehouse._service_views(
            place, labels, parts, made.relations, {'knowledge': 'available'}, mistakes
        ) -%}
        {%- if mistakes -%}
            {{ feature_warehouse._fail(place, mistakes) }}
        {%- endif -%}
        {%- do labels.update({
            'columns': request.given + feature_warehouse._names_of_requests(request)
        }) -%}
        {%- set computed_types = feature_warehouse._computed_types(place, labels, views, computed) -%}
        {%- set compared = feature_warehouse._served_values(request, views, computed_types) -%}
        {%- set queries = [] -%}
        {%- for view in views -%}
            {%- do queries.append(feature_warehouse._skew_of_part(
                request, labels, view, compared | selectattr('part', 'equalto', loop.index0) | list, loop.index0
            )) -%}
        {%- endfor -%}
        {{ return(feature_warehouse._json({
            'differing': feature_warehouse._skew_of_requests(request, labels, views, computed, compared),
            'parts': queries,
            'computed': feature_warehouse._skew_of_computed(request, labels, views, computed, compared)
                if computed.features else '',
        })) }}
    {%- endif -%}
{%- endmacro %}


{% macro _served_values(request, views, computed_types) -%}
    {#- The values that are compared, in the order of `served`: the place of the view, the type, the feature
        or `event_timestamp` or `age` of the view. -#}
    {%- set found = [] -%}
    {%- for name in request.served -%}
        {%- set value = {
            'name': name, 'column': request.prefix ~ 'served_' ~ loop.index0, 'part': none, 'feature': none,
            'role': none, 'default': none, 'type': computed_types.get(name),
        } -%}
        {%- for view in views -%}
            {%- set place = loop.index0 -%}
            {%- for feature, output in view.features.items() if output == name -%}
                {%- do value.update({
                    'part': place, 'feature': feature, 'type': view.types[feature],
                    'default': view.defaults.get(feature)
                }) -%}
            {%- endfor -%}
            {%- if name == view.event_timestamp_as -%}
                {%- do value.update({'part': place, 'role': 'event_timestamp', 'type': 'timestamp'}) -%}
            {%- elif name == view.age_as -%}
                {%- do value.update({
                    'part': place, 'role': 'age', 'type': feature_warehouse._number_types().double
                }) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do found.append(value) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
