{#- What a dbt snapshot that is a feature view itself would leak, or serve for ever. The registry of the Python
    package says the same, in the same words. -#}

{% macro _snapshot_view_mistakes(node) -%}
    {#- Why a snapshot may not be the feature view that its block makes it. -#}
    {%- set block = (node.config.meta or {}).get('feature_view') -%}
    {%- if block is not mapping -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set mistakes = [] -%}
    {%- if node.config.get('hard_deletes') in ('invalidate', 'new_record')
        or node.config.get('invalidate_hard_deletes') -%}
        {%- do mistakes.append(
            'a snapshot that tracks deletions cannot be a feature view, because it would serve deleted rows'
            ~ " without end; make a model with snapshot_rows('" ~ node.name ~ "'), and give that the block"
        ) -%}
    {%- endif -%}
    {%- set names = feature_warehouse._snapshot_names(node) -%}
    {%- set keeps_time = feature_warehouse._keeps_its_time(node) -%}
    {%- if block.get('created_timestamp') -%}
        {%- do mistakes.extend(feature_warehouse._unseen_rows(node, block.created_timestamp)) -%}
    {%- elif not keeps_time or block.get('event_timestamp') | string | lower not in (
        names.dbt_valid_from | lower, names.dbt_updated_at | lower
    ) -%}
        {%- do mistakes.append(
            'without a created_timestamp its rows count from before the snapshot saw them; '
            ~ ('declare ' ~ names.dbt_valid_from ~ ', which is when it did' if keeps_time
                else 'let the snapshot select its time, and declare that column')
        ) -%}
    {%- endif -%}
    {%- set keys = block.get('join_keys') -%}
    {%- set is_list = keys is iterable and keys is not string and keys is not mapping -%}
    {%- do mistakes.extend(feature_warehouse._rewritten_column(
        node, block, keys if is_list else [], names.dbt_valid_to
    )) -%}
    {%- if is_list -%}
        {%- do mistakes.extend(feature_warehouse._other_keys(node, keys, node.columns)) -%}
    {%- endif -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _snapshot_names(node) -%}
    {#- dbt's own columns by their names in this snapshot. -#}
    {%- set renamed = node.config.get('snapshot_meta_column_names') or {} -%}
    {%- set names = {} -%}
    {%- for name in ['dbt_valid_from', 'dbt_valid_to', 'dbt_updated_at'] -%}
        {%- do names.update({name: renamed.get(name) or name}) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{% macro _keeps_its_time(node) -%}
    {#- Whether dbt writes the time of the snapshot, not that of the row. -#}
    {{ return(node.config.strategy == 'check' and not node.config.updated_at) }}
{%- endmacro %}


{% macro _local_time_mistakes(node, column) -%}
    {#- dbt writes its own time as the clock of its session shows it, and what has no zone is read as UTC. -#}
    {%- set names = feature_warehouse._snapshot_names(node) -%}
    {%- if not feature_warehouse._keeps_its_time(node)
        or column | lower not in (names.dbt_valid_from | lower, names.dbt_updated_at | lower) -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set zone = run_query("select current_setting('TimeZone')").rows[0][0] -%}
    {%- if zone | lower in ('utc', 'etc/utc', 'gmt', 'etc/gmt', 'uct', 'etc/uct', 'zulu', 'etc/zulu') -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return([
        "dbt writes '" ~ column ~ "' in the time zone of its session, which is " ~ zone ~ ', and it is read as'
        ~ ' UTC; set the time zone to UTC in the profile or for the role'
    ]) }}
{%- endmacro %}


{% macro _unseen_rows(node, created) -%}
    {#- Rows that would count from before the snapshot saw them, or anew in each run. -#}
    {%- set mistakes = [] -%}
    {%- set names = feature_warehouse._snapshot_names(node) -%}
    {%- set own = [names.dbt_valid_from | lower, names.dbt_updated_at | lower] -%}
    {%- set column = created | string | lower -%}
    {%- if not feature_warehouse._keeps_its_time(node)
        and column in own + [node.config.updated_at | string | lower] -%}
        {%- do mistakes.append(
            "created_timestamp '" ~ created ~ "' is the time of the row, not of the snapshot; let the"
            ~ ' snapshot select its own time, and declare that column'
        ) -%}
    {%- endif -%}
    {%- set checked = node.config.check_cols or [] -%}
    {%- if node.config.strategy == 'check' and column not in own + [names.dbt_valid_to | lower]
        and (checked in ('all', ['all']) or created in checked) -%}
        {%- do mistakes.append(
            "snapshot '" ~ node.name ~ "' checks '" ~ created ~ "' as well, which makes every row a new"
            ~ ' version in every run; list the other columns as check_cols'
        ) -%}
    {%- endif -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _rewritten_column(node, block, keys, name) -%}
    {#- The one column of a version that dbt changes later. -#}
    {%- set used = [] -%}
    {%- for role in ['event_timestamp', 'created_timestamp', 'tie_breaker'] -%}
        {%- do used.append(block.get(role) | string | lower) -%}
    {%- endfor -%}
    {%- for key in keys -%}
        {%- do used.append(key | string | lower) -%}
    {%- endfor -%}
    {%- for column in node.columns.values()
        if feature_warehouse._column_meta(column).get('feature', true) is not false -%}
        {%- do used.append(column.name | lower) -%}
    {%- endfor -%}
    {{ return([
        "column '" ~ name ~ "' is written when a version has ended, and would tell of the future; leave it"
        ~ ' out, or set `feature: false` in its meta'
    ] if name | lower in used else []) }}
{%- endmacro %}


{% macro _other_keys(node, join_keys, columns) -%}
    {#- The mistake of join keys that are not the unique key of a snapshot. -#}
    {%- set unique = node.config.unique_key or [] -%}
    {%- set unique = [unique] if unique is string else unique -%}
    {#- It may be an expression. -#}
    {%- if unique | reject('in', columns) | list == [] and unique | sort != join_keys | map('string') | sort -%}
        {{ return([
            'its join_keys are ' ~ join_keys | join(', ') ~ ', and the unique_key of snapshot '
            ~ "'" ~ node.name ~ "' is " ~ unique | join(', ') ~ '; they must be the same columns'
        ]) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}
