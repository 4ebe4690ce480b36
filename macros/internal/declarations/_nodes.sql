{#- The nodes of the project. dbt 1 shows a unit test none of them when it compiles the tested model, and all
    of them when it parses it for the test, a moment before. What source() is called with then, and nothing
    else, is still there when it compiles. -#}

{% macro _remember_nodes(more=[]) -%}
    {#- The tested model and all that comes before it, and before the nodes with the unique ids `more`. -#}
    {%- if not execute and model.resource_type == 'unit_test' -%}
        {%- set ids = [model.tested_node_unique_id] + more -%}
        {#- The list grows while it is gone through. -#}
        {%- for number in range(graph.nodes | length + graph.sources | length) -%}
            {%- if number == ids | length -%}
                {{ return('') }}
            {%- endif -%}
            {%- set id = ids[number] -%}
            {%- set node = graph.nodes.get(id) or graph.sources.get(id) -%}
            {%- set kept = {} -%}
            {%- for key in [
                'name', 'unique_id', 'resource_type', 'package_name', 'version', 'latest_version', 'config',
                'columns', 'constraints', 'database', 'schema', 'alias', 'relation_name', 'depends_on', 'source_name',
                'identifier',
            ] if key in node -%}
                {%- do kept.update({key: feature_warehouse._plain(node[key])}) -%}
            {%- endfor -%}
            {%- do source(id, toyaml(kept)) -%}
            {%- for parent in node.get('depends_on', {}).get('nodes', []) -%}
                {%- if parent not in ids -%}
                    {%- do ids.append(parent) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro _plain(value) -%}
    {#- Without the classes of dbt's own for texts and the like, which toyaml() does not take. -#}
    {%- if value is string -%}
        {{ return(value ~ '') }}
    {%- elif value is mapping -%}
        {%- set plain = {} -%}
        {%- for key in value -%}
            {%- do plain.update({feature_warehouse._plain(key): feature_warehouse._plain(value[key])}) -%}
        {%- endfor -%}
        {{ return(plain) }}
    {%- elif value is iterable -%}
        {%- set plain = [] -%}
        {%- for item in value -%}
            {%- do plain.append(feature_warehouse._plain(item)) -%}
        {%- endfor -%}
        {{ return(plain) }}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}


{% macro _nodes(name) -%}
    {#- The nodes of that name: of one without a version, all versions. -#}
    {%- set split = feature_warehouse._split_name(name) -%}
    {%- set found = [] -%}
    {%- if feature_warehouse._is_unit_test() and not graph.nodes -%}
        {%- for id, text in model.sources if (id.split('.') + ['', ''])[2] == split.base -%}
            {%- set node = fromyaml(text) -%}
            {%- if split.version is none or node.version ~ '' == split.version -%}
                {%- do found.append(node) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {%- for node in (graph.nodes or {}).values()
            if node.name == split.base and (split.version is none or node.version ~ '' == split.version) -%}
            {%- do found.append(node) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{% macro _models() -%}
    {#- All models that are known here. -#}
    {%- set found = [] -%}
    {%- if feature_warehouse._is_unit_test() and not graph.nodes -%}
        {%- for id, text in model.sources if id.startswith('model.') -%}
            {%- do found.append(fromyaml(text)) -%}
        {%- endfor -%}
        {{ return(found) }}
    {%- endif -%}
    {%- for node in (graph.nodes or {}).values() if node.resource_type == 'model' -%}
        {%- do found.append(node) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro _node_of(id) -%}
    {#- The node or source of an unique id, none where there is none. -#}
    {%- if feature_warehouse._is_unit_test() and not graph.nodes -%}
        {%- for known, text in model.sources if known == id -%}
            {{ return(fromyaml(text)) }}
        {%- endfor -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return((graph.nodes or {}).get(id) or (graph.sources or {}).get(id)) }}
{%- endmacro %}


{% macro _own_node() -%}
    {#- The model that is being built; in a unit test the one that is tested. -#}
    {{ return(
        feature_warehouse._node_of(model.tested_node_unique_id) if feature_warehouse._is_unit_test()
        else model
    ) }}
{%- endmacro %}


{% macro _is_unit_test() -%}
    {#- Whether a unit test is being compiled. -#}
    {{ return(model is defined and model.resource_type == 'unit_test') }}
{%- endmacro %}


{% macro _model_node(name) -%}
    {#- What ref(name) means here: of this package before others, of the latest version unless the name has
        one. -#}
    {%- set found = namespace(own=none, other=[]) -%}
    {%- set version = feature_warehouse._split_name(name).version -%}
    {%- for node in feature_warehouse._nodes(name) if feature_warehouse._may_be_referred_to(node) -%}
        {%- if version is not none or feature_warehouse._is_latest(node) -%}
            {%- if model is defined and node.package_name == model.package_name -%}
                {%- set found.own = node -%}
            {%- else -%}
                {%- do found.other.append(node) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if found.own is not none -%}
        {{ return(found.own) }}
    {%- elif found.other | length == 1 -%}
        {{ return(found.other[0]) }}
    {%- elif found.other -%}
        {{ exceptions.raise_compiler_error(
            "feature_warehouse: several packages have a '" ~ name ~ "'; rename one of them"
        ) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{% macro _column_meta(column) -%}
    {#- The `meta` of a column, wherever this version of dbt keeps it. -#}
    {%- set config = column.get('config') or {} -%}
    {{ return(config.get('meta') or column.get('meta') or {}) }}
{%- endmacro %}


{% macro _may_be_referred_to(node) -%}
    {#- Whether a node is a model, seed or snapshot. -#}
    {{ return(node.resource_type in ('model', 'seed', 'snapshot')) }}
{%- endmacro %}
