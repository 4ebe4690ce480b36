{#- The types of a window view's features, which follow from those of the events. Only an enforced contract
    holds events to their declared types; without one the warehouse is asked before they are used. -#}

{% macro _event_types(node, name=none) -%}
    {#- The one model, seed, snapshot or source that a window view reads, with its declared types, and those
        of them that the warehouse is held to. -#}
    {%- set found = [] -%}
    {%- for id in node.depends_on.nodes -%}
        {%- set upstream = feature_warehouse._node_of(id) -%}
        {%- if upstream and (name is none or upstream.name == name) -%}
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
        {{ return('double precision') }}
    {%- endif -%}
    {{ return(feature_warehouse._sum_type(type) if function == 'sum' else type) }}
{%- endmacro %}


{% macro _number_class(type) -%}
    {#- How a type adds up: exactly (`small` if its squares do as well), as a double, or not at all. -#}
    {%- set name = modules.re.sub('\\s*\\(.*', '', type or '') | lower | trim -%}
    {%- if (type or '').endswith(']') -%}
        {{ return(none) }}
    {%- elif name in (
        'smallint', 'integer', 'int', 'int2', 'int4', 'tinyint', 'short', 'utinyint', 'usmallint', 'uinteger'
    ) -%}
        {{ return('small') }}
    {%- elif name in ('bigint', 'int8', 'long', 'ubigint', 'hugeint', 'uhugeint', 'numeric', 'decimal') -%}
        {{ return('exact') }}
    {%- elif name in ('double precision', 'double', 'float8', 'real', 'float4', 'float') -%}
        {{ return('double') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _digits(type) -%}
    {#- All digits of a decimal and those after the point, none for another type or one without limits. -#}
    {%- set found = modules.re.fullmatch(
        '\\s*(numeric|decimal)\\s*(\\(\\s*(\\d+)\\s*(?:,\\s*(\\d+)\\s*)?\\))?\\s*', (type or '') | lower
    ) -%}
    {%- if found and found.group(2) -%}
        {{ return((found.group(3) | int, (found.group(4) or 0) | int)) }}
    {%- endif -%}
    {{ return(adapter.dispatch('_digits_of_numeric', 'feature_warehouse')() if found else none) }}
{%- endmacro %}


{% macro default___digits_of_numeric() -%}
    {{ return(none) }}
{%- endmacro %}


{% macro duckdb___digits_of_numeric() -%}
    {{ return((18, 3)) }}
{%- endmacro %}


{% macro _sum_type(type) -%}
    {%- set class = feature_warehouse._number_class(type) -%}
    {%- set digits = feature_warehouse._digits(type) -%}
    {%- if class == 'small' -%}
        {{ return('bigint') }}
    {%- elif class == 'double' -%}
        {{ return('double precision') }}
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
