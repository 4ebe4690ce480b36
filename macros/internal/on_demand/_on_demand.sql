{#- The `on_demand` and `hidden` of a training set: checked while dbt parses, and computed from the columns of the join. -#}

{% macro _computed_features(entries, hidden, place) -%}
    {#- What `on_demand` and `hidden` say, with the trees of the expressions. -#}
    {%- if entries is string or entries is mapping or entries is not iterable
        or hidden is string or hidden is mapping or hidden is not iterable or hidden | reject('string') | list -%}
        {{ feature_warehouse._fail(place, [
            "on_demand must be a list such as [{'name': 'ratio', 'expr': 'amount / amount_avg_30d'}], and hidden a list"
            ~ ' of names'
        ]) }}
    {%- endif -%}
    {%- set features = [] -%}
    {%- for entry in entries -%}
        {%- if entry is not mapping or entry.get('name') is not string or not entry.name
            or entry.get('expr') is not string or entry | length > 2 -%}
            {{ feature_warehouse._fail(place, [
                "an entry of on_demand has a name and an expr, such as {'name': 'ratio', 'expr': 'amount /"
                ~ " amount_avg_30d'}, not " ~ entry
            ]) }}
        {%- endif -%}
        {%- set parsed = feature_warehouse._parsed_expression(entry.expr, place, entry.name) -%}
        {%- do features.append({'name': entry.name, 'expr': entry.expr, 'text': parsed.text, 'tree': parsed.tree}) -%}
    {%- endfor -%}
    {{ return({'features': features, 'hidden': hidden | list}) }}
{%- endmacro %}


{% macro _with_computed(place, label_set, views, computed, sql) -%}
    {#- The SQL of a training set with its on-demand features, without what is hidden. -#}
    {%- if not computed or not (computed.features or computed.hidden) -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- set columns = feature_warehouse._joined_columns(label_set, views) -%}
    {%- do feature_warehouse._check_computed(place, label_set, columns, computed) -%}
    {%- set context = feature_warehouse._expression_context(place, label_set, views, computed) -%}
    {%- set shown = [] -%}
    {%- for column in columns + computed.features | map(attribute='name') | list if column not in computed.hidden -%}
        {%- do shown.append(feature_warehouse._quote(column)) -%}
    {%- endfor -%}
    {%- set items = ['*'] -%}
    {%- for feature in computed.features -%}
        {%- set value = feature_warehouse._computed_value(
            feature, context, feature_warehouse._is_named(feature.name, computed.features)
        ) -%}
        {%- do items.append(feature_warehouse._filled_lines(value, feature.name, 8)) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._computed_sql(sql, context.steps, items, shown)) }}
{%- endmacro %}


{% macro _expression_context(place, label_set, views, computed) -%}
    {#- What expressions can name, and what is known while they are printed. -#}
    {%- set inputs = feature_warehouse._expression_inputs(label_set, views) -%}
    {%- set context = {
        'place': place, 'types': {}, 'columns': {}, 'elsewhere': inputs.elsewhere, 'steps': {}, 'kept': {},
        'taken': feature_warehouse._joined_columns(label_set, views) + computed.features | map(attribute='name') | list,
    } -%}
    {%- for name, column in inputs.columns.items() -%}
        {%- do context.types.update({name: column.type}) -%}
        {%- do context.columns.update({name: column}) -%}
    {%- endfor -%}
    {{ return(context) }}
{%- endmacro %}


{% macro _computed_types(place, label_set, views, computed) -%}
    {#- The types of on-demand features by name, as columns have them. -#}
    {%- set context = feature_warehouse._expression_context(place, label_set, views, computed) -%}
    {%- set types = {} -%}
    {%- for feature in computed.features -%}
        {%- do context.update({'name': feature.name, 'text': feature.expr}) -%}
        {%- set type = feature_warehouse._typed_expression(feature.tree, context).type -%}
        {%- do context.types.update({feature.name: type}) -%}
        {%- do types.update({feature.name: type}) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro _names_in_tree(node) -%}
    {#- The columns and on-demand features that an expression names. -#}
    {%- if 'name' in node -%}
        {{ return([node.name]) }}
    {%- endif -%}
    {%- set names = [] -%}
    {%- for arg in node.get('args') or [] -%}
        {%- do names.extend(feature_warehouse._names_in_tree(arg)) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{% macro _request_columns(label_set, computed) -%}
    {#- The columns of a label set that expressions name, with their types: a request has to give them. -#}
    {%- set named = [] -%}
    {%- for feature in computed.features -%}
        {%- do named.extend(feature_warehouse._names_in_tree(feature.tree)) -%}
    {%- endfor -%}
    {%- set columns = {} -%}
    {%- for column, type in label_set.types.items() if column in named -%}
        {%- do columns.update({column: type}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _computed_lines(place, label_set, views, computed) -%}
    {#- What a service's fingerprint says of its on-demand and hidden features. -#}
    {%- set lines = [] -%}
    {%- if computed.features or computed.hidden -%}
        {%- set types = feature_warehouse._computed_types(place, label_set, views, computed) -%}
        {%- for feature in computed.features -%}
            {%- do lines.append(feature.name ~ '=' ~ feature.text ~ ':' ~ types[feature.name]) -%}
        {%- endfor -%}
        {%- for column, type in feature_warehouse._request_columns(label_set, computed).items() -%}
            {%- do lines.append('request ' ~ column ~ ':' ~ type | lower) -%}
        {%- endfor -%}
        {%- for name in computed.hidden -%}
            {%- do lines.append('hidden ' ~ name) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(lines) }}
{%- endmacro %}


{% macro _shown_views(views, hidden) -%}
    {#- Views without the features and timestamps that are hidden; none that has nothing left. -#}
    {%- set shown = [] -%}
    {%- for view in views -%}
        {%- set features = {} -%}
        {%- for feature, name in view.features.items() if name not in hidden -%}
            {%- do features.update({feature: name}) -%}
        {%- endfor -%}
        {%- set rest = view.copy() -%}
        {%- do rest.update({'features': features}) -%}
        {%- for role in ['event_timestamp_as', 'age_as'] if view[role] in hidden -%}
            {%- do rest.update({role: none}) -%}
        {%- endfor -%}
        {%- if features or rest.event_timestamp_as or rest.age_as -%}
            {%- do shown.append(rest) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(shown) }}
{%- endmacro %}


{% macro _is_named(name, features) -%}
    {#- Whether an expression may name a column; also where a text has its name in it. -#}
    {%- for feature in features if name in feature.text -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
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


{% macro _joined_columns(label_set, views) -%}
    {#- The columns of a training set in their order, without on-demand features. -#}
    {%- set columns = (label_set.get('selected') or label_set.columns) | list
        + (label_set.get('added') or {}).keys() | list -%}
    {%- for view in views -%}
        {%- do columns.extend(view.features.values() | list + [view.event_timestamp_as, view.age_as] | select | list) -%}
    {%- endfor -%}
    {{ return(columns) }}
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


{% macro _expression_inputs(label_set, views) -%}
    {#- The `columns` that expressions can name, and why they cannot name those `elsewhere`. -#}
    {%- set types = {} -%}
    {%- set elsewhere = {} -%}
    {%- for column in label_set.columns -%}
        {%- if column in (label_set.get('label'), label_set.get('known_at')) and column -%}
            {%- do elsewhere.update({
                column: "'" ~ column ~ "' is not known at the time of the request"
            }) -%}
        {%- elif column == label_set.timestamp -%}
            {%- do elsewhere.update({column: "the label's timestamp is request_time"}) -%}
        {%- else -%}
            {%- do types.update({column: label_set.types.get(column) or ''}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for view in views -%}
        {%- for feature, name in view.features.items() -%}
            {%- do types.update({name: view.types[feature]}) -%}
        {%- endfor -%}
        {%- if view.event_timestamp_as -%}
            {%- do types.update({view.event_timestamp_as: 'timestamp'}) -%}
        {%- endif -%}
        {%- if view.age_as -%}
            {%- do types.update({view.age_as: feature_warehouse._number_types().double}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set columns = {} -%}
    {%- for name, data_type in types.items() -%}
        {%- if feature_warehouse._expression_type(data_type) is none -%}
            {%- do elsewhere.update({
                name: "'" ~ name ~ "' is of type " ~ (data_type or 'unknown') ~ ', which expressions do not take'
            }) -%}
        {%- else -%}
            {%- do columns.update({name: feature_warehouse._printed_column(name, data_type)}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do columns.update({'request_time': feature_warehouse._printed_column(
        label_set.timestamp, label_set.types.get(label_set.timestamp) or 'timestamp'
    )}) -%}
    {{ return({'columns': columns, 'elsewhere': elsewhere}) }}
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
    {%- for word in modules.re.findall("((?:'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[^\\s'\"])+)", sql) + ['and'] -%}
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
