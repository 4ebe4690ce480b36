{% test not_stale(model, max_age, timestamp=none, as_of=none) %}
    {%- if execute -%}
        {%- set clock = feature_warehouse._now() if as_of is none else feature_warehouse._instant(as_of) -%}
        {%- set rows = feature_warehouse._rows_with_an_age(timestamp) -%}
        {%- set length = feature_warehouse._fixed_length('max_age', max_age) %}
select
    newest,
    {{ clock }} as clock,
    case
        when newest is null then 'there is no row that is available'
        else {{ feature_warehouse._text_literal(
            'the newest available row is older than ' ~ max_age
        ) }}
    end as problem
from (
    select max({{ rows.event }}) as newest
    from {{ model }}
    where {{ rows.known }} <= {{ clock }}
) as available_rows
where newest is null or newest < {{ clock }} - {{ feature_warehouse._interval(length) }}
    {%- endif %}
{% endtest %}
