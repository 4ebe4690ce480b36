{% test unique_feature_rows(model, columns=none) %}
    {%- if execute -%}
        {%- set identity = columns or feature_warehouse._tested_identity() -%}
        {%- set query -%}
select
    {%- for column in identity %}
    {{ feature_warehouse._quote(column) }},
    {%- endfor %}
    count(*) as rows_that_tie
from {{ model }}
group by {{ range(1, identity | length + 1) | join(', ') }}
having count(*) > 1
        {%- endset %}
{{ feature_warehouse._without_personal_data(query, identity + ['rows_that_tie']) }}
    {%- endif %}
{% endtest %}
