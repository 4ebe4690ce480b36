{#- What `feature-warehouse conformance` asks of dbt. A line of output that begins with `fwc:` is an answer in JSON. -#}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- The schema as it is named, without the target's before it. -#}
    {{ return(custom_schema_name or target.schema) }}
{%- endmacro %}


{% macro fwc_answer(value) -%}
    {%- do print('fwc:' ~ tojson(value)) -%}
{%- endmacro %}


{% macro fwc_engine_version() -%}
    {#- A query for the version of the warehouse; none where there is no such query. -#}
    {{ return(adapter.dispatch('fwc_engine_version', 'feature_warehouse_conformance')()) }}
{%- endmacro %}


{% macro default__fwc_engine_version() -%}
    {{ return('select version()') }}
{%- endmacro %}


{% macro snowflake__fwc_engine_version() -%}
    {{ return('select current_version()') }}
{%- endmacro %}


{% macro bigquery__fwc_engine_version() -%}
    {{ return(none) }}
{%- endmacro %}


{% macro fwc_database() -%}
    {#- None where the target knows none. -#}
    {{ return(target.database or none) }}
{%- endmacro %}


{% macro fwc_place(schema) -%}
    {{ return(api.Relation.create(database=feature_warehouse_conformance.fwc_database(), schema=schema).without_identifier()) }}
{%- endmacro %}


{% macro fwc_relations(schema) -%}
    {#- Names and kinds of all that is in the schema, views first, for they may read tables. -#}
    {%- if not adapter.check_schema_exists(feature_warehouse_conformance.fwc_database(), schema) -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set views = [] -%}
    {%- set others = [] -%}
    {%- for name, kind in adapter.dispatch('fwc_listed', 'feature_warehouse_conformance')(schema) -%}
        {%- do (views if kind == 'view' else others).append((name, kind)) -%}
    {%- endfor -%}
    {{ return(views + others) }}
{%- endmacro %}


{% macro default__fwc_listed(schema) -%}
    {%- set found = [] -%}
    {%- for row in list_relations_without_caching(feature_warehouse_conformance.fwc_place(schema)).rows -%}
        {%- do found.append((row[1], row[3] | lower)) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro spark__fwc_listed(schema) -%}
    {%- set place = feature_warehouse_conformance.fwc_place(schema) -%}
    {%- set views = run_query('show views in ' ~ place).rows | map(attribute=1) | list -%}
    {%- set found = [] -%}
    {%- for row in run_query('show tables in ' ~ place).rows if not row[2] -%}
        {#- Those that are temporary are of no schema. -#}
        {%- do found.append((row[1], 'view' if row[1] in views else 'table')) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro bigquery__fwc_listed(schema) -%}
    {%- set found = [] -%}
    {%- for row in run_query(
        'select table_name, table_type from ' ~ feature_warehouse_conformance.fwc_place(schema)
        ~ '.INFORMATION_SCHEMA.TABLES'
    ).rows -%}
        {%- do found.append((row[0], 'view' if row[1] == 'VIEW' else 'table')) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro fwc_is_ours(name, prefix) -%}
    {{ return((name | lower)[:prefix | length] == prefix) }}
{%- endmacro %}


{% macro fwc_remove(schema, relations, prefix) -%}
    {#- Drop the relations whose names begin with the prefix, last of all the one that says that they are ours. -#}
    {%- for is_marker in [false, true] -%}
        {%- for name, kind in relations if feature_warehouse_conformance.fwc_is_ours(name, prefix)
            and (name | lower == prefix ~ 'run') == is_marker -%}
            {%- do adapter.drop_relation(api.Relation.create(
                database=feature_warehouse_conformance.fwc_database(), schema=schema, identifier=name, type=kind
            )) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}


{% macro fwc_commit(sql) -%}
    {#- Run a last statement and commit what was done. A query of `run_query` opens no transaction for dbt. -#}
    {%- call statement('fwc_commit', auto_begin=true) -%}
        {{ sql }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
{%- endmacro %}


{% macro fwc_marker(schema, prefix) -%}
    {#- The table that says whose the schema is. -#}
    {{ return(api.Relation.create(
        database=feature_warehouse_conformance.fwc_database(), schema=schema, identifier=prefix ~ 'run', type='table'
    )) }}
{%- endmacro %}


{% macro fwc_begin(schema, prefix, run_id) -%}
    {#- Make the schema, or take one that is empty or holds nothing but what an earlier run has left. -#}
    {%- set made = namespace(schema=not adapter.check_schema_exists(feature_warehouse_conformance.fwc_database(), schema), marked=false) -%}
    {%- set relations = feature_warehouse_conformance.fwc_relations(schema) -%}
    {%- set ours = [] -%}
    {%- set foreign = [] -%}
    {%- for name, kind in relations -%}
        {%- do (ours if feature_warehouse_conformance.fwc_is_ours(name, prefix) else foreign).append(name) -%}
        {%- set made.marked = made.marked or name | lower == prefix ~ 'run' -%}
    {%- endfor -%}
    {%- set foreign = foreign if made.marked else foreign + ours -%}
    {%- set marker = feature_warehouse_conformance.fwc_marker(schema, prefix) -%}
    {%- if not foreign -%}
        {%- if made.marked -%}
            {%- set made.schema = run_query('select made_schema from ' ~ marker).rows[0][0] | string == '1' -%}
        {%- endif -%}
        {%- do feature_warehouse_conformance.fwc_remove(schema, relations, prefix) -%}
        {%- do adapter.create_schema(feature_warehouse_conformance.fwc_place(schema)) -%}
        {%- if not adapter.check_schema_exists(feature_warehouse_conformance.fwc_database(), schema) -%}
            {#- Nobody has looked into the one that is there. -#}
            {{ feature_warehouse._fail("schema '" ~ schema ~ "'", [
                'the warehouse has one whose name differs in upper and lower case; name another with --schema'
            ]) }}
        {%- endif -%}
        {%- do feature_warehouse_conformance.fwc_commit(
            'create table ' ~ marker ~ ' as select ' ~ feature_warehouse._text_literal(run_id) ~ ' as run_id, '
            ~ (1 if made.schema else 0) ~ ' as made_schema'
        ) -%}
    {%- endif -%}
    {%- set question = feature_warehouse_conformance.fwc_engine_version() -%}
    {%- do feature_warehouse_conformance.fwc_answer({
        'foreign': foreign,
        'removed': ours if not foreign else [],
        'dbt': dbt_version,
        'adapter': target.type,
        'engine': run_query(question).rows[0][0] | string if question else none,
        'no_growth': feature_warehouse_conformance.fwc_no_growth(),
        'has_lookups': feature_warehouse._can('index_lookup'),
        'has_zones': 'timestamp with time zone' in feature_warehouse._type_spellings().get('timestamptz', []),
        'types': {
            'bigint': dbt.type_bigint(),
            'integer': dbt.type_int(),
            'boolean': dbt.type_boolean(),
            'text': dbt.type_string(),
            'double': feature_warehouse._number_types().double,
            'timestamp': dbt.type_timestamp(),
        },
    }) -%}
{%- endmacro %}


{% macro fwc_no_growth() -%}
    {#- Why the warehouse has no incremental models; none if it has. -#}
    {{ return(
        feature_warehouse._unsupported({
            'name': 'grown', 'resource_type': 'model', 'config': {'materialized': 'incremental'}
        }) if feature_warehouse._unsupported is defined else none
    ) }}
{%- endmacro %}


{% macro fwc_read(schema, prefix, relations, run_id=none) -%}
    {#- The rows of relations as texts; `relations` maps their names to pairs of a column and its type. Then all is
        removed if the run is named. -#}
    {%- do feature_warehouse_conformance.fwc_answer({'run_id': run_query(
        'select run_id from ' ~ feature_warehouse_conformance.fwc_marker(schema, prefix)
    ).rows[0][0]}) -%}
    {%- for name, columns in relations.items() -%}
        {%- set texts = [] -%}
        {%- for column, type in columns -%}
            {%- do texts.append(feature_warehouse._as_text(feature_warehouse._quote(column), type)) -%}
        {%- endfor -%}
        {%- set found = run_query(
            'select ' ~ texts | join(', ') ~ ' from '
            ~ api.Relation.create(database=feature_warehouse_conformance.fwc_database(), schema=schema, identifier=name)
        ) -%}
        {%- set rows = [] -%}
        {%- for row in found.rows -%}
            {%- do rows.append(row.values() | list) -%}
        {%- endfor -%}
        {%- do feature_warehouse_conformance.fwc_answer({'relation': name, 'rows': rows}) -%}
    {%- endfor -%}
    {%- if run_id is not none -%}
        {%- do feature_warehouse_conformance.fwc_end(schema, prefix, run_id) -%}
    {%- endif -%}
{%- endmacro %}


{% macro fwc_end(schema, prefix, run_id) -%}
    {#- Remove all that is ours if the schema is this run's, and the schema if the run has made it and nobody else has
        put anything there. -#}
    {%- set relations = feature_warehouse_conformance.fwc_relations(schema) -%}
    {%- set names = relations | map(attribute=0) | map('lower') | list -%}
    {%- set found = namespace(is_ours=false, made_schema=false) -%}
    {%- if prefix ~ 'run' in names -%}
        {%- set noted = run_query(
            'select run_id, made_schema from ' ~ feature_warehouse_conformance.fwc_marker(schema, prefix)
        ).rows[0] -%}
        {%- set found.is_ours = noted[0] == run_id -%}
        {%- set found.made_schema = noted[1] | string == '1' -%}
    {%- endif -%}
    {%- set left = [] -%}
    {%- if found.is_ours -%}
        {%- do feature_warehouse_conformance.fwc_remove(schema, relations, prefix) -%}
        {%- do feature_warehouse_conformance.fwc_commit('select 1') -%}
        {%- for name, kind in feature_warehouse_conformance.fwc_relations(schema) -%}
            {%- do left.append(name) -%}
        {%- endfor -%}
        {%- if found.made_schema and not left -%}
            {%- do adapter.drop_schema(feature_warehouse_conformance.fwc_place(schema)) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do feature_warehouse_conformance.fwc_answer({
        'left': left,
        'is_empty': not relations and adapter.check_schema_exists(feature_warehouse_conformance.fwc_database(), schema),
    }) -%}
{%- endmacro %}
