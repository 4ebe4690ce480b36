{#- From the `features` of a training set to the views of a point-in-time join. -#}

{% macro _service_part(entry) -%}
    {#- 'view', 'view:feature,feature' or a mapping, as a mapping with all keys. -#}
    {%- if entry is string -%}
        {%- set pieces = entry.split(':') -%}
        {%- set entry = {'view': pieces[0] | trim} -%}
        {%- if pieces | length > 1 -%}
            {%- do entry.update({'features': pieces[1].split(',') | map('trim') | list}) -%}
        {%- endif -%}
    {%- endif -%}
    {%- set mistakes = [] -%}
    {%- if entry is not mapping or not entry.get('view') -%}
        {%- set mistakes = ["'" ~ entry ~ "' names no view; write 'view', 'view:feature,feature' or"
            ~ " {'view': ..., 'features': [...], 'join_keys': {...}, 'prefix': ...}"] -%}
    {%- else -%}
        {%- do mistakes.extend(feature_warehouse._unknown_keys(
            entry, ['view', 'features', 'join_keys', 'prefix']
        )) -%}
        {%- if entry.get('join_keys') is not none and entry.join_keys is not mapping -%}
            {%- do mistakes.append(
                "join_keys of '" ~ entry.view ~ "' must map the view's keys to label columns, such as"
                ~ " {'airport': 'dest'}"
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail("training set '" ~ model.name ~ "'", mistakes) }}
    {%- endif -%}
    {{ return({
        'view': entry.view,
        'features': entry.get('features'),
        'join_keys': entry.get('join_keys') or {},
        'prefix': entry.get('prefix') or '',
    }) }}
{%- endmacro %}


{% macro _label_set_named(name) -%}
    {%- set node = feature_warehouse._model_node(name) -%}
    {%- if node is none or feature_warehouse._declared(node, 'label_set') is none -%}
        {{ feature_warehouse._fail("training set '" ~ model.name ~ "'", [
            "labels '" ~ name ~ "' is no label set; give that model a meta.label_set block"
        ]) }}
    {%- endif -%}
    {{ return(feature_warehouse._label_set(node)) }}
{%- endmacro %}


{% macro _view_named(name, place) -%}
    {%- set node = feature_warehouse._model_node(name) -%}
    {%- if node is none or feature_warehouse._declared(node, 'feature_view') is none -%}
        {{ feature_warehouse._fail(place, [
            "'" ~ name ~ "' is no feature view; give that model a meta.feature_view block"
        ]) }}
    {%- endif -%}
    {{ return(feature_warehouse._feature_view(node)) }}
{%- endmacro %}


{% macro _service_views(parts, label_set, relations) -%}
    {#- The views of a join, each with the features, names and keys this service asks for. -#}
    {%- set place = "training set '" ~ model.name ~ "'" -%}
    {%- set views = [] -%}
    {%- set mistakes = [] -%}
    {%- set owners = {} -%}
    {%- for column in label_set.columns -%}
        {%- do owners.update({column: "label column '" ~ label_set.name ~ '.' ~ column ~ "'"}) -%}
    {%- endfor -%}
    {%- for part in parts -%}
        {%- set view = feature_warehouse._view_named(part.view, place) -%}
        {%- set wanted = part.features if part.features is not none else view.features -%}
        {%- set outputs = {} -%}
        {%- for feature in wanted -%}
            {%- set name = wanted[feature] if part.features is mapping else part.prefix ~ feature -%}
            {%- set origin = "feature '" ~ part.view ~ '.' ~ feature ~ "'" -%}
            {%- if feature not in view.features -%}
                {%- do mistakes.append(
                    "view '" ~ part.view ~ "' has no feature '" ~ feature ~ "'; it has "
                    ~ view.features | join(', ')
                ) -%}
            {%- elif name in owners -%}
                {%- do mistakes.append(
                    "two columns are named '" ~ name ~ "': " ~ owners[name] ~ ' and ' ~ origin
                    ~ "; give the view a prefix, such as {'view': '" ~ part.view ~ "', 'prefix': '"
                    ~ part.view ~ "_'}"
                ) -%}
            {%- endif -%}
            {%- do owners.update({name: origin}) -%}
            {%- do outputs.update({feature: name}) -%}
        {%- endfor -%}
        {%- for key in part.join_keys if key not in view.join_keys -%}
            {%- do mistakes.append(
                "view '" ~ part.view ~ "' has no join key '" ~ key ~ "'; it has "
                ~ view.join_keys | join(', ')
            ) -%}
        {%- endfor -%}
        {%- set join_keys = {} -%}
        {%- for key in view.join_keys -%}
            {%- set label_key = part.join_keys.get(key, key) -%}
            {%- do join_keys.update({key: label_key}) -%}
            {%- if label_set.columns and label_key not in label_set.columns -%}
                {%- do mistakes.append(
                    "join key '" ~ key ~ "' of view '" ~ part.view ~ "' looks for label column '"
                    ~ label_key ~ "', which '" ~ label_set.name ~ "' does not declare; map it with"
                    ~ " 'join_keys': {'" ~ key ~ "': '<label column>'}"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do view.update({
            'alias': part.view if parts | selectattr('view', 'equalto', part.view) | list | length == 1
                else part.prefix ~ part.view,
            'relation': relations[part.view],
            'features': outputs,
            'join_keys': join_keys,
        }) -%}
        {%- do views.append(view) -%}
    {%- endfor -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail(place, mistakes) }}
    {%- endif -%}
    {{ return(views) }}
{%- endmacro %}
