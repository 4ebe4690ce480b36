{% macro check_declarations() -%}
    {%- set engine = feature_warehouse._engine() -%}
    {%- if (engine or {}).get('adapter') != target.type -%}
        {{ exceptions.raise_compiler_error(
            "feature_warehouse: the adapter '" ~ target.type ~ "' of target '" ~ target.name
            ~ "' is not supported; use a target of one that README lists"
        ) }}
    {%- endif -%}
    {%- if execute -%}
        {#- dbt 2 compiles hooks too, and may have been told to ask the warehouse nothing. -#}
        {%- set mistake = none if flags.INTROSPECT is false else feature_warehouse._session_mistake() -%}
        {%- if mistake -%}
            {{ exceptions.raise_compiler_error('feature_warehouse: ' ~ mistake) }}
        {%- endif -%}
        {%- set problems = [] -%}
        {%- set owners = feature_warehouse._service_owners() -%}
        {%- for node in graph.nodes.values() | list + graph.sources.values() | list
            if node.resource_type in ('model', 'seed', 'snapshot', 'source') -%}
            {%- for mistake in feature_warehouse._misplaced_blocks(node) -%}
                {%- do problems.append(feature_warehouse._full_name(node) ~ ': ' ~ mistake) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for node in graph.nodes.values()
            if feature_warehouse._may_be_referred_to(node) and not feature_warehouse._misplaced_blocks(node) -%}
            {%- set meta = node.config.meta or {} -%}
            {%- set mistakes = [] -%}
            {%- if 'feature_service' in meta or 'feature_view' in meta or 'window_features' in meta
                or 'label_set' in meta -%}
                {%- set unsupported = feature_warehouse._unsupported(node) -%}
                {%- do mistakes.extend([unsupported] if unsupported else []) -%}
            {%- endif -%}
            {%- if 'feature_service' in meta -%}
                {%- do mistakes.extend(feature_warehouse._service_mistakes(node, owners)) -%}
            {%- endif -%}
            {%- if 'feature_view' in meta or 'window_features' in meta -%}
                {%- do mistakes.extend(feature_warehouse._feature_view_mistakes(node)) -%}
            {%- endif -%}
            {%- if node.resource_type == 'snapshot' and 'feature_view' in meta and not mistakes -%}
                {%- do mistakes.extend(feature_warehouse._local_time_mistakes(
                    node, meta.feature_view.get('created_timestamp') or meta.feature_view.event_timestamp
                )) -%}
            {%- endif -%}
            {%- if 'label_set' in meta -%}
                {%- do mistakes.extend(feature_warehouse._label_set_mistakes(node)) -%}
            {%- endif -%}
            {%- for mistake in mistakes -%}
                {%- do problems.append(feature_warehouse._full_name(node) ~ ': ' ~ mistake) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if problems -%}
            {{ feature_warehouse._fail('the project', problems | sort) }}
        {%- endif -%}
    {%- else -%}
        {#- dbt keeps a hook's config in the manifest, and parses it anew whenever relations get other names. -#}
        {%- do config(meta={'written_for': {
            'adapter': target.type, 'target': target.name, 'database': target.database or '',
            'schema': target.schema, 'file': engine.file,
            'numeric': feature_warehouse._number_types().numeric,
            'spellings': feature_warehouse._type_spellings()
        }}) -%}
    {%- endif -%}
{%- endmacro %}
