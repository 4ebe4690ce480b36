{#- What the manifest says of all features, as a query without a source. -#}

{% macro _feature_catalog(statistics) -%}
    {#- The SQL of `feature_catalog`. -#}
    {%- set found = feature_warehouse._catalog() -%}
    {%- set view_columns = [
        'view', 'view_description', 'entity', 'ttl', 'availability_lag', 'view_tests', 'is_online',
    ] -%}
    {%- set feature_columns = [
        'place', 'view', 'feature', 'data_type', 'description', 'owner', 'tags', 'is_pii', 'default_value',
        'tests', 'services', 'served_as', 'entity', 'is_online', 'training_set', 'expression', 'inputs',
    ] -%}
    {%- set ctes = [
        feature_warehouse._catalog_values('views', view_columns, found.views),
        feature_warehouse._catalog_values('features', feature_columns, found.features),
    ] -%}
    {%- if statistics is not none -%}
        {%- do ctes.append(feature_warehouse._newest_statistics(statistics)) -%}
    {%- endif -%}
{{ feature_warehouse._with(ctes) -}}
select
    features.view,
    features.feature,
    features.data_type,
    features.description,
    views.view_description,
    coalesce(views.entity, features.entity) as entity,
    features.owner,
    features.tags,
    features.is_pii,
    views.ttl,
    views.availability_lag,
    features.default_value,
    features.tests,
    coalesce(views.view_tests, '') as view_tests,
    features.services,
    features.served_as,
    coalesce(views.is_online, features.is_online) as is_online,
    {%- if statistics is none %}
    cast(null as timestamp) as newest_event,
    {%- else %}
    newest_statistics.newest_event,
    {%- endif %}
    features.training_set,
    features.expression,
    features.inputs
from features
left join views
    on features.view = views.view
{%- if statistics is not none %}
left join newest_statistics
    on
        features.view = newest_statistics.view
        and features.feature = newest_statistics.feature
        and newest_statistics.choice = 1
{%- endif %}
order by features.place
{%- endmacro %}


{% macro _newest_statistics(statistics) -%}
    {#- The CTE of the statistics of each feature, the last ones marked. -#}
newest_statistics as (
    select
        view,
        feature,
        newest_event,
        row_number() over (partition by view, feature order by computed_at desc) as choice
    from {{ statistics }}
)
{%- endmacro %}


{% macro _catalog_values(name, columns, rows) -%}
    {#- A CTE of literals. The first row says what type a column has that may be NULL in all of them. -#}
    {%- set types = {'place': 'integer', 'is_pii': 'boolean', 'is_online': 'boolean'} -%}
{{ name }} as (
    select *
    from (
        values
        {%- for row in rows or [{}] %}
        {%- set first = loop.first %}
        (
            {%- for column in columns %}
            {{ feature_warehouse._catalog_literal(
                row.get(column), types.get(column, 'text') if first else none
            ) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as listed (
        {{ columns | join(',\n        ') }}
    )
    {%- if not rows %}
    where {{ columns[0] }} is not null
    {%- endif %}
)
{%- endmacro %}


{% macro _catalog_literal(value, data_type) -%}
    {#- A long text on as many lines as it needs. -#}
    {%- if value is none -%}
        {{ return('cast(null as ' ~ data_type ~ ')' if data_type else 'null') }}
    {%- elif value is not string -%}
        {{ return(feature_warehouse._literal(value)) }}
    {%- elif value != feature_warehouse._one_line(value) -%}
        {{ return(feature_warehouse._text_literal(value)) }}
    {%- endif -%}
    {%- set lines = [] -%}
    {%- for line in (value | wordwrap(72, false, '\n', false)).split('\n') -%}
        {%- do lines.append(feature_warehouse._text_literal(line ~ ('' if loop.last else ' '))) -%}
    {%- endfor -%}
    {{ return(lines | join('\n            || ')) }}
{%- endmacro %}


{% macro _catalog() -%}
    {#- The views and features of the manifest, in the order of their names and of their declaration; after them
        what training sets compute. -#}
    {%- set views = [] -%}
    {%- set features = [] -%}
    {%- set uses = feature_warehouse._feature_uses() -%}
    {%- set all_tests = feature_warehouse._tests_by_model() -%}
    {%- for node in feature_warehouse._all_models()
        if feature_warehouse._declared(node, 'feature_view') -%}
        {%- set view = feature_warehouse._feature_view(node) -%}
        {%- set columns = feature_warehouse._view_columns(node) -%}
        {%- set tests = all_tests.get(node.unique_id, {}) -%}
        {%- set owner = feature_warehouse._owner(node) -%}
        {%- do views.append({
            'view': view.name,
            'view_description': feature_warehouse._one_line(node.description),
            'entity': view.join_keys | join(', '),
            'ttl': feature_warehouse._one_line(view.ttl),
            'availability_lag': feature_warehouse._one_line(view.availability_lag),
            'view_tests': feature_warehouse._listed(tests.get('', [])),
            'is_online': feature_warehouse._declared(node, 'feature_view').get('online') is true,
        }) -%}
        {%- for name in view.features -%}
            {%- set column = columns[name] -%}
            {%- set declared = node.columns.get(name) or {} -%}
            {%- set meta = feature_warehouse._column_meta(column) -%}
            {%- set used = uses.get(view.name, {}).get(name, []) -%}
            {%- do features.append({
                'place': features | length + 1,
                'view': view.name,
                'feature': name,
                'data_type': column.data_type | lower,
                'description': feature_warehouse._one_line(column.get('description')),
                'owner': feature_warehouse._owner_text(meta.get('owner')) or owner,
                'tags': feature_warehouse._listed(
                    node.tags + (declared.get('tags') or [])
                    + ((declared.get('config') or {}).get('tags') or [])
                ),
                'is_pii': meta.get('pii') is true,
                'default_value': feature_warehouse._default_text(meta.get('default')),
                'tests': feature_warehouse._listed(tests.get(name, [])),
                'services': feature_warehouse._listed(used | map(attribute=0)),
                'served_as': feature_warehouse._listed(used | selectattr(1) | map('join', ':')),
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for node in feature_warehouse._all_models() -%}
        {%- for feature in feature_warehouse._catalog_of_computed(node, all_tests.get(node.unique_id, {})) -%}
            {%- do feature.update({'place': features | length + 1}) -%}
            {%- do features.append(feature) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return({'views': views, 'features': features}) }}
{%- endmacro %}


{% macro _all_models() -%}
    {#- And seeds and snapshots, by name and version. -#}
    {%- set found = {} -%}
    {#- A unit test has rows of its own, and dbt 1 shows it no nodes. -#}
    {%- set nodes = {} if feature_warehouse._is_unit_test() else graph.nodes or {} -%}
    {%- for node in nodes.values() -%}
        {%- if feature_warehouse._may_be_referred_to(node) -%}
            {%- do found.setdefault(feature_warehouse._full_name(node), []).append(node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set sorted = [] -%}
    {%- for name in found | sort(case_sensitive=true) -%}
        {%- do sorted.extend(found[name]) -%}
    {%- endfor -%}
    {{ return(sorted) }}
{%- endmacro %}


{% macro _feature_uses() -%}
    {#- By view and feature: pairs of a service and the feature's name in it, none where it is hidden. -#}
    {%- set uses = {} -%}
    {%- for node in feature_warehouse._all_models() -%}
        {%- set service = feature_warehouse._declared(node, 'feature_service') or {'features': []} -%}
        {%- set hidden = service.get('hidden') or [] -%}
        {%- for part in service.features if feature_warehouse._is_feature_view(part.view) -%}
            {%- set view = feature_warehouse._feature_view(feature_warehouse._model_node(part.view)) -%}
            {%- set wanted = part.features if part.features is not none else view.features -%}
            {%- set used = uses.setdefault(view.name, {}) -%}
            {%- for feature in wanted -%}
                {%- set name = wanted[feature] if part.features is mapping else part.prefix ~ feature -%}
                {%- do used.setdefault(feature, []).append([
                    feature_warehouse._service_names(node)[0], none if name in hidden else name
                ]) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(uses) }}
{%- endmacro %}
