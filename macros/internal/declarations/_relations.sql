{#- Which relation stands for a model in this run, and how it stands in a query. -#}

{% macro _ref(name) -%}
    {#- ref(). A unit test has the models only that it gives rows for. dbt 2, which shows what is `given`,
        says so itself; of another one dbt 1 says no more than that there is no node of that name. -#}
    {%- set split = feature_warehouse._split_name(name) -%}
    {%- if execute and feature_warehouse._is_unit_test() and not model.get('given') -%}
        {%- set given = [] -%}
        {%- for id in model.depends_on.nodes -%}
            {%- do given.append(id.split('.')[2]) -%}
        {%- endfor -%}
        {%- if split.base not in given -%}
            {%- set node = feature_warehouse._nodes(name) | first -%}
            {%- set call = "ref('" ~ split.base ~ "'"
                ~ (', v=' ~ split.version if split.version is not none) ~ ')' -%}
            {{ exceptions.raise_compiler_error(
                "feature_warehouse: unit test '" ~ model.name ~ "' gives no rows for '" ~ name ~ "', which '"
                ~ feature_warehouse._own_node().name ~ "' reads; add `- {input: " ~ call
                ~ ", rows: []}` under its `given`"
                ~ (', with its rows of ' ~ node.columns | join(', ') ~ ' if it is to have some' if node.columns)
            ) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(ref(name) if split.version is none else ref(split.base, v=split.version)) }}
{%- endmacro %}


{% macro _whole(relation, named=true) -%}
    {#- What stands after `from`, by default with a name where one is needed. Features are never batched or
        sampled: the row that a label needs may be older than the batch to which dbt cuts every relation that
        has an `event_time`. -#}
    {%- if relation is string or not feature_warehouse._is_empty() -%}
        {{ return(relation if relation is string else relation.render()) }}
    {%- endif -%}
    {{ return(
        '(select * from ' ~ relation.render() ~ ' where false limit 0)' ~ (' as no_rows' if named else '')
    ) }}
{%- endmacro %}


{% macro _unnamed(relation) -%}
    {#- A relation to which a query gives a name: what a batch or a sample makes of it has one of dbt 1's
        already, and PostgreSQL takes no two. -#}
    {%- if relation is string or feature_warehouse._is_empty() -%}
        {{ return(feature_warehouse._whole(relation, named=false)) }}
    {%- endif -%}
    {{ return((relation.replace(require_alias=false) if relation.require_alias else relation) ~ '') }}
{%- endmacro %}


{% macro _is_empty() -%}
    {#- Whether `--empty` leaves out all rows, which are not those that a unit test gives. -#}
    {{ return(flags.EMPTY and not feature_warehouse._is_unit_test()) }}
{%- endmacro %}


{% macro _skip_if_empty(spec) -%}
    {#- The view of a join as a whole table, with a condition that leaves out all rows under `--empty`. -#}
    {%- if spec.relation is not string -%}
        {%- if feature_warehouse._is_empty() -%}
            {%- do spec.filters.append('false') -%}
        {%- endif -%}
        {%- do spec.update({'relation': spec.relation.render()}) -%}
    {%- endif -%}
{%- endmacro %}


{% macro _built_relation(name) -%}
    {#- What ref() of a model gives that comes before in the lineage, though this node does not refer to
        it: a training set does, and what follows one reads what it reads. -#}
    {%- if feature_warehouse._is_unit_test() -%}
        {{ return(feature_warehouse._ref(name)) }}
    {%- endif -%}
    {%- set node = feature_warehouse._model_node(name) -%}
    {%- if node is none or node.relation_name is none -%}
        {{ exceptions.raise_compiler_error(
            "feature_warehouse: model '" ~ name ~ "' has no table or view of its own, which is needed"
            ~ ' here; give it another materialization than ephemeral'
        ) }}
    {%- endif -%}
    {{ return(feature_warehouse._relation_of(node)) }}
{%- endmacro %}


{% macro _built_labels(name) -%}
    {#- Labels may be sampled, as ref() samples them. -#}
    {%- set node = feature_warehouse._model_node(name) -%}
    {%- set sample = feature_warehouse._sample_of(node) -%}
    {%- if sample is none -%}
        {{ return(feature_warehouse._built_relation(name)) }}
    {%- endif -%}
    {%- set place = feature_warehouse._relation_of(node) -%}
    {{ return(api.Relation.create(
        database=place.database, schema=place.schema, identifier=place.identifier,
        event_time_filter=sample,
    )) }}
{%- endmacro %}


{% macro _sample_of(node) -%}
    {#- To what `--sample` cuts a node; none where it does not. -#}
    {%- set sample = invocation_args_dict.get('sample') -%}
    {%- if not sample or not node or not node.config.event_time -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return({
        'field_name': feature_warehouse._quote(node.config.event_time),
        'start': sample.start.isoformat(),
        'end': sample.end.isoformat(),
    }) }}
{%- endmacro %}


{% macro _relation_of(node) -%}
    {#- The relation that stands for a node in this run, deferred or not. -#}
    {%- set place = node.defer_relation if feature_warehouse._is_deferred(node) else node -%}
    {{ return(api.Relation.create(
        database=place.database,
        schema=place.schema,
        identifier=place.alias or place.identifier,
    )) }}
{%- endmacro %}


{#- As ref() decides it: https://docs.getdbt.com/reference/node-selection/defer -#}
{% macro _is_deferred(node) -%}
    {%- if not node.defer_relation or not invocation_args_dict.get('defer') -%}
        {{ return(false) }}
    {%- endif -%}
    {%- if invocation_args_dict.get('favor_state') and node.unique_id not in selected_resources -%}
        {{ return(true) }}
    {%- endif -%}
    {{ return(adapter.get_relation(
        database=node.database, schema=node.schema, identifier=node.alias
    ) is none) }}
{%- endmacro %}
