{#- The language of on-demand features, from a text to a tree, while dbt parses. A node is a mapping: a `name`,
    a `literal` with its `type`, or a `call` with `args` and the number of `levels`; `at` is its place in the text. What
    is only another way of writing something becomes that: `x in (1, 2)` is `x = 1 or x = 2`. -#}

{% macro _parsed_expression(text, place, name) -%}
    {#- The tree of an expression, and its text with the same blanks however it was written. -#}
    {%- set state = {'text': text, 'place': place, 'name': name, 'next': 0, 'depth': 0} -%}
    {%- do state.update({'tokens': feature_warehouse._expression_tokens(state)}) -%}
    {%- set tree = feature_warehouse._expression(state, 0) -%}
    {%- set token = feature_warehouse._token(state) -%}
    {%- if token.kind -%}
        {{ feature_warehouse._expression_mistake(
            state, token.at, 'an operator is expected' if token.kind != ')' else "')' closes nothing"
        ) }}
    {%- endif -%}
    {{ return({'tree': tree, 'text': state.tokens[:-1] | map(attribute='text') | join(' ')}) }}
{%- endmacro %}


{% macro _expression(state, least) -%}
    {#- As much as binds more strongly than `least`. -#}
    {%- do state.update({'depth': state.depth + 1}) -%}
    {%- if state.depth > 25 -%}
        {{ feature_warehouse._expression_mistake(
            state, state.tokens[state.next].at,
            'it is nested deeper than 25 levels; make on-demand features of its parts'
        ) }}
    {%- endif -%}
    {%- set found = namespace(node=feature_warehouse._expression_start(state), compared=false) -%}
    {%- for number in range(state.tokens | length) -%}
        {%- set binding = feature_warehouse._binding(state) -%}
        {%- if binding <= least -%}
            {%- do state.update({'depth': state.depth - 1}) -%}
            {{ return(found.node) }}
        {%- elif binding == 40 and found.compared -%}
            {{ feature_warehouse._expression_mistake(
                state, state.tokens[state.next].at, 'a comparison of a comparison needs parentheses'
            ) }}
        {%- endif -%}
        {%- set found.compared = binding == 40 -%}
        {%- set found.node = feature_warehouse._expression_continued(state, found.node, binding) -%}
    {%- endfor -%}
{%- endmacro %}


{% macro _expression_start(state) -%}
    {#- What stands before any operator. -#}
    {%- set token = feature_warehouse._take(state) -%}
    {%- set kind, at = token.kind, token.at -%}
    {%- if kind == 'number' -%}
        {{ return(feature_warehouse._number_literal(state, token.text, at)) }}
    {%- elif kind == 'string' -%}
        {{ return({'literal': token.text[1:-1] | replace("''", "'"), 'type': 'text', 'at': at}) }}
    {%- elif kind in ('true', 'false') -%}
        {{ return({'literal': kind, 'type': 'boolean', 'at': at}) }}
    {%- elif kind == 'null' -%}
        {{ return({'literal': none, 'type': 'null', 'at': at}) }}
    {%- elif kind == 'interval' -%}
        {{ return(feature_warehouse._interval_literal(state, at)) }}
    {%- elif kind == '-' and feature_warehouse._token(state).kind == 'number' -%}
        {{ return(feature_warehouse._number_literal(state, '-' ~ feature_warehouse._take(state).text, at)) }}
    {%- elif kind == '-' -%}
        {{ return(feature_warehouse._call(state, 'negative', [feature_warehouse._expression(state, 70)], at)) }}
    {%- elif kind == 'not' -%}
        {{ return(feature_warehouse._call(state, 'not', [feature_warehouse._expression(state, 30)], at)) }}
    {%- elif kind == '(' -%}
        {%- set node = feature_warehouse._expression(state, 0) -%}
        {%- do feature_warehouse._take(state, ')') -%}
        {{ return(node) }}
    {%- elif kind == 'case' -%}
        {{ return(feature_warehouse._case_expression(state, at)) }}
    {%- elif kind == 'cast' -%}
        {{ return(feature_warehouse._cast_expression(state, at)) }}
    {%- elif kind == 'name' and feature_warehouse._token(state).kind == '(' -%}
        {{ return(feature_warehouse._function_call(state, token)) }}
    {%- elif kind == 'name' -%}
        {%- set name = token.text[1:-1] | replace('""', '"') if token.text[0] == '"' else token.text -%}
        {{ return({'name': name, 'at': at}) }}
    {%- endif -%}
    {{ feature_warehouse._expression_mistake(state, at, 'a value is expected') }}
{%- endmacro %}


{% macro _case_expression(state, at) -%}
    {#- Conditions and values in turn, then what holds otherwise. With a value after CASE, each condition is that it
        equals the one after WHEN. -#}
    {%- set compared = none if feature_warehouse._token(state).kind == 'when'
        else feature_warehouse._expression(state, 0) -%}
    {%- set args = [] -%}
    {%- for number in range(state.tokens | length) -%}
        {#- Looked at without a call of a macro, which would be one for each token. -#}
        {%- if state.tokens[state.next].kind == 'when' -%}
            {%- do feature_warehouse._take(state) -%}
            {%- set place = feature_warehouse._token(state).at -%}
            {%- set condition = feature_warehouse._expression(state, 0) -%}
            {%- do args.append(
                condition if compared is none
                else feature_warehouse._call(state, '=', [compared, condition], place)
            ) -%}
            {%- do feature_warehouse._take(state, 'then') -%}
            {%- do args.append(feature_warehouse._expression(state, 0)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not args -%}
        {%- do feature_warehouse._take(state, 'when') -%}
    {%- endif -%}
    {%- set place = feature_warehouse._token(state).at -%}
    {%- if feature_warehouse._next_is(state, 'else') -%}
        {%- do args.append(feature_warehouse._expression(state, 0)) -%}
    {%- else -%}
        {%- do args.append({'literal': none, 'type': 'null', 'at': place}) -%}
    {%- endif -%}
    {%- do feature_warehouse._take(state, 'end') -%}
    {{ return(feature_warehouse._call(state, 'case', args, at)) }}
{%- endmacro %}


{% macro _cast_expression(state, at) -%}
    {#- To a double, the only type that a number is cast to. -#}
    {%- do feature_warehouse._take(state, '(') -%}
    {%- set value = feature_warehouse._expression(state, 0) -%}
    {%- do feature_warehouse._take(state, 'as') -%}
    {%- set type = feature_warehouse._take(state) -%}
    {%- if type.text | lower != 'double' -%}
        {{ feature_warehouse._expression_mistake(state, type.at, "'double' is the only type to cast to") }}
    {%- endif -%}
    {%- if feature_warehouse._token(state).text | lower == 'precision' -%}
        {%- do feature_warehouse._take(state) -%}
    {%- endif -%}
    {%- do feature_warehouse._take(state, ')') -%}
    {{ return(feature_warehouse._call(state, 'double', [value], at)) }}
{%- endmacro %}


{% macro _function_call(state, token) -%}
    {#- A function with its arguments. -#}
    {%- set functions = feature_warehouse._expression_functions() -%}
    {%- set name = token.text | lower -%}
    {%- if name not in functions -%}
        {{ feature_warehouse._expression_mistake(
            state, token.at, "there is no function '" ~ token.text ~ "'; there are " ~ functions | join(', ')
            ~ feature_warehouse._did_you_mean(name, functions)
        ) }}
    {%- endif -%}
    {%- do feature_warehouse._take(state, '(') -%}
    {%- set args = feature_warehouse._listed_expressions(state) -%}
    {%- set fewest, most = functions[name] -%}
    {%- if args | length < fewest or args | length > most -%}
        {{ feature_warehouse._expression_mistake(
            state, token.at, name ~ ' takes ' ~ fewest ~ (' value' if most == 1 else ' values')
            ~ (' or more' if most > fewest else '') ~ ', not ' ~ args | length
        ) }}
    {%- elif name == 'nullif' -%}
        {{ return(feature_warehouse._call(state, 'case', [
            feature_warehouse._call(state, '=', args, token.at),
            {'literal': none, 'type': 'null', 'at': token.at},
            args[0],
        ], token.at)) }}
    {%- endif -%}
    {{ return(feature_warehouse._call(state, name, args, token.at)) }}
{%- endmacro %}


{% macro _listed_expressions(state) -%}
    {#- Expressions between commas, up to a parenthesis that closes. -#}
    {%- set args = [] -%}
    {%- if feature_warehouse._next_is(state, ')') -%}
        {{ return(args) }}
    {%- endif -%}
    {%- for number in range(state.tokens | length) -%}
        {%- do args.append(feature_warehouse._expression(state, 0)) -%}
        {%- if not feature_warehouse._next_is(state, ',') -%}
            {%- do feature_warehouse._take(state, ')') -%}
            {{ return(args) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro _expression_continued(state, left, binding) -%}
    {#- An operator and what stands behind it. -#}
    {%- set token = feature_warehouse._take(state) -%}
    {%- set at = token.at -%}
    {%- if token.kind == 'is' -%}
        {{ return(feature_warehouse._is_expression(state, left, at)) }}
    {%- elif token.kind in ('not', 'in', 'between') -%}
        {%- set kind = feature_warehouse._take(state).kind if token.kind == 'not' else token.kind -%}
        {%- set node = (
            feature_warehouse._in_expression(state, left, at) if kind == 'in'
            else feature_warehouse._between_expression(state, left, at)
        ) -%}
        {{ return(feature_warehouse._call(state, 'not', [node], at) if token.kind == 'not' else node) }}
    {%- endif -%}
    {{ return(feature_warehouse._call(
        state, token.kind, [left, feature_warehouse._expression(state, binding)], at
    )) }}
{%- endmacro %}


{% macro _is_expression(state, left, at) -%}
    {#- IS [NOT] NULL, IS [NOT] DISTINCT FROM. -#}
    {%- set is_not = feature_warehouse._next_is(state, 'not') -%}
    {%- if feature_warehouse._next_is(state, 'null') -%}
        {%- set node = feature_warehouse._call(state, 'is_null', [left], at) -%}
    {%- elif feature_warehouse._next_is(state, 'distinct') -%}
        {%- do feature_warehouse._take(state, 'from') -%}
        {%- set node = feature_warehouse._call(
            state, 'is_distinct', [left, feature_warehouse._expression(state, 40)], at
        ) -%}
    {%- else -%}
        {{ feature_warehouse._expression_mistake(
            state, feature_warehouse._token(state).at, "'null' or 'distinct from' is expected"
        ) }}
    {%- endif -%}
    {{ return(feature_warehouse._call(state, 'not', [node], at) if is_not else node) }}
{%- endmacro %}


{% macro _in_expression(state, left, at) -%}
    {#- Equal to one of several. -#}
    {%- do feature_warehouse._take(state, '(') -%}
    {%- set equal = [] -%}
    {%- for value in feature_warehouse._listed_expressions(state) -%}
        {%- do equal.append(feature_warehouse._call(state, '=', [left, value], at)) -%}
    {%- endfor -%}
    {%- if not equal -%}
        {{ feature_warehouse._expression_mistake(state, at, 'there is no value to be equal to') }}
    {%- endif -%}
    {{ return(feature_warehouse._call(state, 'or', equal, at)) }}
{%- endmacro %}


{% macro _between_expression(state, left, at) -%}
    {#- Not less than one and not greater than the other. -#}
    {%- set first = feature_warehouse._expression(state, 40) -%}
    {%- do feature_warehouse._take(state, 'and') -%}
    {%- set last = feature_warehouse._expression(state, 40) -%}
    {{ return(feature_warehouse._call(state, 'and', [
        feature_warehouse._call(state, '>=', [left, first], at),
        feature_warehouse._call(state, '<=', [left, last], at),
    ], at)) }}
{%- endmacro %}
