{#- Declared types that nothing enforces, held against those of the warehouse. -#}

{% macro _asks_for_types() -%}
    {#- Only what builds a model has what it reads at hand for certain. -#}
    {{ return(flags.WHICH in ('build', 'run') and not feature_warehouse._is_unit_test()) }}
{%- endmacro %}


{% macro _refuse_untrue_types(view) -%}
    {#- Of a seed or snapshot, which dbt holds to no contract, where it is about to be read. -#}
    {%- set asked = flags.WHICH in ('build', 'run', 'test', 'show')
        or model is defined and model.resource_type == 'sql_operation' -%}
    {%- if view.get('is_held_to_types', true) or not asked or view.relation is string
        or feature_warehouse._is_unit_test() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set relation = view.relation -%}
    {%- if adapter.get_relation(
        database=relation.database, schema=relation.schema, identifier=relation.identifier
    ) -%}
        {%- set mistakes = feature_warehouse._other_types(
            relation.replace(limit=none, event_time_filter=none).render(), view.types
        ) -%}
        {%- if mistakes -%}
            {{ feature_warehouse._fail("feature view '" ~ view.name ~ "'", mistakes) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro _other_types(relation, declared) -%}
    {#- A mistake for each column of a table or view that has not the type it is declared with. -#}
    {%- set mistakes = [] -%}
    {%- for name, type, actual in adapter.dispatch('_types_of', 'feature_warehouse')(relation, declared) -%}
        {%- if actual is none -%}
            {%- do mistakes.append("column '" ~ name ~ "' is not in " ~ relation ~ '; declare what it has') -%}
        {%- elif type != actual -%}
            {%- do mistakes.append(
                "column '" ~ name ~ "' of " ~ relation ~ ' is declared as ' ~ declared[name] ~ ' and is '
                ~ actual ~ '; declare it as ' ~ actual
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}


{#- Both types as the warehouse calls them; of sizes only the digits of decimals change a value. -#}
{% macro default___types_of(relation, declared) -%}
    {%- set rows = [] -%}
    {%- for name, type in declared.items() -%}
        {%- do rows.append(
            '(' ~ feature_warehouse._text_literal(name) ~ ', ' ~ feature_warehouse._text_literal(type) ~ ')'
        ) -%}
    {%- endfor -%}
    {%- set found = run_query(
        'select declared.name, format_type(cast(to_regtype(declared.type) as oid), null),'
        ~ ' format_type(atttypid, atttypmod), format_type(atttypid, null)'
        ~ ' from (values ' ~ rows | join(', ') ~ ') as declared (name, type)'
        ~ ' left join pg_attribute on attnum > 0 and not attisdropped and attname = declared.name'
        ~ ' and attrelid = cast(' ~ feature_warehouse._text_literal(relation | string) ~ ' as regclass)'
    ) -%}
    {%- set types = [] -%}
    {%- for name, type, actual, kind in found.rows -%}
        {%- set digits = feature_warehouse._digits(declared[name]) -%}
        {%- set type = 'numeric(' ~ digits | join(',') ~ ')' if digits and type == 'numeric' else type -%}
        {%- do types.append((name, type, actual if kind == 'numeric' else kind)) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro duckdb___types_of(relation, declared) -%}
    {%- set actual = {} -%}
    {%- for name, type in run_query('select column_name, column_type from (describe select * from ' ~ relation ~ ')').rows -%}
        {%- do actual.update({name | lower: type}) -%}
    {%- endfor -%}
    {%- set casts = [] -%}
    {%- for type in declared.values() -%}
        {%- do casts.append('typeof(cast(null as ' ~ type ~ '))') -%}
    {%- endfor -%}
    {%- set types = [] -%}
    {%- for name, type in dict(zip(declared, run_query('select ' ~ casts | join(', ')).rows[0])).items() -%}
        {%- do types.append((name, type, actual.get(name | lower))) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}
