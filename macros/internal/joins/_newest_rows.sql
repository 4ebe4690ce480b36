{% macro _newest_rows(name, relation, at, expire) -%}
    {#- The point-in-time rule for every entity at one instant, as a subquery. -#}
    {%- set view = feature_warehouse._view_named(name, 'latest() or as_of()') -%}
    {%- do view.update({'relation': relation}) -%}
    {%- set spec = feature_warehouse._join_spec(view) -%}
    {%- do feature_warehouse._skip_if_empty(spec) -%}
    {%- set choice = feature_warehouse._free_name('choice', view.types) -%}
(
    select
        {%- for column in view.types %}
        {{ feature_warehouse._quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            *,
            {{ feature_warehouse._window(
                'row_number()', spec.entity,
                feature_warehouse._newest_first(spec, feature_warehouse._order_of_the_rest(view)), 12,
                ' as ' ~ choice
            ) }}
        from {{ spec.relation }}
        where
            {{ spec.event }} is not null
            {%- for key in spec.entity %}
            and {{ key }} is not null
            {%- endfor %}
            and {{ spec.known }} <= {{ at }}
            {%- for condition in spec.filters %}
            and {{ condition }}
            {%- endfor %}
    ) as available_rows
    where
        {{ choice }} = 1
        {%- if expire and spec.expires %}
        and {{ spec.expires }} >= {{ at }}
        {%- endif %}
)
{%- endmacro %}

