{#- What can be wrong with the `drift` of a feature view. -#}

{% macro _drift_mistakes(block, features) -%}
    {#- What is wrong with the `drift` of a feature view. -#}
    {%- set drift = block.get('drift') -%}
    {%- if drift is none -%}
        {{ return([]) }}
    {%- elif drift is not mapping -%}
        {{ return(["drift must be a mapping, such as {baseline: season, psi: 0.3}"]) }}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._drift_rule_mistakes(drift, 'drift', ['features']) -%}
    {%- set own = drift.get('features') or {} -%}
    {%- if own is not mapping -%}
        {%- do mistakes.append('drift.features must map features to their rules') -%}
        {%- set own = {} -%}
    {%- endif -%}
    {%- for name, rule in own.items() -%}
        {%- if name not in features -%}
            {%- do mistakes.append(
                "drift.features names '" ~ name ~ "', which is not a feature; features are "
                ~ features | join(', ')
            ) -%}
        {%- elif rule is not mapping -%}
            {%- do mistakes.append(
                'drift.features.' ~ name ~ ' must be a mapping, such as {psi: 0.3}'
            ) -%}
        {%- else -%}
            {%- do mistakes.extend(
                feature_warehouse._drift_rule_mistakes(rule, 'drift.features.' ~ name, [])
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _drift_rule_mistakes(rule, place, also, baselines=['training_set', 'season', 'previous_run']) -%}
    {#- What is wrong with the limits of a view or a feature. -#}
    {%- set known = feature_warehouse._drift_defaults().keys() | list + also -%}
    {%- set mistakes = [] -%}
    {%- for mistake in feature_warehouse._unknown_keys(rule, known) -%}
        {%- do mistakes.append(place ~ ': ' ~ mistake) -%}
    {%- endfor -%}
    {%- for key, value in rule.items() if key in known and key not in also -%}
        {%- if key == 'baseline' -%}
            {%- if value not in baselines -%}
                {%- do mistakes.append(
                    place ~ ".baseline is '" ~ value ~ "'; it must be " ~ baselines[:-1] | join(', ') ~ ' or '
                    ~ baselines[-1]
                ) -%}
            {%- endif -%}
        {%- elif key == 'off' -%}
            {%- if value is not sameas false and (value is not string or not value | trim) -%}
                {%- do mistakes.append(
                    place ~ '.off must say why the feature is not judged, or be false to judge it'
                ) -%}
            {%- endif -%}
        {%- elif key == 'since' -%}
            {%- for mistake in feature_warehouse._instant_mistakes(place ~ '.since', value | string) -%}
                {%- do mistakes.append(mistake) -%}
            {%- endfor -%}
        {%- elif value is boolean or value is not number or value < 0 -%}
            {%- do mistakes.append(place ~ '.' ~ key ~ " is '" ~ value ~ "'; it must be 0 or a greater number") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
