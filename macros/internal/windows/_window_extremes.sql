{#- What cannot be taken away again: extremes, the first and the last. -#}

{% macro _extreme(plan, window, function, payload, name) -%}
    {#- The least or greatest value of the events in a window. -#}
    {%- set parts = feature_warehouse._window_parts(plan, window, [(function, payload)], name) -%}
    {%- set values = parts | map('first') | list -%}
    {{ return(
        values[0] if values | length == 1
        else feature_warehouse._least(feature_warehouse._list(values)) if function == 'min'
        else feature_warehouse._greatest(feature_warehouse._list(values))
    ) }}
{%- endmacro %}


{% macro _in_blocks(plan, window) -%}
    {#- Whether a window is computed from blocks of time instead of a frame. -#}
    {{ return(
        window.length is not none
        and (plan.late or not feature_warehouse._can('cheap_frames'))
    ) }}
{%- endmacro %}


{% macro _window_parts(plan, window, calls, name) -%}
    {#- The results of aggregates over the events in a window, as one part or as several that have no
        event in common: a list of columns for each. -#}
    {%- if feature_warehouse._in_blocks(plan, window) -%}
        {{ return(feature_warehouse._block_parts(plan, window, calls, name)) }}
    {%- elif plan.late or not feature_warehouse._can('cheap_frames') -%}
        {%- set entered = feature_warehouse._entering(plan, window) -%}
        {{ return([feature_warehouse._part(plan, window, calls, name, '', entered, feature_warehouse._over('known', plan.windows))]) }}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for function, payload in calls -%}
        {%- set short = name ~ feature_warehouse._call_ending(name, function) -%}
        {%- do columns.append(feature_warehouse._state(
            plan, plan.tallies, short ~ '_' ~ window.suffix,
            feature_warehouse._of_frame(plan, window, function, payload, short)
        )) -%}
    {%- endfor -%}
    {{ return([columns]) }}
{%- endmacro %}


{% macro _part(plan, window, calls, name, ending, condition, over) -%}
    {#- The columns of one such part. -#}
    {%- set columns = [] -%}
    {%- for function, payload in calls -%}
        {%- do plan.changing.append(payload) -%}
        {%- do columns.append(feature_warehouse._state(
            plan, plan.states,
            name ~ feature_warehouse._call_ending(name, function) ~ '_' ~ window.suffix ~ ending,
            feature_warehouse._filtered(function, payload, condition, over)
        )) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro _call_ending(name, function) -%}
    {#- What a name still needs to name a function's result. -#}
    {%- set short = {'stddev_samp': 'stddev', 'var_pop': 'variance'}.get(function, function) -%}
    {{ return('_' ~ short if not name.endswith('_' ~ short) else '') }}
{%- endmacro %}


{#- Time is cut into blocks as long as the window. An event that enters in one block leaves in the next,
    so what is in a window at some instant is what entered since its block began, and what leaves
    until its block ends: two running aggregates, however dense the events. M. van Herk, A fast algorithm
    for local minimum and maximum filters, Pattern Recognition Letters 13, 1992. -#}
{% macro _block_parts(plan, window, calls, name) -%}
    {%- set length = window.length if plan.late else feature_warehouse._stay(plan, window) -%}
    {%- set block = feature_warehouse._start_of_block(plan.at, length) -%}
    {%- set leaves = plan.leaves[(window.offset, window.length)] -%}
    {%- set up = feature_warehouse._quote('block' ~ leaves[3:] ~ '_up') -%}
    {%- set down = feature_warehouse._quote('block' ~ leaves[3:] ~ '_down') -%}
    {%- do plan.windows.update({
        up: feature_warehouse._window_over(plan, [block], plan.at),
        down: feature_warehouse._window_over(
            plan, [block], plan.at ~ ' desc', feature_warehouse._before_peers()
        ),
    }) -%}
    {%- set entered = plan.change ~ " = '" ~ plan.enters[window.offset] ~ "'" -%}
    {%- set left = plan.change ~ " = '" ~ leaves ~ "'" -%}
    {%- set within = '' -%}
    {%- if plan.late -%}
        {%- set inner = feature_warehouse._inner(plan, window, length) -%}
        {%- set within = ' and not ' ~ inner.flag -%}
    {%- endif -%}
    {%- set parts = [
        feature_warehouse._part(plan, window, calls, name, '_up', entered ~ within, feature_warehouse._over(up, plan.windows)),
        feature_warehouse._part(plan, window, calls, name, '_down', left ~ within, feature_warehouse._over(down, plan.windows)),
    ] -%}
    {%- if plan.late -%}
        {%- set columns = [] -%}
        {%- for function, payload in calls -%}
            {%- set sql = function ~ '(events.' ~ payload ~ ')' -%}
            {%- if sql not in inner.columns -%}
                {%- do inner.columns.update({sql: feature_warehouse._taken_name(
                    plan, name ~ '_' ~ function ~ '_' ~ window.suffix ~ '_inner'
                )}) -%}
            {%- endif -%}
            {%- do columns.append(inner.columns[sql]) -%}
        {%- endfor -%}
        {%- do parts.append(columns) -%}
    {%- endif -%}
    {{ return(parts) }}
{%- endmacro %}


{% macro _inner(plan, window, length) -%}
    {#- Events that came so late that they enter and leave within one block: few, joined by time. -#}
    {%- set key = (window.offset, window.length) -%}
    {%- if key not in plan.inner -%}
        {%- do plan.inner.update({key: {
            'name': feature_warehouse._quote('late' ~ plan.leaves[key][3:]),
            'flag': feature_warehouse._taken_name(plan, 'is_late_' ~ window.suffix),
            'enters': feature_warehouse._enters_at(plan, window.offset),
            'leaves': feature_warehouse._after(plan, window.offset + window.length),
            'length': length,
            'columns': {},
        }}) -%}
    {%- endif -%}
    {{ return(plan.inner[key]) }}
{%- endmacro %}
