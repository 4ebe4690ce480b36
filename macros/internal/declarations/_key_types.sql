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
        {%- set narrow, wide = (one.span, other.span) if one.span.bits <= other.span.bits
            else (other.span, one.span) -%}
        {{ return(wide.is_signed or not narrow.is_signed) }}
    {%- endif -%}
    {{ return(false) }}
{%- endmacro %}


{% macro _type_name(data_type) -%}
    {#- A type by one name for all its spellings; of a list by its elements, of a decimal with the digits it has. -#}
    {%- set words = modules.re.sub('\\s+', ' ', data_type | lower | trim) -%}
    {%- set lists = modules.re.findall('^(.+?) ?((?:\\[\\d*\\])+)$', words) -%}
    {%- if modules.re.match('array ?<.+>$', words) -%}
        {{ return(feature_warehouse._type_name(words[words.index('<') + 1:-1]) ~ '[]') }}
    {%- elif lists -%}
        {{ return(feature_warehouse._type_name(lists[0][0]) ~ lists[0][1]) }}
    {%- endif -%}
    {%- set name = feature_warehouse._key_type(words).name -%}
    {%- set digits = feature_warehouse._number_types().numeric if name in ['numeric', 'decimal', 'dec', 'number'] else none -%}
    {{ return('numeric(' ~ digits[0] ~ ',' ~ digits[1] ~ ')' if digits else name) }}
{%- endmacro %}


{% macro _key_type(data_type) -%}
    {#- A type by one name for all its spellings; of a whole number also how many bits its
        greatest value has (of no decimal is that a whole number of bits), and whether it has a sign. -#}
    {%- set words = modules.re.sub('\\s+', ' ', data_type | lower | trim) -%}
    {%- set bare = modules.re.sub(' ?\\(.*?\\)', '', words) -%}
    {%- set digits = modules.re.findall(
        '^(?:numeric|decimal|dec|number) ?\\( ?(\\d+) ?(?:, ?(\\d+) ?)?\\)$', words
    ) -%}
    {%- set bits = {
        'tinyint': 8, 'smallint': 16, 'integer': 32, 'bigint': 64, 'hugeint': 128,
        'utinyint': 8, 'usmallint': 16, 'uinteger': 32, 'ubigint': 64, 'uhugeint': 128,
    } -%}
    {%- if digits -%}
        {%- set scale = (digits[0][1] or 0) | int -%}
        {{ return({
            'name': 'numeric(' ~ digits[0][0] ~ ',' ~ scale ~ ')',
            'span': none if scale else {'bits': digits[0][0] | int * 3.321928094887362, 'is_signed': true},
        }) }}
    {%- endif -%}
    {%- set found = namespace(name=words) -%}
    {%- for name, others in feature_warehouse._type_spellings().items() -%}
        {#- An engine may have another type by a name that others have: a timestamp that is an instant. -#}
        {%- if bare in others or bare == name and found.name == words -%}
            {%- set found.name = name -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set size = bits.get(found.name) -%}
    {%- set is_signed = not found.name.startswith('u') -%}
    {%- set span = none if size is none else {'bits': size - is_signed | int, 'is_signed': is_signed} -%}
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
