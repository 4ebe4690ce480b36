{#- Compiled SQL is read by people: nothing wider than 100 columns. -#}

{% macro _with(ctes) -%}
    {#- What comes before a select list, if anything does. -#}
    {{ return('with ' ~ ctes | join(',\n\n') ~ '\n\n' if ctes else '') }}
{%- endmacro %}


{% macro _window(call, partition, order, indent, ending='') -%}
    {#- A window function with what follows it, on as many lines as it needs. -#}
    {%- set clauses = [] -%}
    {%- for words, items in [('partition by', partition), ('order by', order)] if items -%}
        {%- do clauses.append(feature_warehouse._clause(words, items, indent + 4)) -%}
    {%- endfor -%}
    {%- set line = call ~ ' over (' ~ clauses | join(' ') ~ ')' ~ ending -%}
    {%- if '\n' not in line and indent + line | length < 100 -%}
        {{ return(line) }}
    {%- endif -%}
    {%- set gap = '\n' ~ ' ' * indent -%}
    {{ return(
        call ~ ' over (' ~ gap ~ '    ' ~ clauses | join(gap ~ '    ') ~ gap ~ ')' ~ ending
    ) }}
{%- endmacro %}


{% macro _over(name, windows) -%}
    {#- What stands after OVER for a window that has a name and a definition. -#}
    {{ return(name if feature_warehouse._can('named_windows') else '(' ~ windows[name] ~ ')') }}
{%- endmacro %}


{% macro _window_clause(windows, indent) -%}
    {#- The WINDOW clause, on lines of its own that deep; nothing where definitions stand after OVER. -#}
    {%- if not feature_warehouse._can('named_windows') -%}
        {{ return('') }}
    {%- endif -%}
    {%- set gap = '\n' ~ ' ' * indent -%}
    {%- set definitions = [] -%}
    {%- for name, definition in windows.items() -%}
        {%- do definitions.append(gap ~ '    ' ~ name ~ ' as (' ~ definition ~ ')') -%}
    {%- endfor -%}
    {{ return(gap ~ 'window' ~ definitions | join(',')) }}
{%- endmacro %}


{% macro _filtered(function, value, condition, over) -%}
    {#- An aggregate over the rows of a window that meet a condition. Not by FILTER, for which DuckDB goes
        through all rows of a large partition again and again. -#}
    {%- set value = '1' if value == '*' else value -%}
    {%- set line = function ~ '(case when ' ~ condition ~ ' then ' ~ value ~ ' end) over ' ~ over -%}
    {{ return(
        line if line | length <= 74
        else function ~ '(\n                case\n                    when ' ~ condition
            ~ '\n                        then ' ~ value ~ '\n                end\n            ) over ' ~ over
    ) }}
{%- endmacro %}


{% macro _named(expression, name, indent) -%}
    {#- An item of a select list that stands that deep. -#}
    {%- set last = expression.split('\n') | last -%}
    {%- set used = last | length + (0 if '\n' in expression else indent) -%}
    {{ return(
        expression ~ (' ' if used + name | length < 96 else '\n' ~ ' ' * (indent + 4)) ~ 'as ' ~ name
    ) }}
{%- endmacro %}


{% macro _joined(parts, indent, length=70, word='') -%}
    {#- The parts of an expression on one line, or a line each. -#}
    {%- set line = parts | join(' ' ~ word) -%}
    {{ return(
        line if line | length <= length and '\n' not in line
        else parts | join('\n' ~ ' ' * indent ~ word)
    ) }}
{%- endmacro %}


{% macro _list(values) -%}
    {#- Arguments of a function on one line or on several. -#}
    {%- set line = values | join(', ') -%}
    {{ return(
        line if line | length < 60 else '\n        ' ~ values | join(',\n        ') ~ '\n    '
    ) }}
{%- endmacro %}


{% macro _sql_call(function, values) -%}
    {#- A call with its arguments on one line, or a line each. -#}
    {%- set line = values | join(', ') -%}
    {{ return(
        function ~ ('(' ~ line ~ ')' if line | length < 76 else '(\n    ' ~ values | join(',\n    ') ~ '\n)')
    ) }}
{%- endmacro %}


{% macro _targets(words, items) -%}
    {#- A select list: one item beside the word, several on a line each. -#}
    {{ return(words ~ (' ' if items | length == 1 else '\n    ') ~ items | join(',\n    ')) }}
{%- endmacro %}


{% macro _clause(words, items, indent) -%}
    {#- Such as 'order by a, b', with an item a line where that is too wide. -#}
    {%- set line = words ~ ' ' ~ items | join(', ') -%}
    {%- if indent + line | length < 100 -%}
        {{ return(line) }}
    {%- endif -%}
    {%- set gap = '\n' ~ ' ' * (indent + 4) -%}
    {{ return(words ~ gap ~ items | join(',' ~ gap)) }}
{%- endmacro %}


{% macro _indented(sql, width, first=true) -%}
    {#- SQL that has texts of a user in it, further to the right. What stands in quotes or in a comment keeps its
        lines as they are, for in a literal a blank more is another value. -#}
    {%- set pattern = "('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/[*][\\s\\S]*?[*]/|[^'\"`/-]+|.)" -%}
    {%- set pad = ' ' * width -%}
    {%- set pieces = [pad if first else ''] -%}
    {%- for piece in modules.re.findall(pattern, sql) -%}
        {%- do pieces.append(
            piece if piece[0] in ('\'', '"', '`') or piece[:2] in ('--', '/*')
            else piece | replace('\n', '\n' ~ pad) | replace('\n' ~ pad ~ '\n', '\n\n')
        ) -%}
    {%- endfor -%}
    {{ return(pieces | join('')) }}
{%- endmacro %}
