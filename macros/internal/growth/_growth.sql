{#- A feature view that only grows: the rows that are new to it. -#}

{% macro _given_rows(rows) -%}
    {#- What stands after `from`: a relation as it is, for dbt may have put a batch's condition into
        it; a model by its name; or a query. -#}
    {%- if rows is string and modules.re.search('\\s', rows | trim) -%}
        {{ return('(\n' ~ feature_warehouse._indented(rows.strip('\n'), 4) ~ '\n) as given_rows') }}
    {%- endif -%}
    {{ return(feature_warehouse._ref(rows | trim) if rows is string else rows) }}
{%- endmacro %}


{% macro _grows() -%}
    {#- Whether rows are added to the table that is there. Only an incremental model asks: to find its table, dbt
        opens a connection. -#}
    {{ return(
        this is not none and feature_warehouse._own_node().config.materialized == 'incremental'
        and is_incremental()
    ) }}
{%- endmacro %}


{% macro _append_only(source, stamp, lookback) -%}
    {#- The SQL of `append_only`; all its mistakes are reported at once. -#}
    {%- set view = feature_warehouse._own_view() -%}
    {%- set grows = feature_warehouse._grows() -%}
    {%- set built = [] -%}
    {%- if grows and this is not string -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {%- do built.append(column.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._append_only_mistakes(view, source, stamp, lookback, built) -%}
    {%- if mistakes and feature_warehouse._is_batch() -%}
        {#- dbt itself says what is wrong with a batch to its log file only. -#}
        {%- do log(model.name ~ ': ' ~ mistakes | join('; '), info=true) -%}
    {%- endif -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail("feature view '" ~ model.name ~ "'", mistakes) }}
    {%- endif -%}
    {%- if feature_warehouse._own_node().config.get('incremental_strategy') == 'microbatch' -%}
        {{ return(feature_warehouse._rows_of_batch(view, source, grows)) }}
    {%- endif -%}
    {#- A sample would hide for ever what was loaded before it. -#}
    {%- set rows = feature_warehouse._whole(source) -%}
    {%- if stamp -%}
        {{ return(feature_warehouse._stamped_rows(view, rows, grows, built)) }}
    {%- endif -%}
    {{ return(feature_warehouse._loaded_rows(view, rows, grows, lookback)) }}
{%- endmacro %}


{% macro _append_only_mistakes(view, source, stamp, lookback, built) -%}
    {#- Mistakes of the arguments of `append_only` and of the model around it. -#}
    {%- set mistakes = [] -%}
    {%- set created = view.get('created_timestamp') -%}
    {%- set own = feature_warehouse._own_node().config -%}
    {%- set batches = own.get('incremental_strategy') == 'microbatch' -%}
    {%- if stamp and not created -%}
        {%- do mistakes.append(
            'stamp=true has no column to write to; declare a created_timestamp'
        ) -%}
    {%- elif stamp -%}
        {%- set type = view.types[created] | lower | trim -%}
        {%- if not modules.re.fullmatch('timestamp(tz| with(out)? time zone)?', type) -%}
            {%- do mistakes.append(
                "created_timestamp '" ~ created ~ "' is of type " ~ type ~ '; to be stamped it must be'
                ~ ' timestamp or timestamptz'
            ) -%}
        {%- endif -%}
    {%- elif not created and not batches -%}
        {%- do mistakes.append(
            'without a created_timestamp nothing says which rows are new; declare the load time, let'
            ~ ' stamp=true write it, or use incremental_strategy microbatch'
        ) -%}
    {%- endif -%}
    {%- if stamp and own.get('full_refresh') is not false -%}
        {%- do mistakes.append(
            'with stamp=true a rebuild would give all rows a new load time; set full_refresh: false in'
            ~ " the model's config"
        ) -%}
    {%- endif -%}
    {%- if stamp and batches -%}
        {%- do mistakes.append(
            'stamp=true cannot go by batches, which may run in any order; remove one of them'
        ) -%}
    {%- endif -%}
    {%- if lookback is not none and (stamp or batches) -%}
        {%- do mistakes.append(
            'lookback is for load times of the source, not for '
            ~ ('stamp=true, which compares all rows; remove it' if stamp
                else "batches; set dbt's own config of that name, a number of batches")
        ) -%}
    {%- elif lookback is not none and feature_warehouse._microseconds(lookback) is none -%}
        {%- do mistakes.append(
            "lookback '" ~ lookback ~ "' is not a fixed length of time; write one such as '90 minutes'"
        ) -%}
    {%- endif -%}
    {%- if batches -%}
        {%- do mistakes.extend(feature_warehouse._batch_mistakes(view.types.keys() | list, source)) -%}
    {%- endif -%}
    {{ return(mistakes + (
        feature_warehouse._changed_columns(view.types, built) if built and not stamp else []
    )) }}
{%- endmacro %}


{% macro _changed_columns(types, built) -%}
    {#- What a model makes now and its table has not. dbt's `on_schema_change: fail` says so only after the
        warehouse has failed to find a new column, and in dbt 2 stops every second build on DuckDB:
        https://github.com/dbt-labs/dbt-core/issues/16353 -#}
    {%- set declared = types.keys() | map('lower') | list -%}
    {%- set built = built | map('lower') | list -%}
    {%- set changes = [] -%}
    {%- for column in declared if column not in built -%}
        {%- do changes.append("'" ~ column ~ "' is new") -%}
    {%- endfor -%}
    {%- for column in built if column not in declared -%}
        {%- do changes.append("'" ~ column ~ "' is gone") -%}
    {%- endfor -%}
    {%- if not changes -%}
        {%- set known = {} -%}
        {%- set digits = {} -%}
        {%- for column, type in types.items() if type -%}
            {%- do known.update({column: type}) -%}
            {%- do digits.update({column: feature_warehouse._digits(type)}) -%}
        {%- endfor -%}
        {%- for column, type, actual in feature_warehouse._types_of(this.render(), known, digits) -%}
            {%- if type != actual -%}
                {%- do changes.append("'" ~ column ~ "' is " ~ type ~ ' and was ' ~ actual) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return([] if not changes else [
        'its columns are not those of its table (' ~ changes | join(', ') ~ '); build it once with'
        ~ ' --full-refresh, or alter the table where the source has lost its history'
    ]) }}
{%- endmacro %}


{% macro _loaded_rows(view, source, grows, lookback) -%}
    {#- The rows that were loaded since the last build. -#}
    {%- set created = feature_warehouse._quote(view.created_timestamp) -%}
    {%- set known = feature_warehouse._utc(created, view.types[view.created_timestamp]) -%}
    {%- set length = 0 if lookback is none else feature_warehouse._microseconds(lookback) -%}
    {%- if not grows -%}
        {{ return(feature_warehouse._columns_from(view, source, distinct=true)) }}
    {%- endif -%}
    {%- set conditions = [
        created ~ ' >= (select watermark.loaded_until from watermark)\n    or ' ~ created ~ ' is null',
    ] -%}
{#- A load time in the future must not hide what is loaded until then. -#}
with watermark as (
    select
        coalesce(
            max({{ created }}){{ ' - ' ~ feature_warehouse._interval(length) if length else '' }},
            {{ feature_warehouse._before_all() }}
        ) as loaded_until
    from {{ this }}
    where
        {{ known }} <= {{ feature_warehouse._now() }}
)

{{ feature_warehouse._columns_from(view, source, conditions) }}
except
{{ feature_warehouse._columns_from(view, this, conditions) }}
{%- endmacro %}


{% macro _rows_of_batch(view, source, grows) -%}
    {#- The rows of one of dbt's batches. -#}
    {%- set conditions = feature_warehouse._batch_conditions(view.types) -%}
{{ feature_warehouse._columns_from(view, source, conditions, distinct=not grows) }}
{%- if grows %}
except
{{ feature_warehouse._columns_from(view, this, conditions) }}
{%- endif -%}
{%- endmacro %}


{% macro _columns_from(view, relation, conditions=[], distinct=false) -%}
    {#- The declared columns of a relation, of some of its rows. -#}
select{{ ' distinct' if distinct else '' }}
    {%- for column in view.types %}
    {{ feature_warehouse._quote(column) }}{{ ',' if not loop.last else '' }}
    {%- endfor %}
from {{ relation }}
{%- for condition in conditions %}
{{ ('where\n    ' if loop.first else '    and ') ~ condition }}
{%- endfor -%}
{%- endmacro %}


{% macro _own_view() -%}
    {#- The declaration of the feature view that is being built. -#}
    {%- set node = feature_warehouse._own_node() -%}
    {%- if not feature_warehouse._declared(node, 'feature_view') -%}
        {{ feature_warehouse._fail("model '" ~ node.name ~ "'", [
            'it is not a feature view; declare meta.feature_view with join_keys and event_timestamp'
        ]) }}
    {%- endif -%}
    {{ return(feature_warehouse._feature_view(node)) }}
{%- endmacro %}
