{#- What a training set consists of: some rows of a label set, and what was known at their time. -#}

{% macro _training_set(place, label_set, parts, options, relations=none, computed=none) -%}
    {#- The SQL of a training set; `relations` of the views where they cannot be had by ref(), `computed` are its
        on-demand and hidden features. -#}
    {%- if relations is none -%}
        {%- set relations = {} -%}
        {%- for part in parts -%}
            {%- do relations.update({part.view: feature_warehouse._ref(part.view)}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._option_mistakes(options, label_set) -%}
    {%- if options.get('split') is mapping -%}
        {%- do label_set.update({
            'added': {feature_warehouse._split_column(options.split): 'the split'}
        }) -%}
    {%- endif -%}
    {%- set views = feature_warehouse._service_views(
        place, label_set, parts, relations, options, mistakes
    ) -%}
    {%- if 'built' in label_set -%}
        {%- do mistakes.extend(
            feature_warehouse._growing_set_mistakes(label_set, views, options, label_set.built, computed)
        ) -%}
    {%- endif -%}
    {%- if label_set.types -%}
        {%- do mistakes.extend(feature_warehouse._unserved_mistakes(label_set, views, computed)) -%}
    {%- endif -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail(place, mistakes) }}
    {%- endif -%}
    {{ return(feature_warehouse._with_computed(
        place, label_set, views, computed,
        feature_warehouse._join(feature_warehouse._label_rows(label_set, options), views)
    )) }}
{%- endmacro %}


{% macro _unserved_mistakes(label_set, views, computed) -%}
    {#- The mistake of a contract with columns that no reader could be given: SQL around the macro adds them. -#}
    {%- set known = feature_warehouse._joined_columns(label_set, views)
        + (computed.features if computed else []) | map(attribute='name') | list -%}
    {%- set known = known | map('lower') | list -%}
    {%- set others = [] -%}
    {%- for column in label_set.get('declared') or [] if column | lower not in known -%}
        {%- do others.append("'" ~ column ~ "'") -%}
    {%- endfor -%}
    {{ return([] if not others else [
        'its contract has ' ~ others | join(', ') ~ ', which no reader can be given; make on-demand features or'
        ~ ' columns of the label set of them, or a model of their own that reads the training set'
    ]) }}
{%- endmacro %}


{% macro _option_mistakes(options, label_set) -%}
    {#- Mistakes in the arguments of a training set, other than `features`. -#}
    {%- set mistakes = [] -%}
    {%- for role in ['start', 'end', 'as_of'] -%}
        {%- do mistakes.extend(feature_warehouse._instant_mistakes(role, options.get(role))) -%}
    {%- endfor -%}
    {%- if options.get('knowledge') not in ('available', 'event_time', 'served') -%}
        {%- do mistakes.append(
            "knowledge is '" ~ options.get('knowledge') ~ "'; it must be 'available', 'served' to see what a"
            ~ " reader would have got, or 'event_time' to see values before the warehouse knew them"
        ) -%}
    {%- endif -%}
    {%- do mistakes.extend(feature_warehouse._served_mistakes(options)) -%}
    {%- set where = options.get('where') -%}
    {%- set conditions = [where] if where is string else where or [] -%}
    {%- if conditions is mapping or conditions is not iterable
        or conditions | reject('string') | list or '' in conditions | map('trim') | list -%}
        {%- do mistakes.append(
            "where must be a condition on label columns, such as \"carrier <> 'HA'\", or a list of them"
        ) -%}
    {%- endif -%}
    {%- set delay = options.get('label_delay') -%}
    {%- if delay is not none and feature_warehouse._microseconds(delay) is none -%}
        {%- do mistakes.append(
            "label_delay '" ~ delay ~ "' is not a fixed length of time; write one such as '2 hours'"
        ) -%}
    {%- endif -%}
    {%- if options.get('split') is not none -%}
        {%- do mistakes.extend(feature_warehouse._split_mistakes(options.split, label_set)) -%}
    {%- endif -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _label_rows(label_set, options) -%}
    {#- Where the label rows of a join come from. All filters stand in the CTE, where no feature is in
        sight. A join reads the labels more than once, and must find the same ones each time: what is
        no table is computed once. -#}
    {%- set timestamp = feature_warehouse._quote(label_set.timestamp) -%}
    {%- set type = label_set.types.get(label_set.timestamp) -%}
    {%- set at = feature_warehouse._utc(timestamp, type) -%}
    {%- set relation = feature_warehouse._unnamed(label_set.relation) -%}
    {%- set rows = {
        'source': relation ~ ' as labels',
        'ctes': [],
        'at': feature_warehouse._utc('labels.' ~ timestamp, type),
        'timestamp': timestamp,
        'types': label_set.types,
    } -%}
    {%- set split = options.get('split') -%}
    {%- set instant = label_set.get('instant') -%}
    {%- set conditions = [] if instant
        else feature_warehouse._label_conditions(label_set, options, at) -%}
    {%- if label_set.get('stored') and not conditions and not split and not instant -%}
        {{ return(rows) }}
    {%- endif -%}
    {%- set added = none -%}
    {%- if split -%}
        {%- set added = feature_warehouse._split(split, label_set, at) -%}
    {%- elif instant -%}
        {%- set added = instant ~ ' as ' ~ timestamp -%}
    {%- endif -%}
    {%- set query = feature_warehouse._selected_labels(relation, conditions, added) -%}
    {%- if label_set.get('built') -%}
        {%- set query = feature_warehouse._new_labels(label_set, relation, conditions, added) -%}
    {%- endif -%}
    {%- do rows.update({
        'source': 'labels', 'ctes': ['labels as ' ~ feature_warehouse._table_once() ~ '(\n' ~ feature_warehouse._indented(query, 4) ~ '\n)']
    }) -%}
    {{ return(rows) }}
{%- endmacro %}


{% macro _label_conditions(label_set, options, at) -%}
    {#- The conditions of a training set's filters. -#}
    {%- set conditions = (label_set.get('batch') or []) | list -%}
    {%- if options.get('start') is not none -%}
        {%- do conditions.append(at ~ ' >= ' ~ feature_warehouse._instant(options.start)) -%}
    {%- endif -%}
    {%- if options.get('end') is not none -%}
        {%- do conditions.append(at ~ ' < ' ~ feature_warehouse._instant(options.end)) -%}
    {%- endif -%}
    {%- set clock = none if options.get('as_of') is none else feature_warehouse._instant(options.as_of) -%}
    {%- if clock -%}
        {%- do conditions.append(at ~ ' <= ' ~ clock) -%}
    {%- endif -%}
    {%- if label_set.get('delay') -%}
        {%- set delay = feature_warehouse._microseconds(label_set.delay) -%}
        {%- do conditions.append(
            at ~ ' <= ' ~ feature_warehouse._now()
            ~ (' - ' ~ feature_warehouse._interval(delay) if delay else '')
        ) -%}
    {%- endif -%}
    {%- if label_set.get('maturity') -%}
        {%- do conditions.append(
            at ~ ' + ' ~ feature_warehouse._interval(feature_warehouse._microseconds(label_set.maturity))
            ~ ' <= ' ~ (clock or feature_warehouse._now())
        ) -%}
    {%- elif label_set.get('known_at') and clock -%}
        {%- do conditions.append(
            feature_warehouse._utc(
                feature_warehouse._quote(label_set.known_at), label_set.types.get(label_set.known_at)
            ) ~ ' <= ' ~ clock
        ) -%}
    {%- endif -%}
    {%- set where = options.get('where') or [] -%}
    {%- for condition in ([where] if where is string else where) -%}
        {#- A comment at its end must not swallow the parenthesis. -#}
        {%- do conditions.append('(' ~ condition | trim ~ ('\n        )' if '--' in condition else ')')) -%}
    {%- endfor -%}
    {{ return(conditions) }}
{%- endmacro %}
