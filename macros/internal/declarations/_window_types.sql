{#- The types of a window view's features, which follow from those of the events. Only an enforced contract
    holds events to their declared types; without one the warehouse is asked before they are used. -#}

{% macro _event_types(node, name=none) -%}
    {#- The one model, seed, snapshot or source that a window view reads, with its declared types, and those
        of them that the warehouse is held to. -#}
    {%- set found = [] -%}
    {%- for id in node.depends_on.nodes -%}
        {%- set upstream = feature_warehouse._node_of(id) -%}
        {%- if upstream and (name is none or name in (upstream.name, feature_warehouse._full_name(upstream))) -%}
            {%- do found.append(upstream) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set upstream = found[0] if found | length == 1 else none -%}
    {%- set types = {} -%}
    {%- for column in (upstream.columns.values() if upstream else []) -%}
        {%- do types.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {{ return({
        'node': upstream,
        'declared': types,
        'enforced': types if upstream and feature_warehouse._enforces_types(upstream) else {},
    }) }}
{%- endmacro %}


{% macro _enforces_types(node) -%}
    {#- Whether dbt holds a node to its declared types. -#}
    {{ return(
        node.resource_type == 'model'
        and node.config.contract.enforced
        and node.config.materialized in ('table', 'view', 'incremental')
    ) }}
{%- endmacro %}


{% macro _untrue_types(view, relation) -%}
    {#- Mistakes: declared types that this view relies on, that no contract enforces, and that are not those of
        the events. -#}
    {%- set events = feature_warehouse._event_types(feature_warehouse._own_node(), view.events) -%}
    {%- if events.enforced or not feature_warehouse._asks_for_types() -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set names = view.join_keys.values() | list -%}
    {%- for feature in view.features if feature.aggregate.type is none
        and feature.aggregate.function not in ('count', 'count_distinct', 'share') -%}
        {%- do names.append(feature.aggregate.column) -%}
    {%- endfor -%}
    {%- set relied_on = {} -%}
    {%- for name in names if events.declared.get(name) -%}
        {%- do relied_on.update({name: events.declared[name]}) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._other_types(relation.render(), relied_on) if relied_on else []) }}
{%- endmacro %}


{% macro _aggregate_type(function, type) -%}
    {#- The type of a feature, given that of what it is computed from; none if it is not known. -#}
    {%- if function in ('count', 'count_distinct') -%}
        {{ return('bigint') }}
    {%- elif function in ('avg', 'stddev', 'share') -%}
        {{ return(feature_warehouse._number_types().double) }}
    {%- elif function == 'sum' -%}
        {{ return(feature_warehouse._sum_type(type)) }}
    {%- elif function in ('min', 'max', 'first', 'last') -%}
        {{ return(type) }}
    {%- endif -%}
    {{ feature_warehouse._fail('window_features()', ["the aggregate '" ~ function ~ "' has no type"]) }}
{%- endmacro %}


{% macro _sum_type(type) -%}
    {#- The type of a sum, the same on every warehouse. -#}
    {%- set class = feature_warehouse._number_class(type) -%}
    {%- set digits = feature_warehouse._digits(type) -%}
    {%- if class == 'small' -%}
        {{ return('bigint') }}
    {%- elif class == 'double' -%}
        {{ return(feature_warehouse._number_types().double) }}
    {%- elif digits -%}
        {{ return('numeric(38,' ~ digits[1] ~ ')') }}
    {%- elif class == 'exact' and type | lower | trim not in ('numeric', 'decimal') -%}
        {{ return('numeric(38,0)') }}
    {%- endif -%}
    {{ return(type) }}
{%- endmacro %}


{% macro _may_overflow(type) -%}
    {#- Whether the 38 digits of a sum may not be enough for ten billion values. -#}
    {%- set digits = feature_warehouse._digits(type) -%}
    {{ return(
        digits[0] > 28 if digits
        else modules.re.fullmatch('u?hugeint', (type or '') | lower | trim) is not none
    ) }}
{%- endmacro %}
