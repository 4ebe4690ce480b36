{#- The table of a service's logged requests, as `drain` makes it. -#}

{% macro _log_table(service) -%}
    {#- As `drain` names it. -#}
    {{ return('requests_' ~ modules.re.sub('\\W', '_', service)) }}
{%- endmacro %}


{% macro _log_source(made) -%}
    {#- The source of the log; none where it is not declared. -#}
    {%- set table = feature_warehouse._log_table(made.service) -%}
    {%- if feature_warehouse._is_unit_test() and not graph.nodes -%}
        {%- set ending = '.feature_warehouse_requests.' ~ table -%}
        {%- for id, text in model.sources if id.startswith('source.') and id.endswith(ending) -%}
            {{ return(fromyaml(text)) }}
        {%- endfor -%}
    {%- endif -%}
    {%- for node in (graph.sources or {}).values()
        if node.source_name == 'feature_warehouse_requests' and node.name == table -%}
        {{ return(node) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _served_outputs(served, views) -%}
    {#- The columns of a vector with their types, in its order. -#}
    {%- set outputs = feature_warehouse._view_outputs(views) -%}
    {%- set types = feature_warehouse._computed_types(served.place, served.label_set, views, served.computed) -%}
    {%- for name, type in types.items() -%}
        {%- do outputs.update({name: feature_warehouse._sql_type(type)}) -%}
    {%- endfor -%}
    {%- set shown = {} -%}
    {%- for name, type in outputs.items() if name not in served.computed.hidden -%}
        {%- do shown.update({name: type}) -%}
    {%- endfor -%}
    {{ return(shown) }}
{%- endmacro %}


{% macro _entity_keys(served, views) -%}
    {#- The columns of the label set by which a service is read, each once. -#}
    {%- set keys = [] -%}
    {%- for view in views -%}
        {%- for column in view.join_keys.values() -%}
            {%- if column not in keys -%}
                {%- do keys.append(column) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}


{% macro _log_columns(made, views, known) -%}
    {#- What is known of the columns of a log: the names of all in the table, if they are `known`, entity keys,
        columns of the `request`, and `outputs`. Those but keys that are `personal` have a hash or no column. -#}
    {{ return({
        'place': "the log of service '" ~ made.service ~ "'",
        'known': known,
        'keys': feature_warehouse._entity_keys(made, views),
        'request': feature_warehouse._request_columns(made.label_set, made.computed).keys() | list,
        'outputs': feature_warehouse._served_outputs(made, views),
        'personal': feature_warehouse._personal_outputs(made, views),
    }) }}
{%- endmacro %}


{% macro _own_column(log, name) -%}
    {#- A column of the log that is ours, as `column_of` of the package finds it: it has a `_` more where a key,
        request column or feature has its name. -#}
    {%- set certain = log['keys'] | map('lower') | list -%}
    {%- set personal = [] -%}
    {%- for other in log.request + log.outputs.keys() | list -%}
        {%- do (personal if other | lower in log.personal else certain).append(other | lower) -%}
    {%- endfor -%}
    {%- set found = [] -%}
    {%- for column in log.known if modules.re.sub('_+$', '', column) | lower == name -%}
        {%- do found.append(column) -%}
    {%- endfor -%}
    {%- if not found -%}
        {%- set own = namespace(name=name) -%}
        {%- for _ in certain + personal -%}
            {%- if own.name in certain + personal -%}
                {%- set own.name = own.name ~ '_' -%}
            {%- endif -%}
        {%- endfor -%}
        {{ return(own.name) }}
    {%- endif -%}
    {%- for theirs in [certain + personal, certain, []] -%}
        {%- set free = [] -%}
        {%- for column in found if column | lower not in theirs -%}
            {%- do free.append(column) -%}
        {%- endfor -%}
        {%- if free | length > 1 -%}
            {{ feature_warehouse._fail(log.place, [
                'of the columns ' ~ free | join(', ') ~ " one is none of the log's own; rename that which a key or feature was"
            ]) }}
        {%- elif free -%}
            {{ return(free[0]) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro _own_quoted(log, name) -%}
    {#- The same, quoted. -#}
    {{ return(feature_warehouse._quote(feature_warehouse._own_column(log, name))) }}
{%- endmacro %}


{% macro _logged_value(name, type, logged=none) -%}
    {#- A value in the type that the training set has for it, logged in the type `logged`. A hash is a text, and
        what has no common text stays as it was logged. -#}
    {%- set column = 'served.' ~ feature_warehouse._quote(name) -%}
    {%- set kind = feature_warehouse._kind(type) -%}
    {%- if kind is none or (kind != 'text' and logged and feature_warehouse._kind(logged) == 'text') -%}
        {{ return(column) }}
    {%- endif -%}
    {{ return('cast(' ~ column ~ ' as ' ~ type ~ ') as ' ~ feature_warehouse._quote(name)) }}
{%- endmacro %}
