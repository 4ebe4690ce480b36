{#- What a training set asks for: the entries of its `features`, read and checked. -#}

{% macro _service_parts(entries, place) -%}
    {#- The entries of `features` as mappings with all keys. -#}
    {%- set parts = [] -%}
    {%- set mistakes = [] -%}
    {%- if entries is string or entries is mapping or entries is not iterable or not entries -%}
        {%- do mistakes.append("features must be a list of views, such as ['customer_orders']") -%}
        {%- set entries = [] -%}
    {%- endif -%}
    {%- for entry in entries -%}
        {%- if entry is string -%}
            {%- set pieces = entry.split(':', 1) -%}
            {%- set entry = {'view': pieces[0] | trim} -%}
            {%- if pieces | length > 1 -%}
                {%- do entry.update({'features': pieces[1].split(',') | map('trim') | list}) -%}
            {%- endif -%}
        {%- endif -%}
        {%- do mistakes.extend(feature_warehouse._service_part_mistakes(entry)) -%}
        {%- if not mistakes -%}
            {%- set prefix = entry.get('prefix') or '' -%}
            {%- set part = {
                'view': entry.view,
                'features': entry.get('features'),
                'join_keys': entry.get('join_keys') or {},
                'prefix': prefix,
            } -%}
            {%- for role, ending in [('event_timestamp', '_event_timestamp'), ('age', '_age_seconds')] -%}
                {%- if entry.get(role) -%}
                    {%- set name = (prefix ~ ending[1:]) if prefix
                        else feature_warehouse._split_name(entry.view).base ~ ending -%}
                    {%- do part.update({role ~ '_as': name if entry[role] is true else entry[role]}) -%}
                {%- endif -%}
            {%- endfor -%}
            {%- do parts.append(part) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail(place, mistakes) }}
    {%- endif -%}
    {{ return(parts) }}
{%- endmacro %}


{% macro _service_part_mistakes(entry) -%}
    {#- Mistakes of one entry of a training set's `features`. -#}
    {%- if entry is not mapping or entry.get('view') is not string or not entry.view -%}
        {{ return(["'" ~ entry ~ "' names no view; write 'view', 'view:feature,feature' or"
            ~ " {'view': ..., 'features': [...], 'join_keys': {...}, 'prefix': ...}"]) }}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._unknown_keys(
        entry, ['view', 'features', 'join_keys', 'prefix', 'event_timestamp', 'age']
    ) -%}
    {%- set features = entry.get('features') -%}
    {%- if features is string or (features is not none and features is not iterable) -%}
        {%- do mistakes.append(
            "features of '" ~ entry.view ~ "' must be a list, or a mapping from a feature to its name"
            ~ ' in the training set'
        ) -%}
    {%- endif -%}
    {%- if entry.get('join_keys') is not none and entry.join_keys is not mapping -%}
        {%- do mistakes.append(
            "join_keys of '" ~ entry.view ~ "' must map the view's keys to label columns, such as"
            ~ " {'airport': 'dest'}"
        ) -%}
    {%- endif -%}
    {%- if entry.get('prefix') is not none and entry.prefix is not string -%}
        {%- do mistakes.append("prefix of '" ~ entry.view ~ "' must be a text, not " ~ entry.prefix) -%}
    {%- endif -%}
    {%- for role in ['event_timestamp', 'age'] -%}
        {%- set name = entry.get(role) -%}
        {%- if name is not none and name is not boolean and (name is not string or not name) -%}
            {%- do mistakes.append(
                role ~ " of '" ~ entry.view ~ "' must be true, or the name of the column to add"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
