{#- Personal data by its shape, for the generic test `no_pii`. The regular expressions mean the same to
    DuckDB (RE2) and to PostgreSQL: no look-around, no backslash, both ends of a match spelled out. -#}

{% macro _pii_shapes() -%}
    {#- What may stand around a shape decides between a telephone number and a piece of a UUID, of a decimal
        or of a hash. Each expression is a list of parts, a line each in the compiled SQL. -#}
    {%- set begin = '(?:^|[^0-9A-Za-z+.-])' -%}
    {%- set end = '(?:[^0-9A-Za-z.-]|[.-][^0-9A-Za-z]|[.-]$|$)' -%}
    {{ return({
        'email': ['[0-9A-Za-z][0-9A-Za-z._%+-]*@', '(?:[0-9A-Za-z-]+[.])+[A-Za-z][A-Za-z]+'],
        'phone': [
            begin,
            '(?:(?:[+]?1[ .-])?(?:[(][2-9][0-9]{2}[)] ?|[2-9][0-9]{2}[ .-])',
            '[2-9][0-9]{2}[ .-][0-9]{4}|[+][1-9](?:[ ()/-]{0,2}[0-9]){7,14})',
            end,
        ],
        'us_ssn': [
            begin,
            '(?:[1-578][0-9]{2}|0[1-9][0-9]|00[1-9]|6[0-57-9][0-9]|66[0-57-9])',
            '-(?:[1-9][0-9]|0[1-9])',
            '-(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])',
            end,
        ],
        'uk_nino': [
            begin,
            '[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]',
            '(?:[0-9]{6}| [0-9]{2} [0-9]{2} [0-9]{2} )[A-D]',
            end,
        ],
        'br_cpf': [begin, '[0-9]{3}[.][0-9]{3}[.][0-9]{3}-[0-9]{2}', end],
        'it_fiscal_code': [
            begin, '[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-7][0-9][A-Z][0-9]{3}[A-Z]', end,
        ],
        'card': [
            begin,
            '((?:(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}',
            '|6011|64[4-9][0-9]|65[0-9]{2}|35[2-8][0-9])',
            '(?:[ -]?[0-9]{4}){3})|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}',
            '|3(?:0[0-5]|[68][0-9])[0-9][ -]?[0-9]{6}[ -]?[0-9]{4})',
            end,
        ],
    }) }}
{%- endmacro %}


{% macro _pii_columns(relation, columns, allow) -%}
    {#- The columns that a test looks at, and what is allowed in which of them. -#}
    {%- set node = feature_warehouse._tested_node() -%}
    {%- if node is none and not columns -%}
        {{ feature_warehouse._fail('test no_pii', [
            'it is attached to a source; name the columns, such as `arguments: {columns: [notes]}`'
        ]) }}
    {%- endif -%}
    {%- set types = feature_warehouse._built_columns(node) if node else {} -%}
    {%- set flagged = [] -%}
    {%- for column in (feature_warehouse._view_columns(node).values() if node else []) -%}
        {%- if feature_warehouse._column_meta(column).get('pii') is true -%}
            {%- do flagged.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set wanted = [] -%}
    {%- for column in columns or types if column not in flagged -%}
        {%- if columns or feature_warehouse._kind(types[column]) == 'text' -%}
            {%- do wanted.append(column) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set allowed = {} -%}
    {%- for entry in ([allow] if allow is string else allow or []) -%}
        {%- set pieces = entry.split(':') -%}
        {%- do allowed.setdefault(pieces[:-1] | join(':'), []).append(pieces[-1]) -%}
    {%- endfor -%}
    {%- set mistakes = feature_warehouse._pii_mistakes(columns or [], types, allowed) -%}
    {%- if mistakes -%}
        {{ feature_warehouse._fail('test no_pii', mistakes) }}
    {%- endif -%}
    {{ return({'columns': wanted, 'allowed': allowed}) }}
{%- endmacro %}


{% macro _pii_mistakes(columns, types, allowed) -%}
    {#- Mistakes in the arguments of `no_pii`. -#}
    {%- set mistakes = [] -%}
    {%- set kinds = feature_warehouse._pii_shapes() -%}
    {%- for column in columns + allowed.keys() | reject('equalto', '') | list
        if types and column not in types -%}
        {%- do mistakes.append(
            "there is no column '" ~ column ~ "'; there are " ~ types | join(', ')
        ) -%}
    {%- endfor -%}
    {%- for kind in allowed.values() | sum(start=[]) if kind not in kinds -%}
        {%- do mistakes.append(
            "allow names '" ~ kind ~ "', which is not a kind; kinds are " ~ kinds | join(', ')
            ~ ', alone or as column:kind'
        ) -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}
