{% macro _quote(name) -%}
    {#- A column name as a person would write it: quoted only where it has to be. The words are those
        that DuckDB or PostgreSQL reserve (a test compares them with both servers' own lists). -#}
    {%- set reserved = '
        all analyse analyze and anti any array as asc asof asymmetric at authorization binary both
        by case cast check collate collation column columns concurrently constraint create cross
        current_catalog current_date current_role current_schema current_time current_timestamp
        current_user default deferrable desc describe distinct do else end except false fetch for
        foreign freeze from full generated glob grant group having ilike in initially inner
        intersect into is isnull join lambda lateral leading left like limit localtime
        localtimestamp map natural not notnull null offset on only or order outer overlaps pivot
        pivot_longer pivot_wider placing positional primary qualify references returning right
        select semi session_user show similar some struct summarize symmetric system_user table
        tablesample then to trailing true try_cast tuple union unique unpack unpivot user using
        variadic verbose when where window with
    ' -%}
    {%- if modules.re.fullmatch('[a-z_][a-z0-9_]*', name) and name not in reserved.split() + feature_warehouse._reserved_words() -%}
        {{ return(name) }}
    {%- endif -%}
    {{ return(feature_warehouse._in_quotation_marks(name)) }}
{%- endmacro %}


{% macro _bare_name(name) -%}
    {#- A name without the quotation marks that it may stand in. -#}
    {{ return(name[1:-1] if name[:1] in ('"', '`') else name) }}
{%- endmacro %}
