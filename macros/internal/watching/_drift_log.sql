{#- Logged requests as what a model sees now: how many there are, and which features can be compared with them. -#}

{% macro _drift_log(made, views, rules, times) -%}
    {#- The table of a service's logged requests, where `drain` has made it, and how many it has: `requests` of the
        declared fingerprint in the time that is compared, with so many `entities` by their keys, `before` in as
        long a time before that, by the instant from which a rule takes them, `others` of another fingerprint.
        `lacks` says why there are none. -#}
    {%- set name = feature_warehouse._log_table(made.service) -%}
    {%- set table = adapter.get_relation(
        database=target.database, schema=target.schema, identifier=name
    ) -%}
    {%- set log = {
        'requests': 0, 'before': {}, 'others': 0, 'entities': {}, 'columns': [],
        'fingerprint': feature_warehouse._service_fingerprint(made),
        'outputs': feature_warehouse._served_outputs(made, views),
        'personal': feature_warehouse._personal_outputs(made, views),
        'lacks': '' if table else 'there is no table ' ~ target.schema ~ '.' ~ name ~ ' of logged requests',
    } -%}
    {%- if table -%}
        {%- set columns = [] -%}
        {%- for column in adapter.get_columns_in_relation(table) -%}
            {%- do columns.append(column.name) -%}
        {%- endfor -%}
        {%- set own = feature_warehouse._log_columns(made, views, columns) -%}
        {%- do log.update({
            'relation': table,
            'columns': columns,
            'entity_keys': own['keys'] | select('in', columns) | list,
            'clock': 'served.' ~ feature_warehouse._own_quoted(own, 'clock'),
            'is_own': 'served.' ~ feature_warehouse._own_quoted(own, 'fingerprint')
                ~ ' = ' ~ feature_warehouse._text_literal(log.fingerprint),
        }) -%}
        {%- do log.update(feature_warehouse._drift_log_counts(log, rules, times)) -%}
    {%- endif -%}
    {{ return(log) }}
{%- endmacro %}


{% macro _drift_log_counts(log, rules, times) -%}
    {#- How many requests there are, and how many entities by the keys that rules count. -#}
    {%- set kinds = [] -%}
    {%- set begins = [] -%}
    {%- for rule in rules -%}
        {%- if rule.since not in begins -%}
            {%- do begins.append(rule.since) -%}
        {%- endif -%}
        {%- for keys in rule.entities -%}
            {%- if keys not in kinds and keys | reject('in', log.columns) | list == [] -%}
                {%- do kinds.append(keys) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set own = feature_warehouse._free_name('is_own', log.entity_keys) -%}
    {%- set at = feature_warehouse._free_name('asked_at', log.entity_keys) -%}
    {%- set is_now = at ~ ' > ' ~ times.begin -%}
    {%- set conditions = [own ~ ' and ' ~ is_now, 'not ' ~ own ~ ' and ' ~ is_now] -%}
    {%- for since in begins -%}
        {%- do conditions.append(
            own ~ ' and ' ~ at ~ ' <= ' ~ times.begin
            ~ (' and ' ~ at ~ ' >= ' ~ feature_warehouse._instant(since) if since else '')
        ) -%}
    {%- endfor -%}
    {%- set counts = [] -%}
    {%- for condition in conditions -%}
        {%- do counts.append('count(case when ' ~ condition ~ ' then 1 end)') -%}
    {%- endfor -%}
    {%- for keys in kinds -%}
        {%- do counts.append(feature_warehouse._drift_entity_count(keys)) -%}
    {%- endfor -%}
    {%- set columns = [log.clock ~ ' as ' ~ at, log.is_own ~ ' as ' ~ own] -%}
    {%- for key in log.entity_keys -%}
        {%- do columns.append('served.' ~ feature_warehouse._quote(key)) -%}
    {%- endfor -%}
    {%- set ctes = [
        'requests as (\n    select\n        ' ~ columns | join(',\n        ') ~ '\n    from ' ~ log.relation
            ~ ' as served\n    where ' ~ feature_warehouse._within(log.clock, times.before, times.clock) ~ '\n)',
        'now_rows as (\n    select *\n    from requests\n    where ' ~ conditions[0] ~ '\n)',
    ] -%}
    {%- set found = [] -%}
    {%- for count in run_query(
        feature_warehouse._with(ctes) ~ '\nselect\n    ' ~ counts | join(',\n    ') ~ '\nfrom requests'
    ).rows[0] -%}
        {%- do found.append(count | int) -%}
    {%- endfor -%}
    {%- set before = {} -%}
    {%- for since in begins -%}
        {%- do before.update({since or '': found[2 + loop.index0]}) -%}
    {%- endfor -%}
    {%- set entities = {} -%}
    {%- for keys in kinds -%}
        {%- do entities.update({keys | join('\n'): found[2 + begins | length + loop.index0]}) -%}
    {%- endfor -%}
    {{ return({'requests': found[0], 'others': found[1], 'before': before, 'entities': entities}) }}
{%- endmacro %}


{% macro _within(instant, begin, end) -%}
    {#- The condition of an instant after `begin` and no later than `end`. -#}
    {{ return(instant ~ ' > ' ~ begin ~ ' and ' ~ instant ~ ' <= ' ~ end) }}
{%- endmacro %}


{% macro _drift_unlogged(rule, log) -%}
    {#- Why a feature has no logged values that could be compared; empty where it has. -#}
    {%- if log.lacks -%}
        {{ return(log.lacks) }}
    {%- elif rule.name | lower in log.personal -%}
        {{ return('personal data is not in the log') }}
    {%- elif rule.name not in log.columns -%}
        {{ return('the log has no column of it') }}
    {%- endif -%}
    {%- for keys in rule.entities -%}
        {%- for key in keys -%}
            {%- if key not in log.columns -%}
                {{ return("the log has no column of its key '" ~ key ~ "'") }}
            {%- elif key | lower in log.personal and log.requests and not log.entities[keys | join('\n')] -%}
                {{ return("the key '" ~ key ~ "' is personal data and not in the log") }}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return('') }}
{%- endmacro %}


{% macro _drift_too_few(rule, log) -%}
    {#- Why a feature would not be judged by the requests that were logged; empty where it would be. -#}
    {%- set counts = [('requests', log.requests, 'minimum_rows')] -%}
    {%- if rule.baseline == 'previous_run' -%}
        {%- do counts.append(('requests of the time before', log.before[rule.since or ''], 'minimum_rows')) -%}
    {%- endif -%}
    {%- for keys in rule.entities if keys -%}
        {%- do counts.append(('entities', log.entities[keys | join('\n')], 'minimum_entities')) -%}
    {%- endfor -%}
    {%- for what, count, limit in counts if count < rule[limit] -%}
        {{ return(count ~ ' ' ~ what ~ ' were logged, and ' ~ limit ~ ' is ' ~ rule[limit]) }}
    {%- endfor -%}
    {{ return('') }}
{%- endmacro %}


{% macro _drift_logged(log, begin, end, since=none) -%}
    {#- A query of the requests that were logged in a time: what was served, in the types that it was trained on. -#}
    {%- set columns = [] -%}
    {%- for key in log.entity_keys -%}
        {%- do columns.append('served.' ~ feature_warehouse._quote(key)) -%}
    {%- endfor -%}
    {%- for name, type in log.outputs.items() if name in log.columns and name | lower not in log.personal
        and name not in log.entity_keys -%}
        {%- do columns.append(
            feature_warehouse._logged_value(name, type) if feature_warehouse._value_kind(type) == 'category'
            else 'served.' ~ feature_warehouse._quote(name)
        ) -%}
    {%- endfor -%}
    {{ return(
        'select\n    ' ~ columns | join(',\n    ') ~ '\nfrom ' ~ log.relation ~ ' as served\nwhere\n    '
        ~ log.is_own ~ '\n    and ' ~ feature_warehouse._within(log.clock, begin, end)
        ~ ('\n    and ' ~ log.clock ~ ' >= ' ~ feature_warehouse._instant(since) if since else '')
    ) }}
{%- endmacro %}
