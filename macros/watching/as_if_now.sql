{% macro as_if_now(instant, clock) -%}
    {#- An instant as long before now as it is before a clock that stands still: dbt measures the age of a
        source against the real time, which says nothing of data that ended long ago. -#}
    {{ return(
        feature_warehouse._now() ~ ' - (' ~ feature_warehouse._instant(clock) ~ ' - ' ~ instant ~ ')'
    ) }}
{%- endmacro %}
