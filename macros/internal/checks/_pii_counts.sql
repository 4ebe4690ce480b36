{% macro _pii_found(relation, looked_at, min_count, min_share) -%}
    {#- A row for each column and kind of personal data that there is. Every different text is looked at
        once, however many rows have it. -#}
    {%- set allowed = looked_at.allowed -%}
    {%- set shapes = feature_warehouse._pii_shapes() -%}
    {%- for kind in allowed.get('', []) -%}
        {%- do shapes.pop(kind, none) -%}
    {%- endfor -%}
    {%- set card = shapes.pop('card', none) -%}
    {%- if not looked_at.columns or not (shapes or card) -%}
        {{ return('select 1 as nothing_to_look_at where 1 = 0') }}
    {%- endif -%}
    {%- set kinds = shapes.keys() | list + (['card'] if card else []) -%}
with texts as (
    {%- for column in looked_at.columns %}
    {{ 'union all\n    ' if not loop.first -}}
    select
        cast({{ feature_warehouse._text_literal(column) }} as {{ feature_warehouse._text_type() }}) as column_name,
        cast({{ feature_warehouse._quote(column) }} as {{ feature_warehouse._text_type() }}) as content,
        count(*) as how_many
    from {{ relation }}
    where {{ feature_warehouse._quote(column) }} is not null
    group by {{ feature_warehouse._quote(column) }}
    {%- endfor %}
),

shapes as (
    select
        column_name,
        how_many,
        {%- for kind, parts in shapes.items() %}
        case
            when {{ feature_warehouse._matches('content', parts) }}
                then how_many
            else 0
        end as {{ kind }},
        {%- endfor %}
        {%- if card %}
        reverse(regexp_replace(
            {{ feature_warehouse._first_group('content', card) }},
            '[^0-9]', ''{{ feature_warehouse._each_match() }}
        )) as card_digits
        {%- else %}
        null as card_digits
        {%- endif %}
    from texts
),

{% if card -%}
{{ feature_warehouse._luhn() }},

{% endif -%}
counts as (
    select
        column_name,
        sum(how_many) as texts,
        {%- for kind in kinds %}
        {{ 'sum(' ~ kind ~ ')' if kind != 'card' else feature_warehouse._likely_cards() }} as {{ kind }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ 'checked' if card else 'shapes' }}
    group by column_name
),

kinds as (
    {%- for kind in kinds %}
    {{ 'union all\n    ' if not loop.first -}}
    select
        column_name,
        {{ feature_warehouse._text_literal(kind) }} as kind,
        {{ kind }} as how_many,
        texts
    from counts
    {%- endfor %}
)

select
    column_name,
    kind,
    cast(how_many as bigint) as how_many,
    {{ feature_warehouse._as_double('how_many') }} / {{ feature_warehouse._as_double('texts') }} as share_of_rows
from kinds
where
    how_many >= {{ [min_count, 1] | max }}
    {%- if min_share %}
    and how_many >= {{ min_share }} * texts
    {%- endif %}
    {%- for column, some in allowed.items() if column %}
    {%- for kind in some %}
    and not (
        column_name = {{ feature_warehouse._text_literal(column) }}
        and kind = {{ feature_warehouse._text_literal(kind) }}
    )
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}


{% macro _luhn() -%}
    {#- ISO/IEC 7812-1: from the right, every second digit doubled and its digits added. The digits are
        added by counting each of them, which needs no row per digit. -#}
luhn as (
    select
        *,
        regexp_replace(card_digits, '(.)(.?)', '{{ feature_warehouse._group_found(1) }}'{{ feature_warehouse._each_match() }})
        || translate(
            regexp_replace(card_digits, '(.)(.?)', '{{ feature_warehouse._group_found(2) }}'{{ feature_warehouse._each_match() }}), '0123456789', '0246813579'
        ) as summands
    from shapes
),

checked as (
    select
        *,
        (
            {%- for digit in range(1, 10) %}
            {{ '+ ' if not loop.first }}{{ digit }} * (length(summands) - length(replace(summands, '{{ digit }}', '')))
            {%- endfor %}
        ) % 10 = 0 as is_card
    from luhn
)
{%- endmacro %}


{% macro _likely_cards() -%}
    {#- Of any numbers one in ten passes the check: only where more than half do are they cards. -#}
    {{ return(
        'case\n            when sum(case when is_card then 2 else 0 end) > count(card_digits)'
        ~ '\n                then sum(case when is_card then how_many else 0 end)'
        ~ '\n            else 0\n        end'
    ) }}
{%- endmacro %}
