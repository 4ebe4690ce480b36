{#- What a person reads in the catalog. The Python package's `describe` says the same. -#}

{% macro _listed(texts) -%}
    {#- Texts as one, sorted, each once. -#}
    {{ return(texts | list | unique(case_sensitive=true) | sort(case_sensitive=true) | join(', ')) }}
{%- endmacro %}


{% macro _one_line(text) -%}
    {#- A text without line breaks and indents. -#}
    {{ return(none if text is none else (text | string).split() | join(' ')) }}
{%- endmacro %}


{% macro _tests_by_model() -%}
    {#- The names of all generic tests by model and column; those of a model itself stand under ''. -#}
    {%- set tests = {} -%}
    {%- for test in (graph.nodes or {}).values() if test.resource_type == 'test' and test.attached_node -%}
        {%- set column = test.column_name or test.test_metadata.kwargs.get('column_name') or '' -%}
        {%- set columns = tests.setdefault(test.attached_node, {}) -%}
        {%- do columns.setdefault(feature_warehouse._bare_name(column), []).append(test.test_metadata.name) -%}
    {%- endfor -%}
    {{ return(tests) }}
{%- endmacro %}


{% macro _owner(node) -%}
    {#- `meta.owner`, else the owner of the model's group. -#}
    {%- set own = feature_warehouse._owner_text((node.config.meta or {}).get('owner')) -%}
    {%- if own is none and node.group -%}
        {#- dbt 2.0 keeps the owner of a group inside. -#}
        {%- set group = (graph.groups or {}).get('group.' ~ node.package_name ~ '.' ~ node.group) or {} -%}
        {{ return(feature_warehouse._owner_text(
            group.get('owner') or (group.get('__group_attr__') or {}).get('owner')
        )) }}
    {%- endif -%}
    {{ return(own) }}
{%- endmacro %}


{% macro _owner_text(owner) -%}
    {#- A text, or a mapping with name and e-mail, as dbt's groups and exposures have it. -#}
    {%- if owner is mapping -%}
        {%- set email = owner.get('email') -%}
        {%- set email = email if email is string or not email else email | join(', ') -%}
        {%- set name = owner.get('name') -%}
        {{ return(name ~ ' <' ~ email ~ '>' if name and email else name or email or none) }}
    {%- endif -%}
    {{ return(feature_warehouse._one_line(owner) or none) }}
{%- endmacro %}


{% macro _default_text(value) -%}
    {#- A text as it is, everything else as JSON. -#}
    {{ return(value if value is none or value is string else tojson(value, value | string)) }}
{%- endmacro %}
