{#- What is compared with what: the features of a service, each with the baseline of its rule. -#}

{% macro _drift_comparisons(made, clock, last) -%}
    {#- Queries for now and then with the features they are for. `clock` is an expression, `last` how far
        back requests reach, in microseconds. -#}
    {%- do feature_warehouse._refuse_without_statistics(made.place) -%}
    {%- if not last -%}
        {{ feature_warehouse._fail(made.place, ['last must be longer than 0, such as 7 days']) }}
    {%- endif -%}
    {%- set comparisons = {} -%}
    {%- set off = [] -%}
    {%- set begin = clock ~ ' - ' ~ feature_warehouse._interval(last) -%}
    {%- for rule in feature_warehouse._drift_rules(made) -%}
        {%- if rule.since -%}
            {%- do rule.update({
                'too_early': begin ~ ' < ' ~ feature_warehouse._instant(rule.since)
            }) -%}
        {%- endif -%}
        {%- set key = (rule.view if rule.baseline == 'previous_run' else rule.baseline, rule.since) -%}
        {%- if rule.off -%}
            {%- do off.append({
                'feature': rule.name, 'view': rule.view, 'expression': rule.expression, 'reason': rule.off
            }) -%}
        {%- elif key in comparisons -%}
            {%- do comparisons[key].features.append(rule) -%}
        {%- else -%}
            {%- do comparisons.update({
                key: feature_warehouse._drift_populations(made, rule, clock, begin)
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'comparisons': comparisons.values() | list, 'off': off}) }}
{%- endmacro %}


{% macro _drift_populations(made, rule, clock, begin) -%}
    {#- The queries for now and then. -#}
    {%- if rule.baseline == 'previous_run' -%}
        {%- set now = feature_warehouse._drift_newest(made, rule.view, clock) -%}
        {%- set then = feature_warehouse._drift_newest(made, rule.view, begin) -%}
    {%- else -%}
        {%- set now = feature_warehouse._drift_requests(made, clock, begin) -%}
        {%- set then = feature_warehouse._drift_trained_on(made, clock, rule) -%}
    {%- endif -%}
    {{ return({'baseline': rule.baseline, 'now': now, 'then': then, 'features': [rule]}) }}
{%- endmacro %}


{% macro _drift_newest(made, view, at) -%}
    {#- A query of the newest rows of a view at an instant. -#}
    {{ return('select *\nfrom ' ~ feature_warehouse._newest_rows(
        view, feature_warehouse._built_relation(view), at, true
    ) ~ ' as newest_rows') }}
{%- endmacro %}


{% macro _drift_requests(made, clock, begin) -%}
    {#- The labels of the time before the clock as they were served: with the features known at their time, and
        with what was computed of them. -#}
    {%- set at = feature_warehouse._label_instant(made.label_set) -%}
    {%- set where = made.options.get('where') or [] -%}
    {%- set options = dict(
        feature_warehouse._knowledge_of(made.options),
        where=([where] if where is string else where) + [at ~ ' > ' ~ begin, at ~ ' <= ' ~ clock],
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
