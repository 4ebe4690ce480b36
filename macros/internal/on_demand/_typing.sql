{#- A parsed tree with the type of each node; what has no type is a mistake, with its place. The Python package says the
    same in on_demand/types.py, from the same tree. -#}

{% macro _typed_expression(node, context) -%}
    {#- The tree with the type of each node. `context` is that of `_expression_mistake`, with the `types` of all names
        and `elsewhere`, why some have none. -#}
    {%- if 'literal' in node -%}
        {{ return({'call': 'literal', 'value': node.literal, 'type': node.type, 'at': node.at, 'args': []}) }}
    {%- elif 'name' in node -%}
        {{ return({
            'call': 'name', 'value': node.name, 'at': node.at, 'args': [],
            'type': feature_warehouse._type_of_name(node, context),
        }) }}
    {%- endif -%}
    {%- set args = [] -%}
    {%- for arg in node.args -%}
        {%- do args.append(feature_warehouse._typed_expression(arg, context)) -%}
    {%- endfor -%}
    {%- set call = node.call -%}
    {%- if call in ('+', '-') and 'timestamp' in (args[0].type, args[1].type) -%}
        {{ return(feature_warehouse._typed_shift(node, args, context)) }}
    {%- elif call in ('+', '-', '*', '/') -%}
        {{ return(feature_warehouse._typed_arithmetic(node, args, context)) }}
    {%- elif call in ('=', '<>', '<', '<=', '>', '>=', 'is_distinct') -%}
        {{ return(feature_warehouse._typed_comparison(node, args, context)) }}
    {%- elif call == 'case' -%}
        {{ return(feature_warehouse._typed_case(node, args, context)) }}
    {%- elif call in ('coalesce', 'least', 'greatest') -%}
        {{ return(feature_warehouse._typed_choice(node, args, context)) }}
    {%- endif -%}
    {{ return(feature_warehouse._typed_function(node, args, context)) }}
{%- endmacro %}


{% macro _type_of_name(node, context) -%}
    {#- The type of a column or of another on-demand feature. -#}
    {%- if node.name in context.elsewhere -%}
        {{ feature_warehouse._expression_mistake(context, node.at, context.elsewhere[node.name]) }}
    {%- elif node.name not in context.types -%}
        {{ feature_warehouse._expression_mistake(
            context, node.at, "there is no '" ~ node.name ~ "'; there are " ~ context.types | join(', ')
            ~ feature_warehouse._did_you_mean(node.name, context.types)
        ) }}
    {%- endif -%}
    {{ return(context.types[node.name]) }}
{%- endmacro %}


{% macro _shared_type(node, args, context, wanted=none, words='') -%}
    {#- The type that arguments share; stops if they share none, or another than is wanted. -#}
    {%- set types = args | map(attribute='type') | list -%}
    {%- set type = feature_warehouse._common_type(types) -%}
    {%- if type is none and 'double' not in types and types | select('in', ['text', 'boolean', 'timestamp', 'interval']) | list == [] -%}
        {{ feature_warehouse._expression_mistake(
            context, node.at, types | unique | join(' and ') ~ ' have more than 38 digits together; cast one to double'
        ) }}
    {%- elif type is none -%}
        {{ feature_warehouse._expression_mistake(
            context, node.at, types | unique | join(' and ') ~ ' are no values of one type'
        ) }}
    {%- elif type == 'interval' or wanted and type != 'null' and type.split('(')[0] not in wanted -%}
        {{ feature_warehouse._expression_mistake(
            context, node.at, node.call ~ ' is not there for ' ~ type ~ words
        ) }}
    {%- endif -%}
    {{ return(type) }}
{%- endmacro %}


{% macro _typed_shift(node, args, context) -%}
    {#- An instant and a fixed length of time. -#}
    {%- set types = [args[0].type, args[1].type] -%}
    {%- if types == ['timestamp', 'interval'] or node.call == '+' and types == ['interval', 'timestamp'] -%}
        {%- set instant, length = args if types[0] == 'timestamp' else args[::-1] -%}
        {{ return({
            'call': 'shift', 'args': [instant], 'type': 'timestamp', 'at': node.at,
            'value': length.value if node.call == '+' else '-' ~ length.value,
        }) }}
    {%- endif -%}
    {{ feature_warehouse._expression_mistake(
        context, node.at, "to a timestamp only an interval can be added, such as interval '3 hours'; for the time between"
        ~ ' two write seconds_between(first, last)'
    ) }}
{%- endmacro %}


{% macro _typed_arithmetic(node, args, context) -%}
    {#- Sums, products and quotients. A quotient is a double. -#}
    {%- set type = feature_warehouse._shared_type(node, args, context, ('integer', 'double', 'decimal')) -%}
    {%- set type = 'double' if node.call == '/' else type -%}
    {%- if type.startswith('decimal') and node.call == '*' -%}
        {{ feature_warehouse._expression_mistake(
            context, node.at, 'decimals are only added, subtracted and compared; write cast(... as double)'
        ) }}
    {%- elif type.startswith('decimal') -%}
        {%- set digits, scale = feature_warehouse._type_digits(type) -%}
        {%- if digits == 38 -%}
            {{ feature_warehouse._expression_mistake(
                context, node.at, 'the sum has more than 38 digits; write cast(... as double)'
            ) }}
        {%- endif -%}
        {{ return({
            'call': node.call, 'args': feature_warehouse._all_as_type(args, type),
            'type': 'decimal(' ~ (digits + 1) ~ ',' ~ scale ~ ')', 'at': node.at,
        }) }}
    {%- endif -%}
    {%- set type = 'integer' if type == 'null' else type -%}
    {{ return({
        'call': node.call, 'args': feature_warehouse._all_as_type(args, type), 'type': type, 'at': node.at
    }) }}
{%- endmacro %}


{% macro _typed_comparison(node, args, context) -%}
    {#- Of texts and booleans only whether they are equal: texts have no order that engines share. -#}
    {%- set ordered = ('integer', 'double', 'decimal', 'timestamp') -%}
    {%- set is_equality = node.call in ('=', '<>', 'is_distinct') -%}
    {%- set type = feature_warehouse._shared_type(
        node, args, context, ordered + ('text', 'boolean') if is_equality else ordered
    ) -%}
    {{ return({
        'call': node.call, 'type': 'boolean', 'at': node.at,
        'args': feature_warehouse._all_as_type(args, 'integer' if type == 'null' else type),
    }) }}
{%- endmacro %}


{% macro _typed_case(node, args, context) -%}
    {#- Conditions are booleans, values of one type. -#}
    {%- set values = [] -%}
    {%- set conditions = [] -%}
    {%- for arg in args -%}
        {%- if loop.last or loop.index0 % 2 -%}
            {%- do values.append(arg) -%}
        {%- else -%}
            {%- do conditions.append(feature_warehouse._wanted_type(node, arg, 'boolean', context)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set type = feature_warehouse._shared_type(node, values, context) -%}
    {%- set found = [] -%}
    {%- for value in feature_warehouse._all_as_type(values, type) -%}
        {%- do found.extend(conditions[loop.index0:loop.index] + [value]) -%}
    {%- endfor -%}
    {{ return({'call': 'case', 'args': found, 'type': type, 'at': node.at}) }}
{%- endmacro %}


{% macro _typed_choice(node, args, context) -%}
    {#- One of several values. -#}
    {%- set type = feature_warehouse._shared_type(
        node, args, context, none if node.call == 'coalesce' else ('integer', 'double', 'decimal', 'timestamp')
    ) -%}
    {{ return({
        'call': node.call, 'args': feature_warehouse._all_as_type(args, type), 'type': type, 'at': node.at
    }) }}
{%- endmacro %}


{% macro _wanted_type(node, arg, type, context) -%}
    {#- An argument of that type; stops if it is of another. -#}
    {%- if feature_warehouse._common_type([arg.type, type]) != type -%}
        {{ feature_warehouse._expression_mistake(
            context, arg.at, node.call ~ ' takes ' ~ type ~ ', not ' ~ arg.type
        ) }}
    {%- endif -%}
    {{ return(feature_warehouse._as_type(arg, type)) }}
{%- endmacro %}


{% macro _typed_function(node, args, context) -%}
    {#- All else. -#}
    {%- set call = node.call -%}
    {%- set wanted = {
        'and': 'boolean', 'or': 'boolean', 'not': 'boolean', 'hour': 'timestamp', 'day_of_week': 'timestamp',
        'month': 'timestamp', 'seconds_between': 'timestamp', 'sqrt': 'double', 'ln': 'double',
        'exp': 'double', 'double': 'double',
    }.get(call) -%}
    {%- if wanted -%}
        {%- set found = [] -%}
        {%- for arg in args -%}
            {%- do found.append(feature_warehouse._wanted_type(node, arg, wanted, context)) -%}
        {%- endfor -%}
        {%- if call == 'double' -%}
            {{ return(found[0]) }}
        {%- endif -%}
        {%- set type = {
            'hour': 'integer', 'day_of_week': 'integer', 'month': 'integer', 'seconds_between': 'double'
        }.get(call, wanted) -%}
        {{ return({'call': call, 'args': found, 'type': type, 'at': node.at}) }}
    {%- elif call == 'is_null' -%}
        {{ return({
            'call': call, 'type': 'boolean', 'at': node.at, 'args': feature_warehouse._all_as_type(
                args, 'integer' if args[0].type == 'null' else feature_warehouse._shared_type(node, args, context)
            ),
        }) }}
    {%- endif -%}
    {%- set wanted = ('integer', 'double') if call in ('floor', 'ceil') else ('integer', 'double', 'decimal') -%}
    {%- set type = feature_warehouse._shared_type(
        node, args, context, wanted, '; write cast(... as double)' if args[0].type.startswith('decimal') else ''
    ) -%}
    {%- set type = 'integer' if type == 'null' else type -%}
    {{ return({
        'call': call, 'args': feature_warehouse._all_as_type(args, type), 'at': node.at,
        'type': 'integer' if call == 'sign' else type,
    }) }}
{%- endmacro %}
