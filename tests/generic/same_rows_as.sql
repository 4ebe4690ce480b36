{% test same_rows_as(model, compare_to=none, columns=none) %}
    {%- if execute -%}
        {%- set expected = feature_warehouse._expected_rows(
            model, compare_to, columns, config.get('where')
        ) -%}
        {%- set query -%}
{{ feature_warehouse._with(expected.ctes) -}}
select
    {%- for column in expected.columns %}
    {{ column.name }},
    {%- endfor %}
    cast(sum({{ expected.side }}) as bigint) as rows_too_many,
    cast(case when sum({{ expected.side }}) > 0 then 'not in' else 'missing from what is in' end as {{ feature_warehouse._text_type() }})
    || {{ feature_warehouse._text_literal(' ' ~ expected.name) }} as {{ expected.problem }}
from (
    select
        {%- for column in expected.columns %}
        {{ column.value }},
        {%- endfor %}
        1 as {{ expected.side }}
    from {{ model }}{{ expected.sampled }}
    union all
    select
        {%- for column in expected.columns %}
        {{ column.value }},
        {%- endfor %}
        -1 as {{ expected.side }}
    from {{ expected.source }}
) as both_sides
group by {{ range(1, expected.columns | length + 1) | join(', ') }}
having sum({{ expected.side }}) <> 0
        {%- endset %}
{{ feature_warehouse._without_personal_data(
    query, expected.names + ['rows_too_many', expected.problem]
) }}
    {%- endif %}
{% endtest %}
