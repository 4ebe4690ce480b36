{#- `knowledge='served'`: a label sees what a reader would have got, by the publication log or a schedule of runs. -#}

{% macro _served_mistakes(options) -%}
    {#- Mistakes in the argument `served` of a training set. -#}
    {%- set served = options.get('served') -%}
    {%- if options.get('knowledge') != 'served' -%}
        {{ return([] if served is none else [
            "served says when runs were, which only knowledge='served' asks for; add that, or leave served out"
        ]) }}
    {%- elif served is none -%}
        {{ return([]) }}
    {%- elif served is not mapping -%}
        {{ return(["served must be a mapping such as {'every': '1 hour', 'delay': '10 minutes'}, not " ~ served]) }}
    {%- endif -%}
    {%- set mistakes = [] -%}
    {%- for mistake in feature_warehouse._unknown_keys(served, ['every', 'delay', 'log']) -%}
        {%- do mistakes.append('served: ' ~ mistake) -%}
    {%- endfor -%}
    {%- for role in ['every', 'delay'] if served.get(role) is not none -%}
        {%- do mistakes.extend(feature_warehouse._length_mistakes('served: ' ~ role, served[role], role == 'delay')) -%}
    {%- endfor -%}
    {%- if served.get('log') is not none and served.log is not boolean -%}
        {%- do mistakes.append("served: log must be true or false, not '" ~ served.log ~ "'") -%}
    {%- endif -%}
    {%- if served.get('delay') is not none and served.get('every') is none -%}
        {%- do mistakes.append("served: delay needs every, such as '1 hour'; runs of the log have their own") -%}
    {%- elif served.get('every') is none and not served.get('log') -%}
        {%- do mistakes.append("served: it has neither every, such as '1 hour', nor 'log': true") -%}
    {%- endif -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _length_mistakes(role, text, may_be_zero) -%}
    {#- The mistake of a length of time that is none, or of one that lasts no time. -#}
    {%- set length = feature_warehouse._microseconds(text) -%}
    {{ return([] if length or (length == 0 and may_be_zero) else [
        role ~ " '" ~ text ~ "' is not a fixed length of time; write one such as '1 hour'"
    ]) }}
{%- endmacro %}


{% macro _schedule_mistakes(every, delay) -%}
    {#- Mistakes in the arguments of `stale_data_cost`. -#}
    {%- if every is string or every is mapping or every is not iterable or not every -%}
        {{ return(["every must be a list such as ['1 hour', '15 minutes']"]) }}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._length_mistakes('delay', delay, true) -%}
    {%- for text in every -%}
        {%- do mistakes.extend(feature_warehouse._length_mistakes('every', text, false)) -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _reads_publications(options) -%}
    {#- Whether a training set looks up runs in the publication log: without `served`, or where that says so. -#}
    {%- set served = {'log': true} if options.get('served') is none else options.served -%}
    {{ return(options.get('knowledge') == 'served' and served is mapping and served.get('log') == true) }}
{%- endmacro %}


{% macro _served(options) -%}
    {#- When runs were, as a join wants it; none where a label knows what the warehouse knew. -#}
    {%- if options.get('knowledge') != 'served' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set served = options.get('served') if options.get('served') is mapping else {} -%}
    {{ return({
        'every': feature_warehouse._microseconds(served.get('every')) if served.get('every') else none,
        'delay': feature_warehouse._microseconds(served.get('delay') or '0 seconds'),
        'runs': feature_warehouse._publications() if feature_warehouse._reads_publications(options) else none,
    }) }}
{%- endmacro %}


{% macro _publications() -%}
    {#- The table of the publication log, which `drain` makes. -#}
    {%- if feature_warehouse._is_unit_test() -%}
        {{ return(source('feature_warehouse_requests', 'publications')) }}
    {%- endif -%}
    {%- for node in (graph.sources or {}).values()
        if node.source_name == 'feature_warehouse_requests' and node.name == 'publications' -%}
        {{ return(feature_warehouse._relation_of(node)) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(
        "feature_warehouse: knowledge='served' reads the publication log, and no source of it is declared; write one with"
        ~ ' `feature-warehouse requests --yaml > models/publications.yml`, or give a schedule, such as'
        ~ " served={'every': '1 hour'}"
    ) }}
{%- endmacro %}


{% macro _knowledge_of(options) -%}
    {#- The options of a training set that say what a label knows. -#}
    {%- set known = {'knowledge': options.get('knowledge')} -%}
    {%- if options.get('served') is not none -%}
        {%- do known.update({'served': options.served}) -%}
    {%- endif -%}
    {{ return(known) }}
{%- endmacro %}
