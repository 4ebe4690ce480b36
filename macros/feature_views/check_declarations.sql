{% macro check_declarations() -%}
    {%- if execute -%}
        {%- set problems = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
            {%- set meta = node.config.meta or {} -%}
            {%- set mistakes = [] -%}
            {%- if 'feature_view' in meta -%}
                {%- do mistakes.extend(feature_warehouse._feature_view_mistakes(node)) -%}
            {%- endif -%}
            {%- if 'label_set' in meta -%}
                {%- do mistakes.extend(feature_warehouse._label_set_mistakes(node)) -%}
            {%- endif -%}
            {%- for mistake in mistakes -%}
                {%- do problems.append(node.name ~ ': ' ~ mistake) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if problems -%}
            {{ feature_warehouse._fail('the project', problems | sort) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
