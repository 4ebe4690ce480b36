{#- From the `features` of a training set to the views of a point-in-time join. -#}

{% macro _columns_of_labels(label_set, relation) -%}
    {#- Without a contract the warehouse knows more columns than are declared. It is asked only when it
        has built the label set in any case; the SQL is the same either way. -#}
    {%- set columns = label_set.columns | list -%}
    {%- if not label_set.types and flags.WHICH in ('build', 'run')
        and not feature_warehouse._is_unit_test()
        and feature_warehouse._model_node(label_set.name).config.materialized != 'ephemeral' -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- if column.name not in columns -%}
                {%- do columns.append(column.name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _service_views(place, label_set, parts, relations, options, mistakes) -%}
    {#- The views of a join, each with the features, names and keys this service asks for. All that
        is wrong goes to `mistakes`. -#}
    {%- set views = [] -%}
    {%- set served = none if mistakes else feature_warehouse._served(options) -%}
    {%- set met = {} -%}
    {#- By lower-case name: DuckDB takes names that differ in case for the same. -#}
    {%- set owners = {} -%}
    {%- for column in label_set.columns -%}
        {%- do owners.update({column | lower: "label column '" ~ label_set.name ~ '.' ~ column ~ "'"}) -%}
    {%- endfor -%}
    {%- for column in label_set.get('added') or {} -%}
        {%- do feature_warehouse._claim(
            column, label_set.added[column], '; give it another name', owners, mistakes
        ) -%}
    {%- endfor -%}
    {%- for part in parts if not feature_warehouse._is_feature_view(part.view) -%}
        {%- do mistakes.append(feature_warehouse._no_feature_view(part.view)) -%}
    {%- endfor -%}
    {%- for part in parts if feature_warehouse._is_feature_view(part.view) -%}
        {%- set view = feature_warehouse._view_named(part.view, place) -%}
        {%- set wanted = part.features if part.features is not none else view.features -%}
        {%- set outputs = {} -%}
        {%- for feature in wanted -%}
            {%- set name = wanted[feature] if part.features is mapping else part.prefix ~ feature -%}
            {%- if feature not in view.features -%}
                {%- do mistakes.append(
                    "view '" ~ part.view ~ "' has no feature '" ~ feature ~ "'; it has "
                    ~ view.features | join(', ')
                ) -%}
            {%- else -%}
                {%- do feature_warehouse._claim(
                    name, "feature '" ~ part.view ~ '.' ~ feature ~ "'",
                    '; give the feature another name' if part.features is mapping
                        else "; give the view a prefix, such as {'view': '" ~ part.view
                        ~ "', 'prefix': '" ~ part.view ~ "_'}",
                    owners, mistakes,
                    ", such as {'view': '" ~ part.view ~ "', 'features': {'" ~ feature ~ "': '<name>'}}"
                ) -%}
                {%- do outputs.update({feature: name}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for role, words in [('event_timestamp_as', 'event timestamp'), ('age_as', 'age')] -%}
            {%- if part.get(role) -%}
                {%- do feature_warehouse._claim(
                    part[role], words ~ " of view '" ~ part.view ~ "'", '; give it another name',
                    owners, mistakes
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do mistakes.extend(feature_warehouse._knowledge_mistakes(view, options)) -%}
        {%- for key in part.join_keys if key not in view.join_keys -%}
            {%- do mistakes.append(
                "view '" ~ part.view ~ "' has no join key '" ~ key ~ "'; it has "
                ~ view.join_keys | join(', ')
            ) -%}
        {%- endfor -%}
        {%- set join_keys = {} -%}
        {%- for key in view.join_keys -%}
            {%- set label_key = part.join_keys[key] if key in part.join_keys else key -%}
            {%- do join_keys.update({key: label_key}) -%}
            {%- if label_set.columns and label_key not in label_set.columns -%}
                {%- do mistakes.append(
                    "join key '" ~ key ~ "' of view '" ~ part.view ~ "' looks for label column '"
                    ~ label_key ~ "', which '" ~ label_set.name ~ "' does not declare; map it with"
                    ~ " 'join_keys': {'" ~ key ~ "': '<label column>'}"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do mistakes.extend(
            feature_warehouse._key_type_mistakes(view, join_keys, label_set)
            + feature_warehouse._met_key_mistakes(
                view, join_keys, label_set.get('key_types') or label_set.types, met
            )
        ) -%}
        {%- do view.update({
            'alias': part.view | replace('.', '_') if parts | selectattr('view', 'equalto', part.view) | list | length == 1
                else part.prefix ~ part.view | replace('.', '_'),
            'relation': relations[part.view],
            'features': outputs,
            'join_keys': join_keys,
            'start': options.get('start'),
            'end': options.get('end'),
            'as_of': options.get('as_of'),
            'knowledge': options.get('knowledge'),
            'served': served,
            'event_timestamp_as': part.get('event_timestamp_as'),
            'age_as': part.get('age_as'),
        }) -%}
        {%- do views.append(view) -%}
    {%- endfor -%}
    {{ return(views) }}
{%- endmacro %}


{% macro _claim(name, origin, remedy, owners, mistakes, shorter='') -%}
    {#- Notes whose a column of the result is, and what is wrong with its name. -#}
    {%- if name | lower in owners -%}
        {%- do mistakes.append(
            "two columns are named '" ~ name ~ "': " ~ owners[name | lower] ~ ' and ' ~ origin ~ remedy
        ) -%}
    {%- endif -%}
    {%- if not feature_warehouse._name_fits(name) -%}
        {%- do mistakes.append(
            "the name '" ~ name ~ "' of " ~ origin ~ ' is longer than the 63 bytes that '
            ~ target.type ~ ' keeps of a name; give it a shorter one' ~ shorter
        ) -%}
    {%- endif -%}
    {%- do owners.update({name | lower: origin}) -%}
{%- endmacro %}


{% macro _service_owners() -%}
    {#- The training sets of every service, by each of its names. -#}
    {%- set owners = {} -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- if feature_warehouse._declared(node, 'feature_service') -%}
            {%- for name in feature_warehouse._service_names(node) -%}
                {%- do owners.setdefault(name, []).append(feature_warehouse._full_name(node)) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(owners) }}
{%- endmacro %}


{% macro _service_mistakes(node, owners) -%}
    {#- Mistakes in the names of a training set's service. -#}
    {%- set mistakes = [] -%}
    {%- for name in feature_warehouse._service_names(node) -%}
        {%- set others = owners.get(name, [])
            | reject('equalto', feature_warehouse._full_name(node)) | sort -%}
        {%- if others -%}
            {%- do mistakes.append(
                "service '" ~ name ~ "' is also that of " ~ others | join(', ')
                ~ "; give it another name with training_set(..., service='...')"
            ) -%}
        {%- endif -%}
        {%- if feature_warehouse._is_feature_view(name) -%}
            {%- do mistakes.append(
                "service '" ~ name ~ "' has the name of a feature view; give it another name with"
                ~ " training_set(..., service='...')"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _service_names(node) -%}
    {#- The names that a training set's service has: with its version, and without if that is the latest. -#}
    {%- set name = feature_warehouse._declared(node, 'feature_service').name or node.name -%}
    {%- if node.get('version') is none -%}
        {{ return([name]) }}
    {%- endif -%}
    {{ return([name ~ '.v' ~ node.version] + ([name] if feature_warehouse._is_latest(node) else [])) }}
{%- endmacro %}
