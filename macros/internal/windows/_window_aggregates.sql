{#- The aggregates of a window view: read, checked, named and described. -#}

{% macro _window_functions() -%}
    {#- The aggregates there are, with the words that begin a feature's description. -#}
    {{ return({
        'count': 'Number of', 'count_distinct': 'Number of different', 'sum': 'Sum of', 'avg': 'Mean of',
        'min': 'Smallest', 'max': 'Greatest', 'stddev': 'Sample standard deviation of',
        'first': 'First', 'last': 'Last', 'share': 'Share of events with',
    }) }}
{%- endmacro %}


{% macro _window_aggregates(entries, windows, lag, mistakes) -%}
    {#- A feature for each aggregate and window, in the order they are declared. -#}
    {%- set features = [] -%}
    {%- if entries is string or entries is mapping or entries is not iterable or not entries -%}
        {%- do mistakes.append(
            "aggregates must be a list, such as [{'count': '*'}, {'avg': 'price'}]"
        ) -%}
        {%- set entries = [] -%}
    {%- endif -%}
    {%- for entry in entries -%}
        {%- set aggregate = feature_warehouse._window_aggregate(entry, mistakes) -%}
        {%- if aggregate -%}
            {%- set own = windows if entry.get('windows') is none else feature_warehouse._windows(
                entry.windows, lag, mistakes
            ) -%}
            {%- for window in own -%}
                {%- do features.append({
                    'name': aggregate.stem ~ '_' ~ window.suffix,
                    'description': aggregate.description ~ ' ' ~ window.phrase ~ '.',
                    'aggregate': aggregate,
                    'window': window,
                }) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(features) }}
{%- endmacro %}


{% macro _window_aggregate(entry, mistakes) -%}
    {#- One entry of `aggregates`, checked, named and described. -#}
    {%- set known = feature_warehouse._window_functions() -%}
    {%- set options = ['as', 'where', 'type', 'description', 'windows'] -%}
    {%- if entry is not mapping -%}
        {%- do mistakes.append("aggregate '" ~ entry ~ "' must be a mapping such as {'avg': 'price'}") -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set functions = entry.keys() | reject('in', options) | list -%}
    {%- if functions | length != 1 or functions[0] not in known -%}
        {%- do mistakes.append(feature_warehouse._no_window_function(entry, functions, known)) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set function = functions[0] -%}
    {%- set text = entry[function] | string | trim -%}
    {%- set quoted = modules.re.findall('^"((?:[^"]|"")+)"$', text) -%}
    {%- set column = quoted[0] | replace('""', '"') if quoted else (
        text if modules.re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', text) else none
    ) -%}
    {%- set all_rows = text == '*' and function == 'count' -%}
    {%- if column is none and not entry.get('as') and not all_rows -%}
        {%- do mistakes.append(
            function ~ " of '" ~ text ~ "' has no name; add one, such as 'as': 'late_share'"
        ) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set of_what = ' events' if all_rows else ' events with ' ~ text if function == 'count' else ' ' ~ text -%}
    {%- set where = entry.get('where') -%}
    {%- set expression = feature_warehouse._quote(column) if column else '(' ~ text ~ ')' -%}
    {{ return({
        'function': function,
        'column': column,
        'expression': '*' if all_rows else 'cast(' ~ expression ~ ' as ' ~ entry.type ~ ')'
            if entry.get('type') and function not in ('count', 'count_distinct', 'share') else expression,
        'where': where,
        'type': entry.get('type'),
        'stem': entry.get('as') or ('count' if all_rows else column ~ '_' ~ function),
        'description': entry.get('description') or (
            known[function] ~ of_what ~ (' where ' ~ where if where else '')
        ),
    }) }}
{%- endmacro %}


{% macro _no_window_function(entry, functions, known) -%}
    {#- The mistake of an aggregate that is none. -#}
    {%- set changing = ['time_since', 'time_since_last', 'age', 'recency', 'decay', 'ewma', 'ema'] -%}
    {%- for name in functions if name in changing -%}
        {{ return(
            "'" ~ name ~ "' changes with every instant, and a row cannot hold it; keep what it is"
            ~ " computed from, such as {'last': 'ordered_at'}, and subtract when you use it"
        ) }}
    {%- endfor -%}
    {{ return(
        "aggregate " ~ entry ~ ' must have one of ' ~ known | join(', ')
        ~ ', and beside it only as, where, type, description, windows'
    ) }}
{%- endmacro %}
