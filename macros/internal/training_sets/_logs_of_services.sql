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


{% macro _own_column(name, known, outputs, keys) -%}
    {#- A column of the log that is ours: it has a `_` more where a key or a feature has its name. -#}
    {%- set found = namespace(name=name) -%}
    {%- set others = keys + outputs.keys() | list + [] -%}
    {%- for column in known if column not in others and modules.re.sub('_+$', '', column) == name -%}
        {%- set found.name = column -%}
    {%- endfor -%}
    {{ return(feature_warehouse._quote(found.name)) }}
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
