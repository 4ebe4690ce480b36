{#- What can be wrong with a label set. -#}

{% macro _label_set_mistakes(node) -%}
    {#- Mistakes of a `label_set` block. -#}
    {%- set block = feature_warehouse._declared(node, 'label_set') -%}
    {%- if block is not mapping -%}
        {{ return(["meta.label_set must be a mapping with at least `timestamp: <column>`"]) }}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._unknown_keys(
        block, ['timestamp', 'label', 'known_at', 'maturity']
    ) -%}
    {%- if not block.get('timestamp') -%}
        {{ return(mistakes + ['timestamp is missing; name the column with the instant of a prediction']) }}
    {%- endif -%}
    {%- if block.get('maturity') is not none -%}
        {%- if feature_warehouse._microseconds(block.maturity) is none -%}
            {%- do mistakes.append(
                "maturity '" ~ block.maturity ~ "' is not a fixed length of time; write one such as '30 days'"
            ) -%}
        {%- endif -%}
        {%- if block.get('known_at') -%}
            {%- do mistakes.append(
                'known_at and maturity both say when a label becomes known; keep one of them'
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {%- for role in ['timestamp', 'label', 'known_at'] if block.get(role) and node.columns -%}
        {%- if block[role] is not string or block[role] not in node.columns -%}
            {%- do mistakes.append(
                role ~ " names '" ~ block[role] ~ "', which is not a declared column; declared are "
                ~ node.columns.keys() | join(', ')
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for role in ['timestamp', 'known_at'] if block.get(role) is string and block[role] in node.columns -%}
        {%- set type = node.columns[block[role]].data_type -%}
        {%- if type and not feature_warehouse._is_timestamp_type(type) -%}
            {%- do mistakes.append(
                role ~ " '" ~ block[role] ~ "' is of type " ~ type
                ~ '; it must be timestamp, timestamptz or date'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
