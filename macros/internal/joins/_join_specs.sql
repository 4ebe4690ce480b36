{#- What the SQL of a join has to say of each view. -#}

{% macro _join_specs(views, labels, clock_tables) -%}
    {#- The names and expressions of each view, quoted and free of clashes, ready to be written out. -#}
    {%- set specs = [] -%}
    {%- set names = ['labels', 'runs'] + clock_tables | map(attribute='name') | list
        + (['label_rows'] if feature_warehouse._can('orders_structs') else []) -%}
    {%- for view in views -%}
        {%- set spec = feature_warehouse._join_spec(view) -%}
        {%- do spec.update({'exact': feature_warehouse._keys_are_exact(view, labels)}) -%}
        {%- do spec.update(feature_warehouse._clock_of(view, labels, clock_tables)) -%}
        {#- PostgreSQL cuts a name off at 63 bytes: leave room for what is appended. -#}
        {%- set name = feature_warehouse._cut(view.get('alias') or view.name, 48) -%}
        {%- for role, suffix in [
            ('alias', ''), ('timeline', '_timeline'), ('newest', '_newest'),
            ('answers', '_answers'), ('times', '_times'), ('found', '_found'), ('kept', '_kept'),
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
    {#- One view of a join with all names and expressions that its SQL needs. -#}
    {%- do feature_warehouse._refuse_untrue_types(view) -%}
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
    {%- set available = feature_warehouse._greatest(due ~ ', ' ~ created) if created else due -%}
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
    {%- for column in feature_warehouse._tie_columns(view, features) if column not in features -%}
        {%- do other_ties.append(feature_warehouse._quote(column)) -%}
    {%- endfor -%}
    {%- set found_keys = [] -%}
    {%- for key in join_keys -%}
        {%- do found_keys.append(feature_warehouse._free_name('found_key_' ~ loop.index, join_keys)) -%}
    {%- endfor -%}
    {%- set taken = join_keys.keys() | list + features.keys() | list
        + (view.get('tie_breakers') or []) | list -%}
    {{ return({
        'relation': view.relation,
        'entity': keys,
        'pairs': pairs,
        'found_keys': found_keys,
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
        'indexed': view.get('indexed', false) and feature_warehouse._can('index_lookup'),
        'stored': view.get('stored', false),
        'ties': feature_warehouse._tie_order(view, types, features),
        'other_ties': other_ties,
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


{% macro _length(view, role) -%}
    {#- A length of a view in microseconds, 0 for none; stops where it is not a length. -#}
    {{ return(
        0 if view.get(role) is none
        else feature_warehouse._fixed_length(role ~ " of '" ~ view.name ~ "',", view[role])
    ) }}
{%- endmacro %}
