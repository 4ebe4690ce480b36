{#- Labels beside what was served: the values are those of the log, and nothing is joined point in time. -#}

{% macro _nodes_of_service(name) -%}
    {#- The unique ids of the training sets that declare a service. -#}
    {%- set ids = [] -%}
    {%- for node in feature_warehouse._models() if feature_warehouse._declared(node, 'feature_service')
        and name in feature_warehouse._service_names(node) -%}
        {%- do ids.append(node.unique_id) -%}
    {%- endfor -%}
    {{ return(ids) }}
{%- endmacro %}


{% macro _logged_set_of(node, block=none) -%}
    {#- What a logged set was made of, as `_training_set_of` has it; `served` is the training set of the service. -#}
    {%- set is_named = block is none -%}
    {%- set block = block or feature_warehouse._declared(node, 'logged_set') -%}
    {%- set place = "logged set '" ~ feature_warehouse._full_name(node) ~ "'" -%}
    {%- set owner = feature_warehouse._node_of_service(block.service, place) -%}
    {%- set served = feature_warehouse._training_set_of(owner, labels=false, views=is_named) -%}
    {%- if served.service != block.service -%}
        {{ feature_warehouse._fail(place, [
            "service '" ~ block.service ~ "' has versions, and each has a log of its own; name one, such as '"
            ~ served.service ~ "'"
        ]) }}
    {%- endif -%}
    {%- set label_set = feature_warehouse._label_set_named(block.labels) -%}
    {%- if is_named -%}
        {%- do label_set.update({'relation': feature_warehouse._built_labels(block.labels)}) -%}
    {%- endif -%}
    {{ return({
        'name': feature_warehouse._full_name(node),
        'place': place,
        'node': node,
        'service': block.service,
        'label_set': label_set,
        'computed': served.computed,
        'options': block.options,
        'on': block.on,
        'served': served,
    }) }}
{%- endmacro %}


{% macro _logged_set(made) -%}
    {#- The SQL of a logged set: each label row of which the request was logged, once for each of its entities. -#}
    {%- set source_node = feature_warehouse._log_source(made) -%}
    {%- set known = source_node.columns.keys() | list if source_node else [] -%}
    {%- set log = made.log if 'log' in made else feature_warehouse._relation_of(source_node) -%}
    {%- set views = feature_warehouse._joined_views(made.served) -%}
    {%- set columns = feature_warehouse._log_columns(made.served, views, known) -%}
    {%- set outputs = columns.outputs -%}
    {%- set mistakes = feature_warehouse._option_mistakes(made.options, made.label_set)
        + feature_warehouse._logged_set_mistakes(made, columns) -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail(made.place, mistakes) }}
    {%- endif -%}
    {%- set rows = feature_warehouse._label_rows(made.label_set, made.options) -%}
    {%- set request = feature_warehouse._own_quoted(columns, 'request_id') -%}
    {%- set matched = ['labels.' ~ feature_warehouse._quote(made.on) ~ ' = served.' ~ request] -%}
    {%- if feature_warehouse._kind(made.label_set.types.get(made.on)) != 'text' -%}
        {%- set matched = [feature_warehouse._to_text('labels.' ~ feature_warehouse._quote(made.on)) ~ ' = served.' ~ request] -%}
    {%- endif -%}
    {%- set identity = [request] -%}
    {%- for key in columns['keys'] -%}
        {#- Of a key that is left out it is the place in the call that tells entities apart. -#}
        {%- do identity.append(
            feature_warehouse._own_quoted(columns, 'position') if key | lower in columns.personal
            else feature_warehouse._quote(key)
        ) -%}
        {%- if key in made.label_set.columns and key | lower not in columns.personal -%}
            {%- do matched.append(
                'labels.' ~ feature_warehouse._quote(key) ~ ' = served.' ~ feature_warehouse._quote(key)
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set conditions = [
        feature_warehouse._own_quoted(columns, 'fingerprint') ~ ' = '
        ~ feature_warehouse._text_literal(feature_warehouse._service_fingerprint(made.served))
    ] -%}
    {%- if made.options.get('as_of') is not none -%}
        {#- By when it was served, whatever instant it asked about: that is when its values were known. -#}
        {%- set served_at = feature_warehouse._own_quoted(columns, 'requested_at') -%}
        {%- do conditions.append(served_at ~ ' <= ' ~ feature_warehouse._instant(made.options.as_of)) -%}
    {%- endif -%}
    {%- set order = [] -%}
    {%- for role in ['requested_at', 'read_id', 'position'] -%}
        {%- do order.append(feature_warehouse._own_quoted(columns, role) ~ ' desc') -%}
    {%- endfor -%}
    {%- set choice = feature_warehouse._free_name('choice', known + columns['keys'] + outputs.keys() | list) -%}
    {%- set served -%}
served as (
    select
        *,
        {{ feature_warehouse._window('row_number()', identity, order, 8, ' as ' ~ choice) }}
    from {{ feature_warehouse._whole(log) }}
    where
        {{ conditions | join('\n        and ') }}
)
    {%- endset -%}
{{ feature_warehouse._with(rows.ctes + [served]) -}}
select
    labels.*
    {%- for name, type in outputs.items() %},
    {{ feature_warehouse._logged_value(
        name, type, source_node.columns[name].data_type if source_node and name in source_node.columns else none
    ) }}
    {%- endfor %}
from {{ rows.source }}
inner join served
    on
        {{ matched | join('\n        and ') }}
        and served.{{ choice }} = 1
{%- endmacro %}
