{#- What is compared with what: the features of a service, each with the baseline that its view declares. -#}

{% macro _drift_comparisons(made, clock, last) -%}
    {#- Queries for now and then with the features they are for. `clock` is an expression, `last` how far
        back requests reach, in microseconds. -#}
    {%- if not last -%}
        {{ feature_warehouse._fail(made.place, ['last must be longer than 0, such as 7 days']) }}
    {%- endif -%}
    {%- set comparisons = {} -%}
    {%- set off = [] -%}
    {%- set begin = clock ~ ' - ' ~ feature_warehouse._interval(last) -%}
    {%- for view in feature_warehouse._training_set_views(made) -%}
        {%- set node = feature_warehouse._model_node(view.name) -%}
        {%- set declared = feature_warehouse._declared(node, 'feature_view').get('drift') or {} -%}
        {%- set columns = feature_warehouse._view_columns(node) -%}
        {%- for feature, output in view.features.items() -%}
            {%- set meta = feature_warehouse._column_meta(columns[feature]) -%}
            {%- set rule = feature_warehouse._drift_rule(declared, feature, meta.get('grows')) -%}
            {%- set newest = rule.baseline == 'previous_run' -%}
            {%- do rule.update({
                'name': output,
                'view': view.name,
                'kind': 'other' if meta.get('pii') else feature_warehouse._value_kind(view.types[feature]),
                'column': feature if newest else output,
                'entity': (view.join_keys.keys() if newest else view.join_keys.values()) | list,
            }) -%}
            {%- if rule.since -%}
                {%- do rule.update({
                    'too_early': begin ~ ' < ' ~ feature_warehouse._instant(rule.since)
                }) -%}
            {%- endif -%}
            {%- set key = (view.name if newest else rule.baseline, rule.since) -%}
            {%- if rule.off -%}
                {%- do off.append({'feature': output, 'view': view.name, 'reason': rule.off}) -%}
            {%- elif key in comparisons -%}
                {%- do comparisons[key].features.append(rule) -%}
            {%- else -%}
                {%- do comparisons.update({
                    key: feature_warehouse._drift_populations(made, view, rule, clock, begin)
                }) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return({'comparisons': comparisons.values() | list, 'off': off}) }}
{%- endmacro %}


{% macro _drift_rule(declared, feature, grows) -%}
    {#- What holds for a feature: of itself, of its view, or by default. -#}
    {%- set rule = feature_warehouse._drift_defaults() -%}
    {%- if grows -%}
        {%- do rule.update({'off': 'a count or a sum over all time only grows'}) -%}
    {%- endif -%}
    {%- for key, value in declared.items() if key != 'features' -%}
        {%- do rule.update({key: value}) -%}
    {%- endfor -%}
    {%- do rule.update((declared.get('features') or {}).get(feature) or {}) -%}
    {#- YAML makes a date of what looks like one. -#}
    {%- do rule.update({'since': rule.since | string if rule.since else none}) -%}
    {{ return(rule) }}
{%- endmacro %}


{% macro _drift_populations(made, view, rule, clock, begin) -%}
    {#- The queries for now and then. -#}
    {%- if rule.baseline == 'previous_run' -%}
        {%- set now = feature_warehouse._drift_newest(made, view, clock) -%}
        {%- set then = feature_warehouse._drift_newest(made, view, begin) -%}
    {%- else -%}
        {%- set now = feature_warehouse._drift_requests(made, clock, begin) -%}
        {%- set then = feature_warehouse._drift_trained_on(made, clock, rule) -%}
    {%- endif -%}
    {{ return({'baseline': rule.baseline, 'now': now, 'then': then, 'features': [rule]}) }}
{%- endmacro %}


{% macro _value_kind(type) -%}
    {#- Whether a type is one of numbers, of categories, or has no distribution. -#}
    {%- set name = modules.re.sub('\\s*\\(.*', '', type or '') | lower | trim -%}
    {%- if feature_warehouse._number_class(type) -%}
        {{ return('number') }}
    {%- endif -%}
    {{ return('category' if name in (
        'text', 'varchar', 'character varying', 'char', 'character', 'bpchar', 'string', 'boolean', 'bool',
        'enum', 'uuid'
    ) else 'other') }}
{%- endmacro %}


{% macro _drift_newest(made, view, at) -%}
    {#- A query of the newest rows at an instant. -#}
    {{ return('select *\nfrom ' ~ feature_warehouse._newest_rows(
        view.name, view.relation, at, true
    ) ~ ' as newest_rows') }}
{%- endmacro %}


{% macro _drift_requests(made, clock, begin) -%}
    {#- The labels of the time before the clock as they were served: with the features known at their time. -#}
    {%- set at = feature_warehouse._label_instant(made.label_set) -%}
    {%- set where = made.options.get('where') or [] -%}
    {%- set options = {
        'where': ([where] if where is string else where) + [at ~ ' > ' ~ begin, at ~ ' <= ' ~ clock],
        'knowledge': made.options.knowledge,
    } -%}
    {%- set requests = made.label_set.copy() -%}
    {%- do requests.update({'maturity': none, 'known_at': none}) -%}
    {{ return(feature_warehouse._training_set(
        made.place, requests, made.parts, options, made.relations
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
