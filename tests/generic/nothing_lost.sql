{% test nothing_lost(model, compare_to) %}
    {%- if execute -%}
        {%- set lost = feature_warehouse._lost_rows(model, compare_to, config.get('where')) %}
with lost_rows as (
    {{ feature_warehouse._columns_from(lost.view, compare_to, lost.conditions) | indent(4) }}
    except
    {{ feature_warehouse._columns_from(lost.view, model) | indent(4) }}
)

select
    *,
    cast({{ feature_warehouse._text_literal('it is in ' ~ compare_to.identifier ~ ' and not here') }} as {{ feature_warehouse._text_type() }})
        as {{ feature_warehouse._problem_column() }}
from lost_rows
    {%- endif %}
{% endtest %}
