{#- Blocks in `meta` that stand where they can be of no use, or whose names are misspelt. The registry of
    the Python package says the same, in the same words. -#}

{% macro _misplaced_blocks(node) -%}
    {#- Mistakes of blocks that stand where they are of no use, or are misspelt. -#}
    {%- set meta = node.config.meta or node.meta or {} -%}
    {%- set blocks = {'feature_view': 'feature view', 'label_set': 'label set'} -%}
    {%- set mistakes = [] -%}
    {%- for key in meta if key not in blocks -%}
        {%- for block in blocks if feature_warehouse._differing_letters(key | string | lower, block) <= 2 -%}
            {%- do mistakes.append(
                'meta.' ~ key ~ ' is not a known block; did you mean ' ~ block ~ '?'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if node.resource_type == 'source' -%}
        {%- for block, kind in blocks.items() if block in meta -%}
            {%- do mistakes.append(
                'a source cannot be a ' ~ kind ~ ', because dbt does not build it; make a model that selects from it,'
                ~ ' and give that the block'
            ) -%}
        {%- endfor -%}
    {%- elif node.resource_type == 'snapshot' -%}
        {%- do mistakes.extend(feature_warehouse._snapshot_view_mistakes(node)) -%}
    {%- elif 'feature_view' in meta or 'window_features' in meta -%}
        {%- if node.language == 'python' -%}
            {%- do mistakes.append(
                'a Python model cannot be a feature view, because dbt enforces no contract on it; make an SQL'
                ~ ' model that selects from it, and give that the block'
            ) -%}
        {%- endif -%}
        {%- if node.config.materialized == 'ephemeral' -%}
            {%- do mistakes.append(
                'an ephemeral model cannot be a feature view, because it has no rows to publish; materialize it as a'
                ~ ' table, view or incremental'
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(mistakes) }}
{%- endmacro %}
