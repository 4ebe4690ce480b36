{#- What expressions can name: columns of labels and views, and the instant of the request. -#}

{% macro _expression_context(place, label_set, views, computed) -%}
    {#- What expressions can name, and what is known while they are printed. -#}
    {%- set inputs = feature_warehouse._expression_inputs(label_set, views) -%}
    {%- set context = {
        'place': place, 'types': {}, 'columns': {}, 'elsewhere': inputs.elsewhere, 'steps': {}, 'kept': {},
        'taken': feature_warehouse._joined_columns(label_set, views) + computed.features | map(attribute='name') | list,
    } -%}
    {%- for name, column in inputs.columns.items() -%}
        {%- do context.types.update({name: column.type}) -%}
        {%- do context.columns.update({name: column}) -%}
    {%- endfor -%}
    {{ return(context) }}
{%- endmacro %}


{% macro _expression_inputs(label_set, views) -%}
    {#- The `columns` that expressions can name, and why they cannot name those `elsewhere`. -#}
    {%- set types = {} -%}
    {%- set elsewhere = {} -%}
    {%- for column in label_set.columns -%}
        {%- if column in (label_set.get('label'), label_set.get('known_at')) and column -%}
            {%- do elsewhere.update({
                column: "'" ~ column ~ "' is not known at the time of the request"
            }) -%}
        {%- elif column == label_set.timestamp -%}
            {%- do elsewhere.update({column: "the label's timestamp is request_time"}) -%}
        {%- else -%}
            {%- do types.update({column: label_set.types.get(column) or ''}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do types.update(feature_warehouse._view_outputs(views)) -%}
    {%- set columns = {} -%}
    {%- for name, data_type in types.items() -%}
        {%- if feature_warehouse._expression_type(data_type) is none -%}
            {%- do elsewhere.update({
                name: "'" ~ name ~ "' is of type " ~ (data_type or 'unknown') ~ ', which expressions do not take'
            }) -%}
        {%- else -%}
            {%- do columns.update({name: feature_warehouse._printed_column(name, data_type)}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do columns.update({'request_time': feature_warehouse._printed_column(
        label_set.timestamp, label_set.types.get(label_set.timestamp) or 'timestamp'
    )}) -%}
    {{ return({'columns': columns, 'elsewhere': elsewhere}) }}
{%- endmacro %}


{% macro _view_outputs(views) -%}
    {#- The columns that joined views add, in their order, with their types. -#}
    {%- set types = {} -%}
    {%- for view in views -%}
        {%- for feature, name in view.features.items() -%}
            {%- do types.update({name: view.types[feature]}) -%}
        {%- endfor -%}
        {%- if view.event_timestamp_as -%}
            {%- do types.update({view.event_timestamp_as: 'timestamp'}) -%}
        {%- endif -%}
        {%- if view.age_as -%}
            {%- do types.update({view.age_as: feature_warehouse._number_types().double}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro _joined_columns(label_set, views) -%}
    {#- The columns of a training set in their order, without on-demand features. -#}
    {%- set columns = (label_set.get('selected') or label_set.columns) | list
        + (label_set.get('added') or {}).keys() | list -%}
    {%- for view in views -%}
        {%- do columns.extend(view.features.values() | list + [view.event_timestamp_as, view.age_as] | select | list) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
