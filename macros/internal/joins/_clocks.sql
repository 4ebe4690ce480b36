{#- At which instant a label asks a view: at its own, or at the clock of the run that readers had then. A view has
    `served` for the latter: the `runs` of the publication log, and before the first of them, or instead, those of a
    schedule, one `every` so many microseconds, each in service after the `delay`. -#}

{% macro _clock_tables(views) -%}
    {#- What is looked up for a join: a CTE for each way of telling when runs were, with its columns by the views that
        have one. All views have the one of a schedule, by no name. -#}
    {%- set tables = [] -%}
    {%- for view in views if view.get('served') -%}
        {%- if not tables | selectattr('served', 'equalto', view.served) | list -%}
            {%- do tables.append({
                'name': 'clocks' ~ ('_' ~ (tables | length + 1) if tables), 'served': view.served, 'columns': {}
            }) -%}
        {%- endif -%}
        {%- set table = tables | selectattr('served', 'equalto', view.served) | first -%}
        {%- set name = view.name if view.served.runs else none -%}
        {%- do table.columns.setdefault(name, 'clock_' ~ (table.columns | length + 1) if name else 'clock') -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}


{% macro _clock_of(view, labels, tables) -%}
    {#- The expression of the instant at which a label asks a view, and what has to be joined for it; by itself, and as
        a column of the labels' keys. -#}
    {%- if not view.get('served') -%}
        {{ return({'clock': labels.at, 'asked_clock': labels.at, 'clocks': none}) }}
    {%- endif -%}
    {%- set table = tables | selectattr('served', 'equalto', view.served) | first -%}
    {%- set column = table.columns[view.name if view.served.runs else none] -%}
    {%- set keys = feature_warehouse._renames(view.join_keys).values() | list + [feature_warehouse._bare_name(labels.timestamp)] -%}
    {%- set name = feature_warehouse._free_name(column, keys) -%}
    {{ return({
        'clock': table.name ~ '.' ~ column,
        'asked_clock': 'labels.' ~ name,
        'clock_column': table.name ~ '.' ~ column ~ (' as ' ~ name if name != column else ''),
        'clocks': table.name,
    }) }}
{%- endmacro %}


{% macro _clocks_join(labels, name) -%}
    {#- What is joined to labels so that they have their clocks. -#}
    {{ return(
        '' if name is none else '\nleft join ' ~ name ~ '\n    on ' ~ labels.at ~ ' = ' ~ name ~ '.instant'
    ) }}
{%- endmacro %}


{% macro _clocks_joins(labels, specs) -%}
    {#- The same for the clocks of several views. -#}
    {%- set joins = [] -%}
    {%- for spec in specs -%}
        {%- set join = feature_warehouse._clocks_join(labels, spec.clocks) -%}
        {%- do joins.append(join if join not in joins else '') -%}
    {%- endfor -%}
    {{ return(joins | join) }}
{%- endmacro %}


{% macro _clocks(labels, tables) -%}
    {#- The CTEs that are looked up. -#}
    {%- set ctes = [] -%}
    {%- for table in tables -%}
        {%- do ctes.extend(
            feature_warehouse._logged_clocks(labels, table) if table.served.runs
            else [feature_warehouse._scheduled_clocks(labels, table)]
        ) -%}
    {%- endfor -%}
    {{ return(ctes) }}
{%- endmacro %}


{% macro _scheduled_clock(served, at) -%}
    {#- The clock of the last run of a schedule that is in service at an instant. -#}
    {%- set ready = at ~ (' - ' ~ feature_warehouse._interval(served.delay) if served.delay else '') -%}
    {{ return(feature_warehouse._start_of_block(ready, served.every)) }}
{%- endmacro %}


{% macro _scheduled_clocks(labels, table) -%}
    {#- The CTE of the clock at each instant of the labels. -#}
{{ table.name }} as {{ feature_warehouse._table_once() }}(
    select
        {{ labels.at }} as instant,
        {{ feature_warehouse._scheduled_clock(table.served, labels.at) | indent(8) }} as clock
    from {{ labels.source }}
    where {{ labels.at }} is not null
    group by {{ labels.at }}
)
{%- endmacro %}


{% macro _in_service_at() -%}
    {#- From when readers have what a run of the publication log has published, and not before its clock; those of a
        simulated clock live at that. -#}
    {{ return(
        'case when is_simulated then clock else ' ~ feature_warehouse._greatest('finished_at, clock') ~ ' end'
    ) }}
{%- endmacro %}


{% macro _logged_clocks(labels, table) -%}
    {#- The CTEs of the runs, and of the clock of each view at each instant of the labels. Runs and instants are laid
        on one timeline, where the last run so far is the one of the greatest number. An instant has the clock of the
        schedule, if any, for where there was no run. -#}
    {%- set served = table.served -%}
    {%- set views = [] -%}
    {%- set numbers = [] -%}
    {%- set clocks = [] -%}
    {%- for name, column in table.columns.items() -%}
        {%- set view = feature_warehouse._text_literal(name) -%}
        {%- set last = 'run_' ~ loop.index -%}
        {%- set clock = 'max(case when number = ' ~ last ~ ' then clock end) over (partition by ' ~ last ~ ')' -%}
        {%- do views.append(view) -%}
        {%- do numbers.append(feature_warehouse._window(
            'max(case when view = ' ~ view ~ ' then number end)', [], ['instant'], 16, ' as ' ~ last
        )) -%}
        {%- do clocks.append(
            (feature_warehouse._sql_call('coalesce', [clock, 'clock']) if served.every else clock) ~ ' as ' ~ column
        ) -%}
    {%- endfor -%}
    {%- set runs -%}
runs as (
    select
        view,
        clock,
        in_service_at,
        row_number() over (order by in_service_at, finished_at, run) as number
    from (
        select
            *,
            {{ feature_warehouse._in_service_at() }} as in_service_at
        from {{ feature_warehouse._whole(served.runs) }}
        where view in ({{ feature_warehouse._list(views) }})
    ) as published
)
    {%- endset -%}
    {%- set known -%}
{{ table.name }} as {{ feature_warehouse._table_once() }}(
    select
        instant,
        {{ table.columns.values() | join(',\n        ') }}
    from (
        select
            instant,
            is_label,
            {{ clocks | join(',\n') | indent(12) }}
        from (
            select
                *,
                {{ numbers | join(',\n                ') }}
            from (
                select
                    in_service_at as instant,
                    view,
                    clock,
                    number,
                    false as is_label
                from runs
                union all
                select
                    {{ labels.at }} as instant,
                    null as view,
                    {{ feature_warehouse._scheduled_clock(served, labels.at) | indent(20) if served.every else 'null' }} as clock,
                    null as number,
                    true as is_label
                from {{ labels.source }}
                where {{ labels.at }} is not null
                group by {{ labels.at }}
            ) as instants
        ) as numbered
    ) as timeline
    where is_label
)
    {%- endset -%}
    {{ return([runs, known]) }}
{%- endmacro %}


{% macro _clock_at(view, at) -%}
    {#- The instant at which a view is asked for a label of an instant, by itself. -#}
    {%- set served = view.get('served') -%}
    {%- if not served -%}
        {{ return(at) }}
    {%- endif -%}
    {%- set scheduled = feature_warehouse._scheduled_clock(served, at) if served.every else none -%}
    {%- if not served.runs -%}
        {{ return(scheduled) }}
    {%- endif -%}
    {%- set logged -%}
(
    select clock
    from {{ feature_warehouse._whole(served.runs, named=false) }} as runs
    where
        view = {{ feature_warehouse._text_literal(view.name) }}
        and {{ feature_warehouse._in_service_at() }} <= {{ at }}
    order by {{ feature_warehouse._in_service_at() }} desc, finished_at desc, run desc
    limit 1
)
    {%- endset -%}
    {{ return(feature_warehouse._sql_call('coalesce', [logged | indent(4), scheduled]) if scheduled else logged) }}
{%- endmacro %}
