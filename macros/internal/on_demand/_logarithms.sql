{#- The logarithm and the exponential function as SQL, by sums, products and quotients in the order of
    on_demand/logarithms.py of the Python package, which says why it is right. Engines round these alike, and what they
    themselves say of logarithms and powers differently: LN is only a first guess of an exponent, and POWER is rounded. -#}

{% macro _printed_logarithm(value, context) -%}
    {#- The logarithm of a double to the base of e; NULL if it does not lie between 1e-150 and 1e150. Any guess that
        is wrong by no more than one gives the same exponent, and the rest of 1 is exact. -#}
    {%- set guess = feature_warehouse._kept_as(
        'guess', 'case when ' ~ value.sql ~ ' between 1e-150 and 1e150 then floor(ln(' ~ value.sql
        ~ ') * 1.4426950408889634e0 + 0.5) end', value.level, context
    ) -%}
    {%- set power = feature_warehouse._kept_as('power', 'power(2, ' ~ guess.sql ~ ')', guess.level, context) -%}
    {%- set scaled = feature_warehouse._kept_as(
        'scaled', value.sql ~ ' / ' ~ feature_warehouse._rounded_power(power.sql), power.level, context
    ) -%}
    {%- set exponent = feature_warehouse._kept_as(
        'exponent', 'case when ' ~ scaled.sql ~ ' < 0.7 then ' ~ guess.sql ~ ' - 1 when ' ~ scaled.sql ~ ' >= 1.4 then '
        ~ guess.sql ~ ' + 1 else ' ~ guess.sql ~ ' end', scaled.level, context
    ) -%}
    {%- set rest = feature_warehouse._kept_as(
        'rest', 'case when ' ~ scaled.sql ~ ' < 0.7 then ' ~ scaled.sql ~ ' * 2 when ' ~ scaled.sql ~ ' >= 1.4 then '
        ~ scaled.sql ~ ' / 2 else ' ~ scaled.sql ~ ' end - 1', scaled.level, context
    ) -%}
    {%- set ratio = feature_warehouse._kept_as('ratio', rest.sql ~ ' / (' ~ rest.sql ~ ' + 2)', rest.level, context) -%}
    {%- set z = feature_warehouse._kept_as('z', ratio.sql ~ ' * ' ~ ratio.sql, ratio.level, context) -%}
    {%- set c = feature_warehouse._kept_as(
        'c', '2 * z / (3 - z - 4 * z / (5 - 9 * z / (7 - 16 * z / (9 - 25 * z / (11 - 36 * z / (13 - 49 * z / (15 - 64 * z / 17)))))))'
        | replace('z', z.sql), z.level, context
    ) -%}
    {{ return({
        'sql': '(' ~ exponent.sql ~ ' * 0.6931471805598903e0 + (' ~ rest.sql ~ ' - (' ~ ratio.sql ~ ' * (' ~ rest.sql
            ~ ' - ' ~ c.sql ~ ') - ' ~ exponent.sql ~ ' * 5.497923018708371e-14)))',
        'level': c.level, 'single': false, 'wrapped': true,
    }) }}
{%- endmacro %}


{% macro _printed_exponential(value, context) -%}
    {#- A power of e; NULL if the exponent does not lie between -345 and 345. -#}
    {%- set exponent = feature_warehouse._kept_as(
        'exponent', 'case when abs(' ~ value.sql ~ ') <= 345 then floor(' ~ value.sql ~ ' * 1.4426950408889634e0 + 0.5) end',
        value.level, context
    ) -%}
    {%- set power = feature_warehouse._kept_as('power', 'power(2, ' ~ exponent.sql ~ ')', exponent.level, context) -%}
    {%- set rest = feature_warehouse._kept_as(
        'rest', value.sql ~ ' - ' ~ exponent.sql ~ ' * 0.6931471805598903e0', exponent.level, context
    ) -%}
    {%- set less = exponent.sql ~ ' * 5.497923018708371e-14' -%}
    {#- Of what is smaller the square would be lost, which PostgreSQL does not allow; its power is 1 in any case. -#}
    {%- set r = feature_warehouse._kept_as(
        'r', 'case when abs(' ~ value.sql ~ ') < 1e-150 then 0 else ' ~ rest.sql ~ ' - ' ~ less ~ ' end', rest.level, context
    ) -%}
    {%- set c = feature_warehouse._kept_as(
        'c', 'r - r * r / (6 + r * r / (10 + r * r / (14 + r * r / (18 + r * r / 22))))' | replace('r', r.sql),
        r.level, context
    ) -%}
    {{ return({
        'sql': '((1 + (' ~ rest.sql ~ ' - (' ~ less ~ ' - ' ~ r.sql ~ ' * ' ~ c.sql ~ ' / (2 - ' ~ c.sql ~ ')))) * '
            ~ feature_warehouse._rounded_power(power.sql) ~ ')',
        'level': c.level, 'single': false, 'wrapped': true,
    }) }}
{%- endmacro %}


{% macro _rounded_power(power) -%}
    {#- A power of 2 that an engine may have wrong in its last bits: rounded to 26 of 53 bits, so that these are gone. -#}
    {{ return('(' ~ power ~ ' * 134217729 - (' ~ power ~ ' * 134217729 - ' ~ power ~ '))') }}
{%- endmacro %}


{% macro _kept_as(name, sql, level, context) -%}
    {#- SQL that reads columns of a step, as a column of the next with a name of that kind. -#}
    {{ return(feature_warehouse._kept({'sql': sql, 'level': level, 'single': false}, context, name)) }}
{%- endmacro %}
