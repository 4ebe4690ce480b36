{#- Columns of the request log, for skew. All names of ours have a prefix that no column of the log begins with. -#}

{% macro _names_of_requests(request) -%}
    {#- The columns of `_logged_requests` that are ours. -#}
    {%- set names = [] -%}
    {%- for role in request.columns -%}
        {%- do names.append(request.prefix ~ role) -%}
    {%- endfor -%}
    {%- for part in request.parts -%}
        {%- for role in part.columns -%}
            {%- do names.append(request.prefix ~ role ~ '_' ~ part.place) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name in request.served -%}
        {%- do names.append(request.prefix ~ 'served_' ~ loop.index0) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{% macro _own_columns(request, roles) -%}
    {#- Columns of ours of the log, by names of ours: those of the request, and of each part where `roles` is none. -#}
    {%- set columns = [] -%}
    {%- for role, column in request.columns.items() if roles is none or role in roles -%}
        {%- do columns.append('log.' ~ feature_warehouse._quote(column) ~ ' as ' ~ request.prefix ~ role) -%}
    {%- endfor -%}
    {%- for part in (request.parts if roles is none else []) -%}
        {%- for role, column in part.columns.items() -%}
            {%- do columns.append(
                'log.' ~ feature_warehouse._quote(column) ~ ' as ' ~ request.prefix ~ role ~ '_' ~ part.place
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _logged_requests(request, labels, more=[], roles=none) -%}
    {#- The select list of the log: what `_own_columns` says, keys and what the request gave in their declared types,
        and what was served. -#}
    {%- set columns = more + feature_warehouse._own_columns(request, roles) -%}
    {%- for key in request.given -%}
        {%- set name = feature_warehouse._quote(key) -%}
        {%- do columns.append(
            'cast(log.' ~ name ~ ' as ' ~ labels.types[key] ~ ') as ' ~ name if key in labels.types
            else 'log.' ~ name
        ) -%}
    {%- endfor -%}
    {%- for name in request.served -%}
        {%- do columns.append(
            'log.' ~ feature_warehouse._quote(name) ~ ' as ' ~ request.prefix ~ 'served_' ~ loop.index0
        ) -%}
    {%- endfor -%}
    {{ return('select\n    ' ~ columns | join(',\n    ')) }}
{%- endmacro %}


{% macro _logged(request, role) -%}
    {#- A column of ours of the log. -#}
    {{ return('log.' ~ feature_warehouse._quote(request.columns[role])) }}
{%- endmacro %}


{% macro _asked_requests(request, labels, more=[]) -%}
    {#- The logged requests that the table `asked` numbers. -#}
    {%- set prefix = request.prefix -%}
    {%- set extra = ['asked.' ~ prefix ~ 'number'] + more -%}
    {{ return(
        feature_warehouse._logged_requests(request, labels, extra)
        ~ '\nfrom ' ~ request.asked ~ ' as asked\ninner join ' ~ request.log ~ ' as log\n    on\n        '
        ~ feature_warehouse._logged(request, 'read_id') ~ ' = cast(asked.' ~ prefix ~ 'read as uuid)\n        and '
        ~ feature_warehouse._logged(request, 'position') ~ ' = asked.' ~ prefix ~ 'place'
    ) }}
{%- endmacro %}
