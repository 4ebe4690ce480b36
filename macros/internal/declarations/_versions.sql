{#- Names of models that have versions: `orders` is the latest, as ref() has it, and `orders.v1` is version 1,
    as dbt itself writes it in unique ids and selectors. -#}

{% macro _split_name(name) -%}
    {#- A name as it is written, in two: the model, and its version, none where it has none. -#}
    {%- set pieces = name.split('.v', 1) if name is string else [name] -%}
    {%- if pieces | length == 2 and pieces[0] and pieces[1] -%}
        {{ return({'base': pieces[0], 'version': pieces[1]}) }}
    {%- endif -%}
    {{ return({'base': name, 'version': none}) }}
{%- endmacro %}


{% macro _full_name(node) -%}
    {#- The name of a node with its version, if it has one. -#}
    {{ return(node.name if node.get('version') is none else node.name ~ '.v' ~ node.version) }}
{%- endmacro %}


{% macro _is_latest(node) -%}
    {#- Only models have versions. -#}
    {{ return(node.get('version') is none or node.version == node.latest_version) }}
{%- endmacro %}


{% macro _name_in_fingerprints(node) -%}
    {#- The name alone of version 1 too: a model that gets versions becomes its first. -#}
    {{ return(node.name if node.get('version') ~ '' == '1' else feature_warehouse._full_name(node)) }}
{%- endmacro %}
