{#- The parts that every form of the point-in-time join shares. -#}

{% macro _join_specs(views) -%}
    {#- The names and expressions of each view, quoted and free of clashes, ready to be written out. -#}
    {%- set specs = [] -%}
    {%- set names = ['labels', 'numbered_labels'] -%}
    {%- for view in views -%}
        {%- set spec = feature_warehouse._join_spec(view) -%}
        {#- PostgreSQL cuts a name off at 63 bytes: leave room for what is appended. -#}
        {%- set name = (view.get('alias') or view.name).encode('utf-8')[:48].decode('utf-8', 'ignore') -%}
        {%- for role, suffix in [
            ('alias', ''), ('timeline', '_timeline'), ('newest', '_newest'),
            ('answers', '_answers'),
        ] -%}
            {%- set free = feature_warehouse._free_name(name ~ suffix, names) -%}
            {%- do names.append(free) -%}
            {%- do spec.update({role: feature_warehouse._quote(free)}) -%}
        {%- endfor -%}
        {%- do specs.append(spec) -%}
    {%- endfor -%}
    {{ return(specs) }}
{%- endmacro %}


{% macro _join_spec(view) -%}
    {%- set types = view.get('types') or {} -%}
    {%- set join_keys = feature_warehouse._renames(view.join_keys) -%}
    {%- set features = feature_warehouse._renames(view.features) -%}
    {%- set lag = feature_warehouse._length(view, 'availability_lag') -%}
    {%- set ttl = feature_warehouse._length(view, 'ttl') -%}
    {%- set event = feature_warehouse._utc(
        feature_warehouse._quote(view.event_timestamp), types.get(view.event_timestamp)
    ) -%}
    {%- set created = none -%}
    {%- if view.get('created_timestamp') -%}
        {%- set created = feature_warehouse._utc(
            feature_warehouse._quote(view.created_timestamp), types.get(view.created_timestamp)
        ) -%}
    {%- endif -%}
    {%- set due = event ~ (' + ' ~ feature_warehouse._interval(lag) if lag else '') -%}
    {%- set available = 'greatest(' ~ due ~ ', ' ~ created ~ ')' if created else due -%}
    {%- set late = created is not none and view.get('knowledge') != 'event_time' -%}
    {#- What no label between start and end can see need not be read. -#}
    {%- set pruning = [] -%}
    {%- if view.get('start') is not none and ttl -%}
        {%- do pruning.append(
            event ~ ' >= ' ~ feature_warehouse._instant(view.start) ~ ' - '
            ~ feature_warehouse._interval(ttl)
        ) -%}
    {%- endif -%}
    {%- if view.get('end') is not none -%}
        {%- do pruning.append(
            (available if late else due) ~ ' < ' ~ feature_warehouse._instant(view.end)
        ) -%}
    {%- endif -%}
    {%- set keys = [] -%}
    {%- set pairs = [] -%}
    {%- for key, label_key in join_keys.items() -%}
        {%- do keys.append(feature_warehouse._quote(key)) -%}
        {%- do pairs.append((feature_warehouse._quote(label_key), feature_warehouse._quote(key))) -%}
    {%- endfor -%}
    {%- set other_ties = [] -%}
    {%- for column in view.get('tie_breakers') or [] if column not in features -%}
        {%- do other_ties.append(feature_warehouse._quote(column)) -%}
    {%- endfor -%}
    {%- set taken = join_keys.keys() | list + features.keys() | list
        + (view.get('tie_breakers') or []) | list -%}
    {{ return({
        'relation': view.relation,
        'entity': keys,
        'pairs': pairs,
        'event': event,
        'created': created,
        'late': late,
        'known': available if late else due,
        'lag': feature_warehouse._interval(lag) if lag else none,
        'ttl': feature_warehouse._interval(ttl) if ttl else none,
        'expires': event ~ ' + ' ~ feature_warehouse._interval(ttl) if ttl else none,
        'lifetime': feature_warehouse._interval(ttl) if ttl and not lag and not late else none,
        'filters': [available ~ ' <= ' ~ feature_warehouse._instant(view.as_of)]
            if view.get('as_of') is not none else [],
        'pruning': pruning,
        'indexed': view.get('indexed', false)
            and adapter.dispatch('_asks_by_index', 'feature_warehouse')(),
        'unique': view.get('unique', false),
        'ties': [] if view.get('unique') else feature_warehouse._tie_breakers(view, types, features),
        'other_ties': [] if view.get('unique') else other_ties,
        'features': features,
        'defaults': view.get('defaults') or {},
        'types': types,
        'event_timestamp_as': view.get('event_timestamp_as'),
        'age_as': view.get('age_as'),
        'event_at': feature_warehouse._free_name('event_at', taken),
        'available_at': feature_warehouse._free_name('available_at', taken),
        'expires_at': feature_warehouse._free_name('expires_at', taken),
        'created_at': feature_warehouse._free_name('created_at', taken),
        'newest_at': feature_warehouse._free_name('newest_at', taken),
        'is_label': feature_warehouse._free_name('is_label', taken),
        'is_newest': feature_warehouse._free_name('is_newest', taken),
        'instant': feature_warehouse._free_name('instant', taken),
    }) }}
{%- endmacro %}


{% macro default___asks_by_index() -%}
    {{ return(true) }}
{%- endmacro %}


{% macro duckdb___asks_by_index() -%}
    {#- ASOF JOIN sorts, and is faster than an index. -#}
    {{ return(false) }}
{%- endmacro %}


{% macro _renames(names) -%}
    {#- A list of names, or a mapping from a name to its name on the other side, as a mapping. -#}
    {%- if names is mapping -%}
        {{ return(names) }}
    {%- endif -%}
    {{ return(dict(zip(names, names))) }}
{%- endmacro %}


{% macro _length(view, role) -%}
    {%- if view.get(role) is none -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set microseconds = feature_warehouse._microseconds(view[role]) -%}
    {%- if microseconds is none -%}
        {{ exceptions.raise_compiler_error(
            "feature_warehouse: " ~ role ~ " of '" ~ view.name ~ "' is '" ~ view[role]
            ~ "', which is no fixed length of time; write one such as '90 minutes'"
        ) }}
    {%- endif -%}
    {{ return(microseconds) }}
{%- endmacro %}


{% macro _free_name(name, taken) -%}
    {#- Compared without case, which DuckDB ignores even in quoted names. -#}
    {%- set taken = taken | map('lower') | list -%}
    {%- set candidate = namespace(name=name) -%}
    {%- for number in range(2, taken | length + 3) if candidate.name | lower in taken -%}
        {%- set candidate.name = name ~ '_' ~ number -%}
    {%- endfor -%}
    {{ return(candidate.name) }}
{%- endmacro %}


{% macro _tie_breakers(view, types, features) -%}
    {%- set columns = [] -%}
    {%- for column in view.get('tie_breakers') or features -%}
        {%- do columns.append(adapter.dispatch('_bytewise', 'feature_warehouse')(
            feature_warehouse._quote(column), (types.get(column) or '') | lower
        )) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro default___bytewise(column, type) -%}
    {%- set is_text = modules.re.match('text|varchar|char|character|string|bpchar', type) -%}
    {{ return(column ~ (' collate "C"' if is_text and '[]' not in type else '')) }}
{%- endmacro %}


{% macro duckdb___bytewise(column, type) -%}
    {{ return(column) }}
{%- endmacro %}


{% macro _is_newest(spec, indent, ending='') -%}
    {#- Whether no row of the entity that was known before has a later event. Without a frame, for
        the default one takes in all rows that became known at the same instant. -#}
    {{ return(feature_warehouse._window(
        'max(' ~ spec.event ~ ')', spec.entity, [spec.known], indent, ' = ' ~ spec.event ~ ending
    )) }}
{%- endmacro %}


{% macro _newest_first(spec) -%}
    {%- set order = [spec.event ~ ' desc'] -%}
    {%- for column in ([spec.created] if spec.created else []) + spec.ties -%}
        {%- do order.append(column ~ ' desc nulls last') -%}
    {%- endfor -%}
    {{ return(order) }}
{%- endmacro %}


{% macro _newest_last(spec) -%}
    {#- The same order the other way round. -#}
    {%- set order = [spec.event] -%}
    {%- for column in ([spec.created] if spec.created else []) + spec.ties -%}
        {%- do order.append(column ~ ' nulls first') -%}
    {%- endfor -%}
    {{ return(order) }}
{%- endmacro %}


{% macro _available_rows(spec, extra=[]) %}
    select
        {%- for key in spec.entity %}
        {{ key }},
        {%- endfor %}
        {%- for feature in spec.features %}
        {{ feature_warehouse._quote(feature) }},
        {%- endfor %}
        {{ spec.known }} as {{ spec.available_at }}
        {%- if spec.event_timestamp_as or spec.age_as %},
        {{ spec.event }} as {{ spec.event_at }}
        {%- endif %}
        {%- if spec.expires and not spec.lifetime %},
        {{ spec.expires }} as {{ spec.expires_at }}
        {%- endif %}
        {%- for column in extra %},
        {{ column }}
        {%- endfor %}
    from {{ spec.relation }}
    where
        {{ spec.event }} is not null
        {%- for key in spec.entity %}
        and {{ key }} is not null
        {%- endfor %}
        {%- for condition in spec.pruning + spec.filters %}
        and {{ condition }}
        {%- endfor %}
{%- endmacro %}
