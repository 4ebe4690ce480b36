{#- What the command line asks of dbt, by `dbt compile --inline`: SQL, as JSON. -#}

{% macro _export_plan(name) -%}
    {#- What `training-set export` runs. -#}
    {%- if execute -%}
        {%- set made = feature_warehouse._set_named(name, 'training-set export') -%}
        {%- set relation = feature_warehouse._relation_of(made.node) -%}
        {%- set types = feature_warehouse._built_columns(made.node) -%}
        {%- set order = [made.label_set.timestamp] -%}
        {#- Rows that are equal in all label columns are equal. -#}
        {%- for column in made.label_set.columns or types -%}
            {%- if column not in order -%}
                {%- do order.append(column) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set sorted = [] -%}
        {%- for column in order if column in types -%}
            {%- do sorted.extend(feature_warehouse._sort_keys(
                feature_warehouse._quote(column), types[column]
            )) -%}
        {%- endfor -%}
        {{ return(feature_warehouse._json({
            'query': 'select * from ' ~ relation
                ~ (' order by ' ~ sorted | join(', ') if sorted else ''),
            'data_types': feature_warehouse._built_columns(made.node, sizes=true),
            'card': feature_warehouse._dataset_card(made, relation),
        })) }}
    {%- endif -%}
{%- endmacro %}


{% macro _check_plan(name) -%}
    {#- What `training-set check` runs. -#}
    {%- if execute -%}
        {%- set made = feature_warehouse._set_named(name, 'training-set check') -%}
        {%- set sql = feature_warehouse._training_set_sql(made) -%}
        {{ return(tojson({
            'card': feature_warehouse._dataset_card(made, '(\n' ~ sql ~ '\n)'),
        })) }}
    {%- endif -%}
{%- endmacro %}


{% macro _build_plan(request) -%}
    {#- `request` has `features` or `service`, `labels` (relation, columns, timestamp and its type), the
        name of a column with the number of the row, and the options of training_set(). -#}
    {%- if execute -%}
        {%- set place = 'training-set build' -%}
        {%- if request.service -%}
            {%- set node = feature_warehouse._node_of_service(request.service, place) -%}
            {%- set declared = feature_warehouse._declared(node, 'feature_service') -%}
        {%- else -%}
            {%- set declared = {'features': feature_warehouse._service_parts(request.features, place)} -%}
        {%- endif -%}
        {%- set parts = declared.features -%}
        {%- set computed = feature_warehouse._computed_of(declared) -%}
        {%- set relations = {} -%}
        {%- for part in parts if feature_warehouse._is_feature_view(part.view) -%}
            {%- do relations.update({part.view: feature_warehouse._built_relation(part.view)}) -%}
        {%- endfor -%}
        {%- set label_set = {
            'name': 'labels',
            'relation': request.labels.relation,
            'columns': request.labels.columns,
            'timestamp': request.labels.timestamp,
            'types': dict(
                request.labels.types, **{request.labels.timestamp: request.labels.timestamp_type}
            ),
        } -%}
        {%- set keys = {} -%}
        {%- set data_types = {} -%}
        {%- set casts = {} -%}
        {%- set views = feature_warehouse._service_views(
            place, label_set, parts, relations, request.options, []
        ) -%}
        {%- for view in views -%}
            {%- for key, column in view.join_keys.items() -%}
                {%- do keys.update({column: view.types[key]}) -%}
                {#- Files have ids as text, and a column of NULLs as anything. -#}
                {%- if column in request.labels.untyped
                    or (column in request.labels.texts and view.types[key] | lower == 'uuid') -%}
                    {%- do casts.update({column: view.types[key]}) -%}
                {%- endif -%}
            {%- endfor -%}
            {%- for feature, name in view.features.items() -%}
                {%- do data_types.update({name: view.types[feature]}) -%}
            {%- endfor -%}
        {%- endfor -%}
        {#- A file may hold whole numbers in a column that is one of doubles in the label set. -#}
        {%- if computed.features -%}
            {%- for column, type in feature_warehouse._request_columns(
                feature_warehouse._label_set_named(declared.labels), computed
            ).items() -%}
                {%- do keys.update({column: keys.get(column) or type}) -%}
                {%- do casts.update({column: type}) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do label_set.types.update(casts) -%}
        {%- set needed = keys.keys() | list + [label_set.timestamp] + (request.labels.by or []) -%}
        {%- do label_set.update({
            'relation': feature_warehouse._cast_labels(request, casts, needed),
            'selected': [request.row] + request.labels.columns | select('in', needed) | list,
        }) -%}
        {%- if computed.features -%}
            {%- do data_types.update(
                feature_warehouse._computed_types(place, label_set, views, computed)
            ) -%}
        {%- endif -%}
        {%- set sql = feature_warehouse._training_set(
            place, label_set, parts, request.options, relations, computed
        ) -%}
        {{ return(feature_warehouse._json({
            'query': 'select * from (\n' ~ sql ~ '\n) as answers order by '
                ~ feature_warehouse._quote(request.row),
            'keys': keys,
            'data_types': data_types,
        })) }}
    {%- endif -%}
{%- endmacro %}


{% macro _cast_labels(request, casts, needed) -%}
    {#- A table of labels whose keys have the types of those they are joined to. -#}
    {%- if not casts -%}
        {{ return(request.labels.relation) }}
    {%- endif -%}
    {%- set columns = [feature_warehouse._quote(request.row)] -%}
    {%- for column in request.labels.columns if column in needed -%}
        {%- set name = feature_warehouse._quote(column) -%}
        {%- do columns.append(
            'cast(' ~ name ~ ' as ' ~ casts[column] ~ ') as ' ~ name if column in casts else name
        ) -%}
    {%- endfor -%}
    {{ return('(select ' ~ columns | join(', ') ~ ' from ' ~ request.labels.relation ~ ')') }}
{%- endmacro %}


{% macro _drift_plan(request) -%}
    {#- For the command line: `request` has the service, the clock, `last` as a length of time, and the `source`. -#}
    {%- if execute -%}
        {%- set place = 'drift' -%}
        {%- set node = feature_warehouse._node_of_service(request.service, place) -%}
        {%- set made = feature_warehouse._training_set_of(node) -%}
        {%- set plan = feature_warehouse._drift_comparisons(
            made,
            feature_warehouse._instant(request.clock),
            feature_warehouse._fixed_length('last', request.last),
            request.source,
        ) -%}
        {%- set queries = [] -%}
        {%- for comparison in plan.comparisons -%}
            {%- do queries.append({
                'features': comparison.features,
                'query': feature_warehouse._drift(comparison.now, comparison.then, comparison.features),
            }) -%}
        {%- endfor -%}
        {{ return(tojson({
            'training_set': made.name, 'service': made.service, 'queries': queries, 'off': plan.off,
            'fingerprint': plan.fingerprint, 'requests': plan.requests, 'others': plan.others,
        })) }}
    {%- endif -%}
{%- endmacro %}
