{#- Which types of a join key and a label column may meet. Those may of which one holds every value of the
    other exactly, and which `=` compares without loss: whole numbers, and texts of any length. The rest
    would let a label find another entity, or none, by rules that differ between warehouses and from
    Redis: '02' is 2 on DuckDB, PostgreSQL's char pads with blanks and citext ignores case, 2^53 + 1 is
    2^53 as a double, a date is midnight of some time zone, true is 1. -#}

{% macro _types_agree(one, other) -%}
    {#- Whether a join key and a label column of two types may meet. -#}
    {%- set one = feature_warehouse._key_type(one) -%}
    {%- set other = feature_warehouse._key_type(other) -%}
    {%- if one.name == other.name -%}
        {{ return(true) }}
    {%- elif one.span and other.span -%}
        {{ return(
            (one.span[0] >= other.span[0] and one.span[1] <= other.span[1])
            or (one.span[0] <= other.span[0] and one.span[1] >= other.span[1])
        ) }}
    {%- endif -%}
    {{ return(false) }}
{%- endmacro %}


{% macro _key_type(data_type) -%}
    {#- A type by one name for all its spellings; a whole number with the least and greatest value. -#}
    {%- set words = modules.re.sub('\\s+', ' ', data_type | lower | trim) -%}
    {%- set bare = modules.re.sub(' ?\\(.*?\\)', '', words) -%}
    {%- set digits = modules.re.fullmatch(
        '(?:numeric|decimal|dec) ?\\( ?(\\d+) ?(?:, ?(\\d+) ?)?\\)', words
    ) -%}
    {%- set bits = {
        'tinyint': 8, 'smallint': 16, 'integer': 32, 'bigint': 64, 'hugeint': 128,
        'utinyint': 8, 'usmallint': 16, 'uinteger': 32, 'ubigint': 64, 'uhugeint': 128,
    } -%}
    {%- if digits -%}
        {%- set scale = (digits.group(2) or 0) | int -%}
        {%- set end = 10 ** (digits.group(1) | int) -%}
        {{ return({
            'name': 'numeric(' ~ digits.group(1) ~ ',' ~ scale ~ ')',
            'span': none if scale else [1 - end, end - 1],
        }) }}
    {%- endif -%}
    {%- set found = namespace(name=words) -%}
    {%- for name, others in feature_warehouse._type_spellings().items() -%}
        {%- if bare == name or bare in others -%}
            {%- set found.name = name -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set size = bits.get(found.name) -%}
    {%- set span = none if size is none else [0, 2 ** size - 1] if found.name.startswith('u')
        else [-(2 ** (size - 1)), 2 ** (size - 1) - 1] -%}
    {{ return({'name': found.name, 'span': span}) }}
{%- endmacro %}


{% macro _keys_are_exact(view, labels) -%}
    {#- Whether the types of all keys are known, and no two labels find one entity by different keys. -#}
    {%- for key, column in feature_warehouse._renames(view.join_keys).items() -%}
        {%- set type = (view.get('types') or {}).get(key) -%}
        {%- set label_type = (labels.get('types') or {}).get(column) -%}
        {%- if view.get('has_windows') or not type or not label_type
            or not feature_warehouse._types_agree(type, label_type) -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}


{% macro _label_key_types(node, relation) -%}
    {#- Without a contract the warehouse is asked, but only when it has built the labels in any case. -#}
    {%- set types = {} -%}
    {%- if node and feature_warehouse._enforces_types(node) -%}
        {%- for column in node.columns.values() -%}
            {%- do types.update({column.name: column.data_type}) -%}
        {%- endfor -%}
    {%- elif flags.WHICH in ('build', 'run') and not feature_warehouse._is_unit_test()
        and (node is none or node.config.materialized != 'ephemeral') -%}
        {%- do types.update(feature_warehouse._column_types(relation)) -%}
    {%- endif -%}
    {{ return(types) }}
{%- endmacro %}
