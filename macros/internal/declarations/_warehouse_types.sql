{#- Declared types that nothing enforces, held against those of the warehouse. -#}

{% macro _asks_for_types() -%}
    {#- Only what builds a model has what it reads at hand for certain. -#}
    {{ return(flags.WHICH in ('build', 'run') and not feature_warehouse._is_unit_test()) }}
{%- endmacro %}


{% macro _with_types(view) -%}
    {#- A view with all its types: what nobody has given, its relation has while a model is built. -#}
    {%- set types = {} -%}
    {%- if execute and feature_warehouse._asks_for_types() and view.relation is not string -%}
        {%- do types.update(feature_warehouse._column_types(view.relation)) -%}
    {%- endif -%}
    {%- do types.update(view.get('types') or {}) -%}
    {{ return(dict(view, types=types)) }}
{%- endmacro %}


{% macro _refuse_untrue_types(view) -%}
    {#- Of a seed or snapshot, which dbt holds to no contract, where it is about to be read. What `compile --inline` is
        given has one name in dbt 1 and another in dbt 2, and nothing else tells it apart in both. -#}
    {%- set asked = flags.WHICH in ('build', 'run', 'test', 'show')
        or model is defined and model.name in ('inline_query', 'inline') -%}
    {%- if view.get('is_held_to_types', true) or not asked or view.relation is string
        or feature_warehouse._is_unit_test() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set relation = view.relation -%}
    {%- if adapter.get_relation(
        database=relation.database, schema=relation.schema, identifier=relation.identifier
    ) -%}
        {%- set mistakes = feature_warehouse._other_types(
            relation.render(), view.types
        ) -%}
        {%- if mistakes -%}
            {{ feature_warehouse._fail("feature view '" ~ view.name ~ "'", mistakes) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro _other_types(relation, declared) -%}
    {#- A mistake for each column of a table or view that has not the type it is declared with. -#}
    {%- set mistakes = [] -%}
    {%- set digits = {} -%}
    {%- for name, type in declared.items() -%}
        {%- do digits.update({name: feature_warehouse._digits(type)}) -%}
    {%- endfor -%}
    {%- for name, type, actual in feature_warehouse._types_of(relation, declared, digits) -%}
        {%- if actual is none -%}
            {%- do mistakes.append("column '" ~ name ~ "' is not in " ~ relation ~ '; declare a column that it has') -%}
        {%- elif type != actual -%}
            {%- do mistakes.append(
                "column '" ~ name ~ "' of " ~ relation ~ ' is declared as ' ~ declared[name] ~ ' and is '
                ~ actual ~ '; declare it as ' ~ actual
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
