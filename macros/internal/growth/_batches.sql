{#- dbt's microbatches: what a model builds in one run is cut by its `event_time`. -#}

{% macro _batch_mistakes(columns, source) -%}
    {#- `columns` are those that the source is known to have, none where they are not declared. -#}
    {%- set name = feature_warehouse._own_node().config.get('event_time') -%}
    {%- if columns and name not in columns -%}
        {{ return([
            "event_time '" ~ name ~ "' is not a declared column; batches go by one of "
            ~ columns | join(', ')
        ]) }}
    {%- endif -%}
    {%- for id in ([] if source is string else feature_warehouse._own_node().depends_on.nodes) -%}
        {%- set node = feature_warehouse._node_of(id) -%}
        {%- set other = node.config.event_time -%}
        {%- if other and other != name and source.identifier in (node.alias, node.identifier) -%}
            {{ return([
                "its batches go by '" ~ name ~ "' and those of its source by '" ~ other
                ~ "', so that rows would be lost; set event_time to the same column in both"
            ]) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return([]) }}
{%- endmacro %}


{% macro _is_batch() -%}
    {#- Whether one of dbt's batches is being built; dbt 2 has one without an id for every model. -#}
    {{ return(((model.get('batch') or {}).get('id') or '') != '') }}
{%- endmacro %}


{% macro _batch_conditions(types) -%}
    {#- The condition is dbt's own, once more: dbt puts it only into inputs that have an event_time. -#}
    {%- if not feature_warehouse._is_batch() -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set name = config.get('event_time') -%}
    {%- set at = feature_warehouse._utc(feature_warehouse._quote(name), types.get(name)) -%}
    {{ return([
        at ~ ' >= ' ~ feature_warehouse._instant(model.batch.event_time_start),
        at ~ ' < ' ~ feature_warehouse._instant(model.batch.event_time_end),
    ]) }}
{%- endmacro %}


{% macro _label_batch_mistakes(label_set, relation) -%}
    {#- Mistakes of a training set that is built by microbatches. -#}
    {%- set mistakes = feature_warehouse._batch_mistakes(label_set.columns, relation) -%}
    {%- set key = config.get('unique_key') -%}
    {%- set name = config.get('event_time') -%}
    {%- if key and name not in ([key] if key is string else key) -%}
        {%- do mistakes.append(
            "its unique_key lacks its event_time '" ~ name ~ "', so that label rows of one batch would"
            ~ ' replace those of another; list all columns that tell label rows apart'
        ) -%}
    {%- endif -%}
    {%- if mistakes -%}
        {#- dbt itself says what is wrong with a batch to its log file only. -#}
        {%- do log(model.name ~ ': ' ~ mistakes | join('; '), info=true) -%}
    {%- endif -%}
    {{ return(mistakes) }}
{%- endmacro %}
