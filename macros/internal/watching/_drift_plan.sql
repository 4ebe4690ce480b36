{#- What is compared with what: the features of a service, each with the baseline of its rule. -#}

{% macro _drift_comparisons(made, clock, last, source='auto') -%}
    {#- Queries for now and then with the features they are for. `clock` is an expression, `last` how far
        back requests reach, in microseconds, and `source` is what stands for requests. -#}
    {%- do feature_warehouse._refuse_without_statistics(made.place) -%}
    {%- set mistakes = [] -%}
    {%- if not last -%}
        {%- do mistakes.append('last must be longer than 0, such as 7 days') -%}
    {%- endif -%}
    {%- if source not in ('auto', 'requests', 'labels') -%}
        {%- do mistakes.append("source is '" ~ source ~ "'; it must be auto, requests or labels") -%}
    {%- endif -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail(made.place, mistakes) }}
    {%- endif -%}
    {%- set times = {
        'clock': clock,
        'begin': clock ~ ' - ' ~ feature_warehouse._interval(last),
        'before': clock ~ ' - ' ~ feature_warehouse._interval(2 * last),
    } -%}
    {%- set views = feature_warehouse._joined_views(made) -%}
    {%- set rules = feature_warehouse._drift_rules(made, views) -%}
    {%- set log = none if source == 'labels' else feature_warehouse._drift_log(made, views, rules, times) -%}
    {%- if source == 'requests' and log.lacks -%}
        {{ feature_warehouse._fail(made.place, [
            log.lacks ~ '; run `feature-warehouse drain --create`, or compare label rows (source: labels)'
        ]) }}
    {%- endif -%}
    {%- set comparisons = {} -%}
    {%- set off = [] -%}
    {%- for rule in rules -%}
        {%- if rule.since -%}
            {%- do rule.update({
                'too_early': times.begin ~ ' < ' ~ feature_warehouse._instant(rule.since)
            }) -%}
        {%- endif -%}
        {%- do rule.update(feature_warehouse._drift_source(rule, log, source)) -%}
        {%- set key = (
            rule.source, rule.view if rule.source == 'newest_rows' else rule.baseline, rule.since
        ) -%}
        {%- if rule.off -%}
            {%- do off.append({
                'feature': rule.name, 'view': rule.view, 'expression': rule.expression, 'reason': rule.off,
                'note': rule.note,
            }) -%}
        {%- elif key in comparisons -%}
            {%- do comparisons[key].features.append(rule) -%}
        {%- else -%}
            {%- do comparisons.update({
                key: feature_warehouse._drift_populations(made, log, rule, times)
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({
        'comparisons': comparisons.values() | list,
        'off': off,
        'fingerprint': log.fingerprint if log else '',
        'requests': log.requests if log else 0,
        'others': log.others if log else 0,
    }) }}
{%- endmacro %}


{% macro _drift_source(rule, log, source) -%}
    {#- What stands for now: `requests`, `labels` or `newest_rows`; and why it is not requests (`note`), or why a
        feature is `off`. -#}
    {%- if rule.off -%}
        {{ return({'source': '', 'note': ''}) }}
    {%- endif -%}
    {%- set note = '' -%}
    {%- if source != 'labels' -%}
        {%- set unlogged = feature_warehouse._drift_unlogged(rule, log) -%}
        {%- if unlogged and source == 'requests' -%}
            {{ return({'source': '', 'note': '', 'off': unlogged}) }}
        {%- endif -%}
        {%- set note = unlogged or (
            '' if source == 'requests' else feature_warehouse._drift_too_few(rule, log)
        ) -%}
        {%- if not note -%}
            {{ return({'source': 'requests', 'note': ''}) }}
        {%- endif -%}
    {%- endif -%}
    {%- if rule.without_request -%}
        {{ return({'source': '', 'note': note, 'off': rule.without_request}) }}
    {%- elif rule.baseline == 'previous_run' -%}
        {{ return(dict(rule.newest, source='newest_rows', note=note)) }}
    {%- endif -%}
    {{ return({'source': 'labels', 'note': note}) }}
{%- endmacro %}


{% macro _drift_populations(made, log, rule, times) -%}
    {#- The queries for now and then. -#}
    {%- if rule.source == 'newest_rows' -%}
        {%- set now = feature_warehouse._drift_newest(made, rule.view, times.clock) -%}
        {%- set then = feature_warehouse._drift_newest(made, rule.view, times.begin) -%}
    {%- else -%}
        {%- set now = feature_warehouse._drift_logged(log, times.begin, times.clock) if rule.source == 'requests'
            else feature_warehouse._drift_labels(made, times) -%}
        {%- set then = feature_warehouse._drift_logged(log, times.before, times.begin, rule.since)
            if rule.baseline == 'previous_run' else feature_warehouse._drift_trained_on(made, times.clock, rule) -%}
    {%- endif -%}
    {{ return({'now': now, 'then': then, 'features': [rule]}) }}
{%- endmacro %}


{% macro _drift_newest(made, view, at) -%}
    {#- A query of the newest rows of a view at an instant. -#}
    {{ return('select *\nfrom ' ~ feature_warehouse._newest_rows(
        view, feature_warehouse._built_relation(view), at, true
    ) ~ ' as newest_rows') }}
{%- endmacro %}


{% macro _drift_labels(made, times) -%}
    {#- The labels of the time before the clock as they were served: with the features known at their time, and
        with what was computed of them. -#}
    {%- set at = feature_warehouse._label_instant(made.label_set) -%}
    {%- set where = made.options.get('where') or [] -%}
    {%- set options = dict(
        feature_warehouse._knowledge_of(made.options),
        where=([where] if where is string else where) + [feature_warehouse._within(at, times.begin, times.clock)],
    ) -%}
    {%- set requests = made.label_set.copy() -%}
    {%- do requests.update({'maturity': none, 'known_at': none}) -%}
    {{ return(feature_warehouse._training_set(
        made.place, requests, made.parts, options, made.relations, made.computed
    )) }}
{%- endmacro %}


{% macro _label_instant(label_set) -%}
    {#- The timestamp of a label row in UTC. -#}
    {{ return(feature_warehouse._utc(
        feature_warehouse._quote(label_set.timestamp), label_set.types.get(label_set.timestamp)
    )) }}
{%- endmacro %}


{% macro _drift_trained_on(made, clock, rule) -%}
    {#- The rows of the training set, as it was built; of a season those within 30 days of its time. -#}
    {%- set at = feature_warehouse._label_instant(made.label_set) -%}
    {%- set conditions = [] -%}
    {%- if rule.baseline == 'season' -%}
        {%- set days = 'abs(extract(doy from ' ~ at ~ ')\n        - extract(doy from '
            ~ clock ~ '))' -%}
        {%- do conditions.append('least(\n        ' ~ days ~ ',\n        365 - ' ~ days ~ '\n    ) <= 30') -%}
    {%- endif -%}
    {%- if rule.since -%}
        {%- do conditions.append(at ~ ' >= ' ~ feature_warehouse._instant(rule.since)) -%}
    {%- endif -%}
    {{ return(
        'select *\nfrom ' ~ feature_warehouse._relation_of(made.node)
        ~ ('\nwhere\n    ' ~ conditions | join('\n    and ') if conditions else '')
    ) }}
{%- endmacro %}
