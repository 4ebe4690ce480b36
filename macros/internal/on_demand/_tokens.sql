{#- The words, signs and literals of which expressions are made. -#}

{% macro _expression_mistake(state, at, what) -%}
    {#- Stops, and points at the place. -#}
    {{ feature_warehouse._fail(state.place, [
        "on-demand feature '" ~ state.name ~ "': " ~ what ~ ', at the mark in: '
        ~ (state.text[:at] ~ '>>>' ~ state.text[at:]) | replace('\n', ' ')
    ]) }}
{%- endmacro %}


{% macro _expression_tokens(state) -%}
    {#- The words, numbers and signs of an expression, with an end. -#}
    {%- set pattern = "(\\s+|(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[A-Za-z_][A-Za-z0-9_]*|'(?:[^']|'')*'|"
        ~ '"(?:[^"]|"")*"|<=|>=|<>|!=|.)' -%}
    {%- set tokens = [] -%}
    {%- set passed = namespace(at=0) -%}
    {%- for text in modules.re.findall(pattern, state.text) -%}
        {%- set first = text[0] -%}
        {%- if modules.re.fullmatch('\\s+', text) -%}
            {#- Nothing. -#}
        {%- elif modules.re.fullmatch('[A-Za-z_].*', text) -%}
            {%- set is_word = text | lower in feature_warehouse._expression_words() -%}
            {%- do tokens.append({
                'kind': text | lower if is_word else 'name', 'text': text | lower if is_word else text,
                'at': passed.at
            }) -%}
        {%- elif modules.re.fullmatch('[.]?[0-9].*', text) -%}
            {%- do tokens.append({'kind': 'number', 'text': text | lower, 'at': passed.at}) -%}
        {%- elif first in ("'", '"') and text | length > 1 -%}
            {%- do tokens.append({
                'kind': 'string' if first == "'" else 'name', 'text': text, 'at': passed.at
            }) -%}
        {%- elif text in ('(', ')', ',', '+', '-', '*', '/', '=', '<', '>', '<=', '>=', '<>', '!=') -%}
            {%- set sign = '<>' if text == '!=' else text -%}
            {%- do tokens.append({'kind': sign, 'text': sign, 'at': passed.at}) -%}
        {%- else -%}
            {{ feature_warehouse._expression_mistake(
                state, passed.at,
                'a quotation mark is not closed' if first in ("'", '"')
                    else "'" ~ text ~ "' means nothing here"
            ) }}
        {%- endif -%}
        {%- set passed.at = passed.at + text | length -%}
    {%- endfor -%}
    {{ return(tokens + [{'kind': '', 'text': '', 'at': passed.at}]) }}
{%- endmacro %}


{% macro _expression_words() -%}
    {#- Words that cannot be names, unless in double quotes. -#}
    {{ return([
        'and', 'or', 'not', 'is', 'null', 'distinct', 'from', 'case', 'when', 'then', 'else', 'end', 'in', 'between',
        'true', 'false', 'interval', 'cast', 'as'
    ]) }}
{%- endmacro %}


{% macro _expression_functions() -%}
    {#- The functions with the least and the greatest number of their arguments. -#}
    {{ return({
        'abs': (1, 1),
        'ceil': (1, 1),
        'coalesce': (1, 100),
        'day_of_week': (1, 1),
        'exp': (1, 1),
        'floor': (1, 1),
        'greatest': (1, 100),
        'hour': (1, 1),
        'least': (1, 100),
        'ln': (1, 1),
        'month': (1, 1),
        'nullif': (2, 2),
        'seconds_between': (2, 2),
        'sign': (1, 1),
        'sqrt': (1, 1),
    }) }}
{%- endmacro %}


{% macro _token(state) -%}
    {#- The next token. -#}
    {{ return(state.tokens[state.next]) }}
{%- endmacro %}


{% macro _take(state, kind=none) -%}
    {#- The next token, after which the one behind it is next; stops if it is of another kind than expected. -#}
    {%- set token = state.tokens[state.next] -%}
    {%- if kind and token.kind != kind -%}
        {{ feature_warehouse._expression_mistake(state, token.at, "'" ~ kind ~ "' is expected") }}
    {%- endif -%}
    {%- do state.update({'next': state.next + (1 if token.kind else 0)}) -%}
    {{ return(token) }}
{%- endmacro %}


{% macro _next_is(state, kind) -%}
    {#- Whether the next token is of a kind; if it is, it is taken. -#}
    {%- if state.tokens[state.next].kind != kind -%}
        {{ return(false) }}
    {%- endif -%}
    {%- do state.update({'next': state.next + 1}) -%}
    {{ return(true) }}
{%- endmacro %}


{% macro _call(state, name, args, at) -%}
    {#- A node with others below it; macros that follow a tree to its ends have to come back. -#}
    {%- set levels = [] -%}
    {%- for node in args -%}
        {%- do levels.append(node.levels or 0) -%}
    {%- endfor -%}
    {%- if levels | max >= 25 -%}
        {{ feature_warehouse._expression_mistake(
            state, at, 'it is nested deeper than 25 levels; make on-demand features of its parts'
        ) }}
    {%- endif -%}
    {{ return({'call': name, 'args': args, 'at': at, 'levels': levels | max + 1}) }}
{%- endmacro %}


{% macro _binding(state) -%}
    {#- How strongly the next token binds what stands before it; 0 if it does not. -#}
    {%- set kind = state.tokens[state.next].kind -%}
    {%- if kind == 'not' and state.tokens[state.next + 1].kind in ('in', 'between') -%}
        {{ return(40) }}
    {%- endif -%}
    {{ return({
        'or': 10, 'and': 20, '=': 40, '<>': 40, '<': 40, '<=': 40, '>': 40, '>=': 40, 'is': 40, 'in': 40,
        'between': 40, '+': 50, '-': 50, '*': 60, '/': 60,
    }.get(kind, 0)) }}
{%- endmacro %}


{% macro _number_literal(state, text, at) -%}
    {#- A whole number of 64 bits, or one with a point or an exponent. Kept as a text: engines of Jinja have
        other limits. -#}
    {%- if modules.re.fullmatch('-?[0-9]+', text) -%}
        {%- if text | length > 20 or text | int > 9223372036854775807 or text | int < -9223372036854775808 -%}
            {{ feature_warehouse._expression_mistake(state, at, 'a whole number has no more than 64 bits') }}
        {%- endif -%}
        {{ return({'literal': text | int | string, 'type': 'integer', 'at': at}) }}
    {%- endif -%}
    {%- set size = text | float | abs -%}
    {%- if size != 0 and not (size >= '1e-150' | float and size <= '1e150' | float)
        or size == 0 and modules.re.findall('^[^e]*[1-9]', text) -%}
        {{ feature_warehouse._expression_mistake(state, at, 'a number lies between 1e-150 and 1e150') }}
    {%- endif -%}
    {{ return({'literal': text, 'type': 'double', 'at': at}) }}
{%- endmacro %}


{% macro _interval_literal(state, at) -%}
    {#- A fixed length of time, in microseconds. -#}
    {%- set token = feature_warehouse._take(state, 'string') -%}
    {%- set microseconds = feature_warehouse._microseconds(token.text[1:-1]) -%}
    {%- if microseconds is none -%}
        {{ feature_warehouse._expression_mistake(
            state, token.at, "a fixed length of time is expected, such as '90 minutes'"
        ) }}
    {%- elif microseconds > 315360000000000000 -%}
        {{ feature_warehouse._expression_mistake(state, token.at, 'it is longer than 3650000 days') }}
    {%- endif -%}
    {{ return({'literal': microseconds | string, 'type': 'interval', 'at': at}) }}
{%- endmacro %}
