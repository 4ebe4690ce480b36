{#- The `on_demand` and `hidden` of a training set, and what follows from them for fingerprints and requests. -#}

{% macro _computed_features(entries, hidden, place) -%}
    {#- What `on_demand` and `hidden` say, with the trees of the expressions. -#}
    {%- if entries is string or entries is mapping or entries is not iterable
        or hidden is string or hidden is mapping or hidden is not iterable or hidden | reject('string') | list -%}
        {{ feature_warehouse._fail(place, [
            "on_demand must be a list such as [{'name': 'ratio', 'expr': 'amount / amount_avg_30d'}], and hidden a list"
            ~ ' of names'
        ]) }}
    {%- endif -%}
    {%- set features = [] -%}
    {%- for entry in entries -%}
        {%- if entry is not mapping or entry.get('name') is not string or not entry.name
            or entry.get('expr') is not string
            or feature_warehouse._unknown_keys(entry, ['name', 'expr', 'drift']) -%}
            {{ feature_warehouse._fail(place, [
                "an entry of on_demand has a name and an expr, such as {'name': 'ratio', 'expr': 'amount /"
                ~ " amount_avg_30d'}, and perhaps a drift, not " ~ entry
            ]) }}
        {%- endif -%}
        {%- set mistakes = feature_warehouse._computed_drift_mistakes(entry) -%}
        {%- if mistakes -%}
            {{ feature_warehouse._fail(place, mistakes) }}
        {%- endif -%}
        {%- set parsed = feature_warehouse._parsed_expression(entry.expr, place, entry.name) -%}
        {%- set feature = {'name': entry.name, 'expr': entry.expr, 'text': parsed.text, 'tree': parsed.tree} -%}
        {%- if entry.get('drift') -%}
            {%- do feature.update({'drift': entry.drift}) -%}
        {%- endif -%}
        {%- do features.append(feature) -%}
    {%- endfor -%}
    {{ return({'features': features, 'hidden': hidden | list}) }}
{%- endmacro %}


{% macro _computed_drift_mistakes(entry) -%}
    {#- What is wrong with the `drift` of an on-demand feature. -#}
    {%- set drift = entry.get('drift') -%}
    {%- set place = "drift of on-demand feature '" ~ entry.name ~ "'" -%}
    {%- if drift is none -%}
        {{ return([]) }}
    {%- elif drift is not mapping -%}
        {{ return([place ~ ' must be a mapping, such as {psi: 0.3}']) }}
    {%- endif -%}
    {{ return(feature_warehouse._drift_rule_mistakes(drift, place, [], ['training_set', 'season'])) }}
{%- endmacro %}


{% macro _computed_types(place, label_set, views, computed) -%}
    {#- The types of on-demand features by name, as columns have them. -#}
    {%- set context = feature_warehouse._expression_context(place, label_set, views, computed) -%}
    {%- set types = {} -%}
    {%- for feature in computed.features -%}
        {%- do context.update({'name': feature.name, 'text': feature.expr}) -%}
        {%- set type = feature_warehouse._typed_expression(feature.tree, context).type -%}
        {%- do context.types.update({feature.name: type}) -%}
        {%- do types.update({feature.name: type}) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro _names_in_tree(node) -%}
    {#- The columns and on-demand features that an expression names. -#}
    {%- if 'name' in node -%}
        {{ return([node.name]) }}
    {%- endif -%}
    {%- set names = [] -%}
    {%- for arg in node.get('args') or [] -%}
        {%- do names.extend(feature_warehouse._names_in_tree(arg)) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{% macro _computed_origins(computed) -%}
    {#- By on-demand feature, what it is computed from in the end: columns, and `request_time`. -#}
    {%- set origins = {} -%}
    {%- for feature in computed.features -%}
        {%- set names = [] -%}
        {%- for name in feature_warehouse._names_in_tree(feature.tree) -%}
            {%- do names.extend(origins[name] if name in origins else [name]) -%}
        {%- endfor -%}
        {%- do origins.update({feature.name: names | unique(case_sensitive=true) | list}) -%}
    {%- endfor -%}
    {{ return(origins) }}
{%- endmacro %}


{% macro _request_columns(label_set, computed) -%}
    {#- The columns of a label set that expressions name, with their types: a request has to give them. -#}
    {%- set named = [] -%}
    {%- for feature in computed.features -%}
        {%- do named.extend(feature_warehouse._names_in_tree(feature.tree)) -%}
    {%- endfor -%}
    {%- set columns = {} -%}
    {%- for column, type in label_set.types.items() if column in named -%}
        {%- do columns.update({column: type}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _computed_lines(place, label_set, views, computed) -%}
    {#- What a service's fingerprint says of its on-demand and hidden features. -#}
    {%- set lines = [] -%}
    {%- if computed.features or computed.hidden -%}
        {%- set types = feature_warehouse._computed_types(place, label_set, views, computed) -%}
        {%- for feature in computed.features -%}
            {%- do lines.append(feature.name ~ '=' ~ feature.text ~ ':' ~ types[feature.name]) -%}
        {%- endfor -%}
        {%- for column, type in feature_warehouse._request_columns(label_set, computed).items() -%}
            {%- do lines.append('request ' ~ column ~ ':' ~ feature_warehouse._type_name(type)) -%}
        {%- endfor -%}
        {%- for name in computed.hidden -%}
            {%- do lines.append('hidden ' ~ name) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(lines) }}
{%- endmacro %}


{% macro _shown_views(views, hidden) -%}
    {#- Views without the features and timestamps that are hidden; none that has nothing left. -#}
    {%- set shown = [] -%}
    {%- for view in views -%}
        {%- set features = {} -%}
        {%- for feature, name in view.features.items() if name not in hidden -%}
            {%- do features.update({feature: name}) -%}
        {%- endfor -%}
        {%- set rest = view.copy() -%}
        {%- do rest.update({'features': features}) -%}
        {%- for role in ['event_timestamp_as', 'age_as'] if view[role] in hidden -%}
            {%- do rest.update({role: none}) -%}
        {%- endfor -%}
        {%- if features or rest.event_timestamp_as or rest.age_as -%}
            {%- do shown.append(rest) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(shown) }}
{%- endmacro %}
