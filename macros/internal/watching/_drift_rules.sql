{#- What each output of a service is judged by: as its view declares, or as what it is computed from. -#}

{% macro _drift_rules(made, views) -%}
    {#- A rule for each output of a service, in its order. Of a view that is compared by newest rows `newest` is what
        differs there, and `without_request` says why a feature has none. -#}
    {%- set rules = {} -%}
    {%- for view in views -%}
        {%- do rules.update(feature_warehouse._drift_rules_of_view(view)) -%}
    {%- endfor -%}
    {%- if made.computed.features -%}
        {%- do rules.update(feature_warehouse._drift_rules_of_computed(made, views, rules)) -%}
    {%- endif -%}
    {%- set shown = [] -%}
    {%- for name, rule in rules.items() if name not in made.computed.hidden -%}
        {%- do shown.append(rule) -%}
    {%- endfor -%}
    {{ return(shown) }}
{%- endmacro %}


{% macro _drift_rules_of_view(view) -%}
    {#- The rules of a view's features, event timestamps and ages, by their names in the training set. -#}
    {%- set rules = {} -%}
    {%- set node = feature_warehouse._model_node(view.name) -%}
    {%- set declared = feature_warehouse._declared(node, 'feature_view').get('drift') or {} -%}
    {%- set columns = feature_warehouse._view_columns(node) -%}
    {%- for feature, output in view.features.items() -%}
        {%- set meta = feature_warehouse._column_meta(columns[feature]) -%}
        {%- set rule = feature_warehouse._drift_rule(declared, feature, meta.get('grows')) -%}
        {%- do rule.update({
            'name': output,
            'view': view.name,
            'expression': '',
            'kind': 'other' if meta.get('pii') else feature_warehouse._value_kind(view.types[feature]),
            'column': output,
            'entities': [view.join_keys.values() | list],
            'newest': {'column': feature, 'entities': [view.join_keys.keys() | list]},
            'without_request': '',
        }) -%}
        {%- do rules.update({output: rule}) -%}
    {%- endfor -%}
    {%- set event = feature_warehouse._column_meta(columns[view.event_timestamp]) -%}
    {%- for role, kind in [('event_timestamp_as', 'other'), ('age_as', 'number')] if view[role] -%}
        {%- set rule = feature_warehouse._drift_rule(declared, none, none) -%}
        {%- do rule.update({
            'without_request': "only a request has it, and the newest rows that view '" ~ view.name
                ~ "' is compared by have none" if rule.baseline == 'previous_run' else '',
            'name': view[role],
            'view': view.name,
            'expression': '',
            'kind': 'other' if event.get('pii') else kind,
            'column': view[role],
            'entities': [view.join_keys.values() | list],
        }) -%}
        {%- do rules.update({view[role]: rule}) -%}
    {%- endfor -%}
    {{ return(rules) }}
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


{% macro _drift_rules_of_computed(made, views, rules) -%}
    {#- The rules of on-demand features by name, given those of what they name. -#}
    {%- set types = feature_warehouse._computed_types(
        made.place, made.label_set, views, made.computed
    ) -%}
    {%- set personal = feature_warehouse._personal_outputs(made, views) -%}
    {%- set entities = [] -%}
    {%- for view in views -%}
        {%- do entities.extend(view.join_keys.values()) -%}
    {%- endfor -%}
    {%- set origins = feature_warehouse._computed_origins(made.computed) -%}
    {%- set found = {} -%}
    {%- for feature in made.computed.features -%}
        {%- set inputs = [] -%}
        {%- for name in origins[feature.name] if name in rules -%}
            {%- do inputs.append(rules[name]) -%}
        {%- endfor -%}
        {%- set rule = feature_warehouse._drift_rule_of_inputs(inputs, feature.get('drift') or {}) -%}
        {%- do rule.update({
            'name': feature.name,
            'view': '',
            'expression': feature.text,
            'kind': 'other' if feature.name | lower in personal else feature_warehouse._value_kind(
                feature_warehouse._sql_type(types[feature.name])
            ),
            'column': feature.name,
            'entities': rule.entities or [entities | unique(case_sensitive=true) | list],
        }) -%}
        {%- do found.update({feature.name: rule}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro _drift_rule_of_inputs(inputs, declared) -%}
    {#- What holds for an on-demand feature: what it declares, else what all of its inputs allow, and the
        limits of the defaults. A view of a single entity says by its `minimum_entities` that one will do. -#}
    {%- set rule = dict(feature_warehouse._drift_defaults(), without_request='') -%}
    {%- set inherits = 'baseline' not in declared and declared.get('off') is not sameas false -%}
    {%- set entities = [] -%}
    {%- set newest = [] -%}
    {%- for input in inputs -%}
        {%- if input.off and not rule.off -%}
            {%- do rule.update({'off': "computed from '" ~ input.name ~ "', which is off: " ~ input.off}) -%}
        {%- endif -%}
        {%- if input.without_request -%}
            {%- do newest.append("computed from '" ~ input.name ~ "', which is off: " ~ input.without_request) -%}
        {%- elif input.baseline == 'previous_run' and inherits -%}
            {%- do newest.append(
                "computed from '" ~ input.name ~ "', which is compared by newest rows, and these have no request"
            ) -%}
        {%- endif -%}
        {%- if input.baseline == 'previous_run' and inherits -%}
            {%- do rule.update({'baseline': 'previous_run'}) -%}
        {%- elif input.baseline == 'season' and rule.baseline == 'training_set' -%}
            {%- do rule.update({'baseline': 'season'}) -%}
        {%- endif -%}
        {%- if input.since and (not rule.since or feature_warehouse._instant_microseconds(input.since)
            > feature_warehouse._instant_microseconds(rule.since)) -%}
            {%- do rule.update({'since': input.since}) -%}
        {%- endif -%}
        {%- set keys = input.entities[0] -%}
        {%- if keys not in entities and (keys or input.minimum_entities > 1) -%}
            {%- do entities.append(keys) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for key in ['minimum_rows', 'minimum_entities'] if inputs -%}
        {%- do rule.update({key: inputs | map(attribute=key) | max}) -%}
    {%- endfor -%}
    {%- if newest and declared.get('off') is not sameas false -%}
        {%- do rule.update({'without_request': newest[0]}) -%}
    {%- endif -%}
    {%- do rule.update(declared) -%}
    {%- do rule.update({'entities': entities, 'since': rule.since | string if rule.since else none}) -%}
    {{ return(rule) }}
{%- endmacro %}
