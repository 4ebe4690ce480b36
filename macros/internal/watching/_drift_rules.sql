{#- What each output of a service is judged by: as its view declares, or as what it is computed from. -#}

{% macro _drift_rules(made) -%}
    {#- A rule for each output of a service, in its order. -#}
    {%- set rules = {} -%}
    {%- set views = feature_warehouse._joined_views(made) -%}
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
        {%- set newest = rule.baseline == 'previous_run' -%}
        {%- do rule.update({
            'name': output,
            'view': view.name,
            'expression': '',
            'kind': 'other' if meta.get('pii') else feature_warehouse._value_kind(view.types[feature]),
            'column': feature if newest else output,
            'entities': [(view.join_keys.keys() if newest else view.join_keys.values()) | list],
            'label_keys': view.join_keys.values() | list,
        }) -%}
        {%- do rules.update({output: rule}) -%}
    {%- endfor -%}
    {%- set event = feature_warehouse._column_meta(columns[view.event_timestamp]) -%}
    {%- for role, kind in [('event_timestamp_as', 'other'), ('age_as', 'number')] if view[role] -%}
        {%- set rule = feature_warehouse._drift_rule(declared, none, none) -%}
        {%- if rule.baseline == 'previous_run' and not rule.off -%}
            {%- do rule.update({
                'off': "only a request has it, and the newest rows that view '" ~ view.name
                    ~ "' is compared by have none"
            }) -%}
        {%- endif -%}
        {%- do rule.update({
            'name': view[role],
            'view': view.name,
            'expression': '',
            'kind': 'other' if event.get('pii') else kind,
            'column': view[role],
            'entities': [view.join_keys.values() | list],
            'label_keys': view.join_keys.values() | list,
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
    {%- set rule = feature_warehouse._drift_defaults() -%}
    {%- set entities = [] -%}
    {%- for input in inputs -%}
        {%- if input.off and not rule.off -%}
            {%- do rule.update({'off': "computed from '" ~ input.name ~ "', which is off: " ~ input.off}) -%}
        {%- elif input.baseline == 'previous_run' and 'baseline' not in declared and not rule.off -%}
            {%- do rule.update({
                'off': "computed from '" ~ input.name ~ "', which is compared by newest rows, and these have no"
                    ~ ' request'
            }) -%}
        {%- endif -%}
        {%- if input.baseline == 'season' -%}
            {%- do rule.update({'baseline': 'season'}) -%}
        {%- endif -%}
        {%- if input.since and (not rule.since or feature_warehouse._instant_microseconds(input.since)
            > feature_warehouse._instant_microseconds(rule.since)) -%}
            {%- do rule.update({'since': input.since}) -%}
        {%- endif -%}
        {%- set keys = input.label_keys -%}
        {%- if keys not in entities and (keys or input.minimum_entities > 1) -%}
            {%- do entities.append(keys) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for key in ['minimum_rows', 'minimum_entities'] if inputs -%}
        {%- do rule.update({key: inputs | map(attribute=key) | max}) -%}
    {%- endfor -%}
    {%- do rule.update(declared) -%}
    {%- do rule.update({'entities': entities, 'since': rule.since | string if rule.since else none}) -%}
    {{ return(rule) }}
{%- endmacro %}
