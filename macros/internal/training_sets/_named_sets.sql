{#- Training sets and logged sets that a card or the command line names. -#}

{% macro _set_named(name, place) -%}
    {#- What the training set or logged set of that name was made of; stops where there is none. -#}
    {%- set node = feature_warehouse._model_node(name) -%}
    {%- if node is not none and feature_warehouse._declared(node, 'logged_set') is not none -%}
        {{ return(feature_warehouse._logged_set_of(node)) }}
    {%- endif -%}
    {{ return(feature_warehouse._training_set_named(name, place)) }}
{%- endmacro %}


{% macro _training_set_sql(made) -%}
    {#- The SQL of a training set, or a logged set, that was declared elsewhere. -#}
    {%- if made.get('served') -%}
        {{ return(feature_warehouse._logged_set(made)) }}
    {%- endif -%}
    {{ return(feature_warehouse._training_set(
        made.place, made.label_set, made.parts, made.options, made.relations, made.computed
    )) }}
{%- endmacro %}
