{% test no_pii(model, columns=none, min_count=1, min_share=0, allow=none) %}
    {%- if execute -%}
        {%- set looked_at = feature_warehouse._pii_columns(model, columns, allow) %}
{{ feature_warehouse._pii_found(model, looked_at, min_count, min_share) }}
    {%- endif -%}
{% endtest %}
