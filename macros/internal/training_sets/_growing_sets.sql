{#- Training sets that grow: a table gets the label rows that it does not have, each with its features. -#}

{% macro _label_delay(node, options) -%}
    {#- How long a label waits until it is joined; none where it does not wait, not even for its own time. -#}
    {%- set config = node.config -%}
    {%- set grows = config.materialized == 'incremental'
        and config.get('incremental_strategy') != 'microbatch' -%}
    {{ return(options.get('label_delay') or ('0 seconds' if grows else none)) }}
{%- endmacro %}


{% macro _built_set() -%}
    {#- The table that new labels are added to; none where all labels are joined. -#}
    {%- if feature_warehouse._is_batch() or not feature_warehouse._grows() -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(this) }}
{%- endmacro %}


{% macro _growing_set_mistakes(label_set, views, options, built, computed=none) -%}
    {#- Mistakes of a training set that grows. -#}
    {%- set mistakes = [] -%}
    {%- if options.get('knowledge') == 'event_time' -%}
        {%- do mistakes.append(
            "knowledge='event_time' lets a label see rows that come later, and rows that are built are"
            ~ " never joined again; materialize the training set as a table"
        ) -%}
    {%- endif -%}
    {%- if feature_warehouse._own_node().config.get('unique_key') -%}
        {%- do mistakes.append(
            'its unique_key would let new label rows replace old ones; remove it: no label row is'
            ~ ' added twice'
        ) -%}
    {%- endif -%}
    {%- for column, type in label_set.types.items() if feature_warehouse._comparable(column, type) != column -%}
        {%- do mistakes.append(
            "label column '" ~ column ~ "' is of type " ~ type ~ ', which cannot be compared to find'
            ~ ' new label rows; cast it, or materialize the training set as a table'
        ) -%}
    {%- endfor -%}
    {{ return(mistakes + feature_warehouse._changed_set(label_set, views, built, computed)) }}
{%- endmacro %}


{% macro _changed_set(label_set, views, built, computed=none) -%}
    {#- The mistake of growing a table by other columns than it has. -#}
    {%- if built is none or built is string -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set types = {} -%}
    {%- for column in label_set.columns + (label_set.get('added') or {}) | list -%}
        {%- do types.update({column: label_set.types.get(column)}) -%}
    {%- endfor -%}
    {%- for view in views -%}
        {%- for feature, name in view.features.items() -%}
            {%- do types.update({name: view.types[feature]}) -%}
        {%- endfor -%}
        {%- for name in [view.event_timestamp_as, view.age_as] if name -%}
            {%- do types.update({name: none}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set computed = computed or {'features': [], 'hidden': []} -%}
    {%- for feature in computed.features -%}
        {%- do types.update({feature.name: none}) -%}
    {%- endfor -%}
    {%- set shown = {} -%}
    {%- for name in types if name not in computed.hidden -%}
        {%- do shown.update({name: types[name]}) -%}
    {%- endfor -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(built) -%}
        {%- do columns.append(column.name) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._changed_columns(shown, columns) if columns else []) }}
{%- endmacro %}
