{% macro _dataset_card(made, source) -%}
    {#- One row about the rows of `source`, the built training set or its SQL in parentheses. -#}
    {%- set columns = feature_warehouse._built_columns(made.node) -%}
    {#- A logged set has what the training set of its service has. -#}
    {%- set served = made.get('served') or made -%}
    {%- set views = feature_warehouse._joined_views(served) -%}
    {%- set fingerprint = feature_warehouse._service_fingerprint(served) -%}
    {%- set sql_hash = local_md5(feature_warehouse._training_set_sql(made)) -%}
    {%- set label = made.label_set.label -%}
    {%- set at = feature_warehouse._utc(
        feature_warehouse._quote(made.label_set.timestamp), columns.get(made.label_set.timestamp)
    ) -%}
    {%- set digest = feature_warehouse._free_name('row_digest', columns) -%}
with contents as (
    select
        *,
        {{ feature_warehouse._row_digest(columns) | indent(8) }} as {{ digest }}
    from {{ feature_warehouse._whole(source, named=false) }} as training_set
),

summary as (
    select
        count(*) as row_count,
        {{ 'count(' ~ feature_warehouse._quote(label) ~ ')' if label else 'cast(null as bigint)' }} as label_count,
        {%- for column in columns %}
        count({{ feature_warehouse._quote(column) }}) as count_{{ loop.index }},
        {%- endfor %}
        max({{ at }}) as newest_label,
        {%- set parts = feature_warehouse._concat_ws("' '", [
            'count(*)',
            'coalesce(' ~ feature_warehouse._whole_sum(feature_warehouse._hash_part(digest, 1, 15)) ~ ', 0)',
            'coalesce(' ~ feature_warehouse._whole_sum(feature_warehouse._hash_part(digest, 16, 15)) ~ ', 0)',
        ]) %}
        {{ feature_warehouse._md5('\n    ' ~ parts | indent(4) ~ '\n') | indent(8) }} as content_fingerprint
    from contents
)

select
    {{ feature_warehouse._text_literal(made.name) }} as training_set,
    {{ feature_warehouse._text_literal(made.service) }} as service,
    {{ feature_warehouse._text_literal(fingerprint) }} as service_fingerprint,
    {{ feature_warehouse._text_literal(sql_hash) }} as sql_hash,
    row_count,
    label_count,
    content_fingerprint,
    {{ feature_warehouse._concatenated(
        feature_warehouse._card_pieces(made, columns, views, fingerprint, sql_hash), ''
    ) | indent(4) }} as card
from summary
{%- endmacro %}


{% macro _card_pieces(made, columns, views, fingerprint, sql_hash) -%}
    {#- The SQL texts of a JSON document, one after another. -#}
    {%- set head = {
        'training_set': made.name,
        'service': made.service,
        'service_fingerprint': fingerprint,
        'sql_hash': sql_hash,
        'labels': made.label_set.name,
        'label': made.label_set.label,
        'options': made.options,
    } -%}
    {%- if made.computed.features or made.computed.hidden -%}
        {%- do head.update({
            'on_demand': feature_warehouse._card_of_computed(made.get('served') or made, views),
            'hidden': made.computed.hidden,
        }) -%}
    {%- endif -%}
    {%- set pieces = [
        feature_warehouse._text_literal(feature_warehouse._json(head)[:-1] ~ ', "row_count": '),
        'row_count',
        feature_warehouse._text_literal(', "label_count": '),
        'coalesce(' ~ feature_warehouse._to_text('label_count') ~ ", 'null')",
        feature_warehouse._text_literal(', "content_fingerprint": "'),
        'content_fingerprint',
        feature_warehouse._text_literal('", "views": [')
    ] -%}
    {%- set seen = {} -%}
    {%- for view in views -%}
        {%- do seen.setdefault(view.name, view) -%}
    {%- endfor -%}
    {%- for view in seen.values() -%}
        {%- do pieces.extend([
            feature_warehouse._text_literal(
                (', ' if not loop.first else '') ~ '{"view": ' ~ tojson(view.name)
                ~ ', "newest_available_at": '
            ),
            feature_warehouse._newest_available(view),
            "'}'"
        ]) -%}
    {%- endfor -%}
    {%- do pieces.append(feature_warehouse._text_literal('], "columns": [')) -%}
    {%- for column, type in columns.items() -%}
        {%- set nulls = 'row_count - count_' ~ loop.index -%}
        {%- do pieces.extend([
            feature_warehouse._text_literal(
                (', ' if not loop.first else '') ~ '{"name": ' ~ tojson(column) ~ ', "data_type": '
                ~ tojson(type) ~ ', "null_count": '
            ),
            nulls,
            "', \"null_rate\": '",
            "coalesce(cast(cast(\n    (" ~ nulls ~ ') * 1.0 / nullif(row_count, 0) as decimal(9, 6)\n'
                ~ ") as " ~ feature_warehouse._text_type() ~ "), 'null')",
            "'}'"
        ]) -%}
    {%- endfor -%}
    {%- do pieces.append("']}'") -%}
    {{ return(pieces) }}
{%- endmacro %}


{% macro _card_of_computed(made, views) -%}
    {#- What a card says of on-demand features, by name. -#}
    {%- set types = feature_warehouse._computed_types(made.place, made.label_set, views, made.computed) -%}
    {%- set said = {} -%}
    {%- for feature in made.computed.features -%}
        {%- do said.update({feature.name: {
            'expression': feature_warehouse._one_line(feature.expr),
            'data_type': feature_warehouse._declared_type(types[feature.name]),
        }}) -%}
    {%- endfor -%}
    {{ return(said) }}
{%- endmacro %}


{% macro _newest_available(view) -%}
    {#- The newest instant at which a row became available that any label could have seen, as JSON. -#}
    {%- set spec = feature_warehouse._join_spec(view) -%}
    {%- do feature_warehouse._skip_if_empty(spec) -%}
    {%- set conditions = [spec.event ~ ' is not null'] -%}
    {%- for key in spec.entity -%}
        {%- do conditions.append(key ~ ' is not null') -%}
    {%- endfor -%}
    {#- By itself: not every engine takes a subquery that asks its row whether one instant is before another. -#}
    {%- set newest = feature_warehouse._clock_at(view, '(select summary.newest_label from summary)') -%}
    {%- do conditions.extend(spec.filters + [spec.known ~ ' <= ' ~ newest]) -%}
    {{ return(
        'coalesce(\n    (\n        select ' ~ feature_warehouse._iso_instant(
            'max(' ~ spec.known ~ ')'
        ) ~ '\n        from ' ~ spec.relation ~ ' as known_rows\n        where\n            '
        ~ conditions | join('\n            and ') ~ "\n    ),\n    'null'\n)"
    ) }}
{%- endmacro %}


{% macro _row_digest(columns) -%}
    {{ return(feature_warehouse._md5(
        '\n    ' ~ feature_warehouse._row_text(columns) | indent(4) ~ '\n'
    )) }}
{%- endmacro %}


{% macro _row_text(columns) -%}
    {#- All values of a row as one text that no other row has: NULL is -, and what may contain the
        separator comes after its length. -#}
    {%- set texts = [] -%}
    {%- for column, type in columns.items() -%}
        {%- set name = feature_warehouse._quote(column) -%}
        {%- set text = feature_warehouse._as_text(name, type) -%}
        {%- if feature_warehouse._kind(type) in (none, 'text') -%}
            {%- set text = 'length(' ~ text ~ ") || ':' || " ~ text -%}
        {%- endif -%}
        {%- set line = 'coalesce(' ~ text ~ ", '-')" -%}
        {%- if line | length > 84 -%}
            {%- set line = 'coalesce(\n    ' ~ text | replace(' else ', '\n        else ') | replace(
                'case when ', 'case\n        when '
            ) | replace(' end', '\n    end') ~ ",\n    '-'\n)" -%}
        {%- endif -%}
        {%- do texts.append(line) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._concatenated(texts, '|')) }}
{%- endmacro %}


{% macro _concatenated(texts, separator) -%}
    {#- One text of many, in groups: a function of PostgreSQL takes 100 arguments. -#}
    {%- if texts | length <= 50 -%}
        {{ return(feature_warehouse._concat_ws("'" ~ separator ~ "'", texts | map('indent', 4) | list)) }}
    {%- endif -%}
    {%- set groups = [] -%}
    {%- for group in texts | batch(50) -%}
        {%- do groups.append(
            'nullif(' ~ feature_warehouse._concatenated(group, separator) ~ ", '')"
        ) -%}
    {%- endfor -%}
    {{ return(feature_warehouse._concatenated(groups, separator)) }}
{%- endmacro %}
