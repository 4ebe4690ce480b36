{#- The types of on-demand features: `integer` (64 bits), `double`, `decimal(p,s)`, `boolean`, `text`, `timestamp`
    (an instant in UTC), and of literals `null` and `interval`. -#}

{% macro _expression_type(data_type) -%}
    {#- The type that a column's values have in an expression; none if it has no place there. -#}
    {%- set type = feature_warehouse._type_name(data_type or '') -%}
    {%- set bare = modules.re.sub(' ?\\([0-9]+\\)', '', type) -%}
    {%- if type.startswith('numeric(') -%}
        {%- set digits = type[8:-1].split(',') -%}
        {{ return('decimal(' ~ digits | join(',') ~ ')' if digits[0] | int <= 38
            and digits[1] | int <= digits[0] | int else none) }}
    {%- endif -%}
    {{ return({
        'tinyint': 'integer', 'smallint': 'integer', 'integer': 'integer', 'bigint': 'integer',
        'utinyint': 'integer', 'usmallint': 'integer', 'uinteger': 'integer',
        'double precision': 'double', 'real': 'double', 'text': 'text', 'boolean': 'boolean',
        'timestamp': 'timestamp', 'timestamptz': 'timestamp', 'date': 'timestamp',
    }.get(bare)) }}
{%- endmacro %}


{% macro _sql_type(type) -%}
    {#- What the type of an expression is called in SQL. -#}
    {{ return({
        'integer': 'bigint', 'double': feature_warehouse._number_types().double, 'text': feature_warehouse._text_type(),
    }.get(type, type)) }}
{%- endmacro %}


{% macro _declared_type(type) -%}
    {#- The type of an expression as a contract has it on every engine. -#}
    {{ return({'integer': 'bigint', 'double': 'double precision'}.get(type, type)) }}
{%- endmacro %}


{% macro _type_digits(type) -%}
    {#- All digits of a number that is not a double, and those after the point. -#}
    {%- if type == 'integer' -%}
        {{ return((19, 0)) }}
    {%- endif -%}
    {%- set digits = type[8:-1].split(',') -%}
    {{ return((digits[0] | int, digits[1] | int)) }}
{%- endmacro %}


{% macro _common_type(types) -%}
    {#- The type that values of several types share; none if they share none. NULL is of any type. -#}
    {%- set known = types | reject('equalto', 'null') | unique | list -%}
    {%- if known | length < 2 -%}
        {{ return(known[0] if known else 'null') }}
    {%- endif -%}
    {%- for type in known if type not in ('integer', 'double') and not type.startswith('decimal') -%}
        {{ return(none) }}
    {%- endfor -%}
    {%- if 'double' in known -%}
        {{ return('double') }}
    {%- endif -%}
    {%- set whole = [] -%}
    {%- set scales = [] -%}
    {%- for type in known -%}
        {%- set digits, scale = feature_warehouse._type_digits(type) -%}
        {%- do whole.append(digits - scale) -%}
        {%- do scales.append(scale) -%}
    {%- endfor -%}
    {%- set digits = whole | max + scales | max -%}
    {{ return('decimal(' ~ digits ~ ',' ~ scales | max ~ ')' if digits <= 38 else none) }}
{%- endmacro %}


{% macro _as_type(node, type) -%}
    {#- A node as one of a type that holds its values. -#}
    {%- if node.type == type -%}
        {{ return(node) }}
    {%- elif node.type == 'null' or node.call == 'literal' and type == 'double' and node.type == 'integer' -%}
        {{ return({
            'call': 'literal', 'value': none if node.type == 'null' else node.value, 'type': type, 'at': node.at,
            'args': [],
        }) }}
    {%- endif -%}
    {{ return({
        'call': 'double' if type == 'double' else 'decimal', 'args': [node], 'type': type, 'at': node.at
    }) }}
{%- endmacro %}


{% macro _all_as_type(nodes, type) -%}
    {#- Nodes as those of one type. -#}
    {%- set converted = [] -%}
    {%- for node in nodes -%}
        {%- do converted.append(feature_warehouse._as_type(node, type)) -%}
    {%- endfor -%}
    {{ return(converted) }}
{%- endmacro %}
