{% macro _label_set_named(name) -%}
    {#- The label set of that name; stops where there is none. -#}
    {%- set node = feature_warehouse._model_node(name) -%}
    {%- if node is none or feature_warehouse._declared(node, 'label_set') is none -%}
        {{ feature_warehouse._fail("training set '" ~ feature_warehouse._full_name(model) ~ "'", [
            "labels '" ~ name ~ "' is not a label set; give that model a meta.label_set block"
        ]) }}
    {%- endif -%}
    {{ return(feature_warehouse._label_set(node)) }}
{%- endmacro %}


{% macro _is_feature_view(name) -%}
    {#- Whether there is a feature view of that name. -#}
    {%- set node = feature_warehouse._model_node(name) -%}
    {{ return(node is not none and feature_warehouse._declared(node, 'feature_view') is not none) }}
{%- endmacro %}


{% macro _view_named(name, place) -%}
    {#- The feature view of that name; stops where there is none. -#}
    {%- if not feature_warehouse._is_feature_view(name) -%}
        {{ feature_warehouse._fail(place, [feature_warehouse._no_feature_view(name)]) }}
    {%- endif -%}
    {{ return(feature_warehouse._feature_view(feature_warehouse._model_node(name))) }}
{%- endmacro %}


{% macro _no_feature_view(name) -%}
    {#- The mistake of naming a view that is none. -#}
    {%- if feature_warehouse._nodes(name) -%}
        {{ return("'" ~ name ~ "' is not a feature view; give that model a meta.feature_view block") }}
    {%- endif -%}
    {%- set split = feature_warehouse._split_name(name | string) -%}
    {%- set versions = [] -%}
    {%- for node in feature_warehouse._nodes(split.base) if split.version is not none -%}
        {%- do versions.append(feature_warehouse._full_name(node)) -%}
    {%- endfor -%}
    {%- if versions -%}
        {{ return(
            "model '" ~ split.base ~ "' has no version '" ~ split.version ~ "'; there are "
            ~ versions | sort | join(', ')
        ) }}
    {%- endif -%}
    {%- set views = [] -%}
    {%- for node in (graph.nodes or {}).values() if feature_warehouse._declared(node, 'feature_view') -%}
        {%- do views.append(feature_warehouse._full_name(node)) -%}
    {%- endfor -%}
    {%- set guess = feature_warehouse._did_you_mean(name | string, views) -%}
    {{ return("there is no model '" ~ name ~ "'" ~ (guess or '; a feature view is named by its model')) }}
{%- endmacro %}
