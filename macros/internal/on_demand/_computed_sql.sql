{#- On-demand features as columns: the SQL around the join of a training set. -#}

{% macro _with_computed(place, label_set, views, computed, sql) -%}
    {#- The SQL of a training set with its on-demand features, without what is hidden. -#}
    {%- if not computed or not (computed.features or computed.hidden) -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- set columns = feature_warehouse._joined_columns(label_set, views) -%}
    {%- do feature_warehouse._check_computed(place, label_set, columns, computed) -%}
    {%- set shown = [] -%}
    {%- for column in columns + computed.features | map(attribute='name') | list if column not in computed.hidden -%}
        {%- do shown.append(feature_warehouse._quote(column)) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._computed_of_rows(place, label_set, views, computed, sql, shown)) }}
{%- endmacro %}


{% macro _computed_of_rows(place, label_set, views, computed, sql, shown) -%}
    {#- The columns `shown`, quoted, of what `sql` has and of what is computed from that. -#}
    {%- set context = feature_warehouse._expression_context(place, label_set, views, computed) -%}
    {%- set items = ['*'] -%}
    {%- for feature in computed.features -%}
        {%- set value = feature_warehouse._computed_value(
            feature, context, feature_warehouse._is_named(feature.name, computed.features)
        ) -%}
        {%- do items.append(feature_warehouse._filled_lines(value, feature.name, 8)) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._computed_sql(sql, context.steps, items, shown)) }}
{%- endmacro %}


{% macro _computed_value(feature, context, is_named) -%}
    {#- The SQL of one on-demand feature, which those after it can name. -#}
    {%- do context.update({'name': feature.name, 'text': feature.expr}) -%}
    {%- set tree = feature_warehouse._typed_expression(feature.tree, context) -%}
    {%- if tree.type in ('null', 'interval') -%}
        {{ feature_warehouse._expression_mistake(context, 0, 'its value has no type that a column can have') }}
    {%- endif -%}
    {%- set value = feature_warehouse._printed_expression(tree, context) -%}
    {%- set value = feature_warehouse._kept(value, context) if is_named else value -%}
    {%- do context.types.update({feature.name: tree.type}) -%}
    {%- do context.columns.update({feature.name: value}) -%}
    {%- if tree.type.startswith('decimal') -%}
        {{ return({'sql': 'cast(' ~ feature_warehouse._without_parentheses(value) ~ ' as ' ~ tree.type ~ ')'}) }}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}


{% macro _check_computed(place, label_set, columns, computed) -%}
    {#- Stops at mistakes in the names, and where the columns of the labels are not known. -#}
    {%- set mistakes = [] -%}
    {%- if not label_set.types -%}
        {%- do mistakes.append(
            "label set '" ~ label_set.name ~ "' needs an enforced contract for on_demand and hidden, which have to know"
            ~ ' its columns and their types'
        ) -%}
    {%- endif -%}
    {%- set owners = {} -%}
    {%- for column in columns -%}
        {%- do owners.update({column | lower: 'a column of that name'}) -%}
    {%- endfor -%}
    {%- for feature in computed.features -%}
        {%- do feature_warehouse._claim(
            feature.name, "on-demand feature '" ~ feature.name ~ "'", '; give it another name', owners, mistakes
        ) -%}
    {%- endfor -%}
    {%- for name in ['request_time'] if name in owners -%}
        {%- do mistakes.append("'request_time' is the instant of the request, and cannot be the name of a column") -%}
    {%- endfor -%}
    {%- set known = columns[(label_set.get('selected') or label_set.columns) | length:]
        + computed.features | map(attribute='name') | list -%}
    {%- for name in computed.hidden if name not in known -%}
        {%- do mistakes.append(
            "hidden names '" ~ name ~ "', which is no feature of this training set; it has " ~ known | join(', ')
        ) -%}
    {%- endfor -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail(place, mistakes) }}
    {%- endif -%}
{%- endmacro %}


{% macro _computed_sql(sql, steps, items, shown) -%}
    {#- The join, the steps with what is computed once, the on-demand features, and the columns that are shown. The gate
        of the Python package takes all before the last SELECT. -#}
    {%- set ctes = ['known as (\n    ' ~ feature_warehouse._indented(sql, 4, first=false) ~ '\n)'] -%}
    {%- set source = namespace(name='known') -%}
    {%- for level in range(1, steps | length + 1) -%}
        {%- set columns = ['*'] -%}
        {%- for item in steps[level] -%}
            {%- do columns.append(feature_warehouse._filled_lines(item.value, item.name, 8)) -%}
        {%- endfor -%}
        {%- do ctes.append(feature_warehouse._computed_step('step_' ~ level, columns, source.name)) -%}
        {%- set source.name = 'step_' ~ level -%}
    {%- endfor -%}
    {%- do ctes.append(
        'computed as (\n    select\n        ' ~ items | join(',\n        ') ~ '\n    from ' ~ source.name ~ '\n)'
    ) -%}
    {{ return(feature_warehouse._with(ctes) ~ 'select\n    ' ~ shown | join(',\n    ') ~ '\nfrom computed') }}
{%- endmacro %}


{% macro _computed_step(name, columns, source) -%}
    {#- A step that the engine does not put into those that read it. -#}
    {{ return(
        name ~ ' as (\n    select\n        ' ~ columns | join(',\n        ') ~ '\n    from ' ~ source
        ~ feature_warehouse._kept_apart() ~ '\n)'
    ) }}
{%- endmacro %}


{% macro _filled_lines(value, name, indent) -%}
    {#- An item of a select list on as many lines as it needs, which begin at AND, OR and the words of CASE. -#}
    {%- set lines = [] -%}
    {%- set line = namespace(text='', phrase='') -%}
    {%- set sql = feature_warehouse._without_parentheses(value) ~ ' as ' ~ feature_warehouse._quote(name) -%}
    {%- for word in modules.re.findall("((?:'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|[^\\s'\"`])+)", sql) + ['and'] -%}
        {%- if word in ('and', 'or', 'when', 'then', 'else', 'end', 'as') and line.phrase -%}
            {%- if line.text and (line.text ~ line.phrase) | length > 90 - indent -%}
                {%- do lines.append(line.text) -%}
                {%- set line.text = line.phrase -%}
            {%- else -%}
                {%- set line.text = (line.text ~ ' ' ~ line.phrase) | trim -%}
            {%- endif -%}
            {%- set line.phrase = '' -%}
        {%- endif -%}
        {%- set line.phrase = (line.phrase ~ ' ' ~ word) | trim -%}
    {%- endfor -%}
    {{ return((lines + [line.text]) | join('\n' ~ ' ' * (indent + 4))) }}
{%- endmacro %}


{% macro _is_named(name, features) -%}
    {#- Whether an expression may name a column; also where a text has its name in it. -#}
    {%- for feature in features if name in feature.text -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}
