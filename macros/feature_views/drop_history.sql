{% macro drop_history(view, before, dry_run=false) -%}
    {%- if execute -%}
        {%- set past = feature_warehouse._past_rows(view, before) -%}
        {%- set counted = run_query(past.count)[0] -%}
        {%- set words = counted[0] ~ ' of ' ~ counted[1] ~ ' rows, which no label at or after '
            ~ before ~ ' can see' -%}
        {%- if dry_run -%}
            {%- do log(view ~ ': would drop ' ~ words, info=true) -%}
        {%- else -%}
            {%- do run_query(past.delete) -%}
            {%- do adapter.commit() -%}
            {%- do log(view ~ ': dropped ' ~ words, info=true) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
