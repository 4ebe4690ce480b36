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
    {%- set filter = none if source is string else source.event_time_filter -%}
    {%- if filter and filter.field_name | replace('"', '') != name -%}
        {{ return([
            "its batches go by '" ~ name ~ "' and those of its source by '" ~ filter.field_name
            ~ "', so that rows would be lost; set event_time to the same column in both"
        ]) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}


{% macro _batch_conditions(types) -%}
    {#- The condition is dbt's own, once more: dbt puts it only into inputs that have an event_time. -#}
    {%- if not model.get('batch') -%}
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
