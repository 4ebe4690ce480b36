{#- What is wrong with the arguments of a logged set. -#}

{% macro _logged_set_mistakes(made, logged) -%}
    {#- What is wrong with the arguments of a logged set; `logged` are the columns of the log. -#}
    {%- set mistakes = [] -%}
    {%- set ours = [] -%}
    {%- for name in ['read_id', 'position', 'request_id', 'requested_at', 'clock', 'fingerprint', 'tag'] -%}
        {%- do ours.append(feature_warehouse._own_column(logged, name)) -%}
    {%- endfor -%}
    {%- set columns = made.label_set.columns -%}
    {%- if made.on is not string or (columns and made.on not in columns) -%}
        {%- do mistakes.append(
            "on must name the column of '" ~ made.label_set.name ~ "' with the id of the request; it has "
            ~ columns | join(', ')
        ) -%}
    {%- endif -%}
    {%- for name in logged.outputs if logged.known and (name not in logged.known or name in ours) -%}
        {%- do mistakes.append(
            "the log has no '" ~ name ~ "'; it is personal data, or the source is older than the feature: write it"
            ~ ' anew with `feature-warehouse requests ' ~ made.service ~ ' --yaml`'
        ) -%}
    {%- endfor -%}
    {%- set owners = {} -%}
    {%- for column in columns -%}
        {%- do owners.update({column | lower: "label column '" ~ made.label_set.name ~ '.' ~ column ~ "'"}) -%}
    {%- endfor -%}
    {%- if made.options.get('split') is mapping -%}
        {%- do feature_warehouse._claim(
            feature_warehouse._split_column(made.options.split), 'the split', '; give it another name', owners, mistakes
        ) -%}
    {%- endif -%}
    {%- for name in logged.outputs -%}
        {%- do feature_warehouse._claim(
            name, "feature '" ~ name ~ "' of service '" ~ made.service ~ "'", '; rename the label column', owners,
            mistakes
        ) -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
