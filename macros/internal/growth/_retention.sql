{#- The rows of a feature view that no label from some instant on can see. -#}

{% macro _past_rows(name, before) -%}
    {#- The statements that count and delete them. -#}
    {%- set place = 'drop_history()' -%}
    {%- set view = feature_warehouse._view_named(name, place) -%}
    {%- set relation = load_relation(feature_warehouse._ref(name)) -%}
    {%- set mistakes = feature_warehouse._instant_mistakes('before', before) -%}
    {%- if not mistakes and feature_warehouse._is_to_come(before) -%}
        {%- do mistakes.append(
            "before '" ~ before ~ "' is in the future; rows that are in use now would go"
        ) -%}
    {%- endif -%}
    {%- if relation is none -%}
        {%- do mistakes.append("'" ~ name ~ "' is not there; build it first") -%}
    {%- elif relation.type != 'table' -%}
        {%- do mistakes.append(
            "'" ~ name ~ "' is a " ~ relation.type ~ ' and has no rows of its own; drop them from the'
            ~ ' tables that it reads'
        ) -%}
    {%- endif -%}
    {%- set row = feature_warehouse._row_id() -%}
    {%- if row in view.types | map('lower') -%}
        {%- do mistakes.append(
            "'" ~ name ~ "' has a column called " ~ row ~ ', which hides what tells its rows apart;'
            ~ ' give it another name'
        ) -%}
    {%- endif -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail(place, mistakes) }}
    {%- endif -%}
    {%- set marked = feature_warehouse._marked_rows(
        dict(view, relation=relation), feature_warehouse._instant(before)
    ) -%}
    {{ return({
        'count': 'select\n    count(case when is_past then 1 end) as past_rows,\n'
            ~ '    count(*) as all_rows\nfrom (\n' ~ marked | indent(4, true) ~ '\n) as marked_rows',
        'delete': 'delete from ' ~ relation ~ '\nwhere (' ~ row ~ ') in (\n    select ' ~ row
            ~ '\n    from (\n' ~ marked | indent(8, true) ~ '\n    ) as marked_rows\n'
            ~ '    where is_past\n)',
    }) }}
{%- endmacro %}


{% macro _marked_rows(view, before) -%}
    {#- All rows, each with whether it is past: of what was available at the instant, only the answer
        of each entity is ever seen again, and not even that if it has expired. -#}
    {%- set spec = feature_warehouse._join_spec(view) -%}
    {%- set row = feature_warehouse._row_id() -%}
    {%- set is_later = feature_warehouse._free_name('is_later', view.types) -%}
    {%- set order = [spec.event ~ ' desc nulls last'] + feature_warehouse._newest_first(
        spec, feature_warehouse._order_of_the_rest(view)
    )[1:] -%}
    {%- set ends = [] -%}
    {%- if spec.expires -%}
        {%- do ends.append(spec.expires ~ ' < ' ~ before) -%}
    {%- endif -%}
    {%- for column in spec.entity + [spec.event] -%}
        {%- do ends.append(column ~ ' is null') -%}
    {%- endfor -%}
select
    {{ row }},
    case
        when {{ is_later }} then false
        {%- for end in ends %}
        when {{ end }} then true
        {%- endfor %}
        else {{ feature_warehouse._window(
            'row_number()', spec.entity + [is_later], order, 8, ' > 1'
        ) }}
    end as is_past
from (
    select
        *,
        {{ row }},
        {{ spec.known }} > {{ before }} as {{ is_later }}
    from {{ view.relation }}
) as all_rows
{%- endmacro %}


{% macro _is_to_come(instant) -%}
    {#- Whether an instant is in the future. -#}
    {%- set passed = modules.datetime.datetime.now(modules.pytz.utc)
        - modules.datetime.datetime(1970, 1, 1, tzinfo=modules.pytz.utc) -%}
    {%- set now = (passed.days * 86400 + passed.seconds) * 1000000 + passed.microseconds -%}
    {{ return(feature_warehouse._instant_microseconds(instant) > now) }}
{%- endmacro %}
