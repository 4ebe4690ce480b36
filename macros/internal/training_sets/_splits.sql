{#- The split of a training set, such as
    {'by': ['tailnum'], 'fractions': {'train': 0.8, 'test': 0.2}} or
    {'starts': {'validation': '2013-09-01', 'test': '2013-11-01'}, 'embargo': '7 days'} or both. -#}

{% macro _split_mistakes(split, label_set) -%}
    {#- Mistakes of a training set's split. -#}
    {%- if split is not mapping -%}
        {{ return(["split must be a mapping with `by` and `fractions`, with `starts`, or with both"]) }}
    {%- endif -%}
    {%- set mistakes = feature_warehouse._unknown_keys(
        split, ['by', 'fractions', 'salt', 'starts', 'embargo', 'column']
    ) -%}
    {%- for role in ['column', 'salt'] if split.get(role) is not none and split[role] is not string -%}
        {%- do mistakes.append('split: ' ~ role ~ ' must be a text, not ' ~ split[role]) -%}
    {%- endfor -%}
    {%- if not split.get('fractions') and not split.get('starts') -%}
        {%- do mistakes.append(
            "split has neither fractions, such as {'train': 0.8, 'test': 0.2}, nor starts, such as"
            ~ " {'test': '2013-11-01'}"
        ) -%}
    {%- endif -%}
    {%- if split.get('fractions') or split.get('by') or split.get('salt') is not none -%}
        {%- do mistakes.extend(feature_warehouse._fraction_mistakes(split, label_set)) -%}
    {%- endif -%}
    {%- if split.get('starts') or split.get('embargo') is not none -%}
        {%- do mistakes.extend(feature_warehouse._start_mistakes(split)) -%}
    {%- endif -%}
    {%- if not mistakes and split.get('fractions') and split.get('starts') -%}
        {%- if split.fractions.keys() | list != ['train'] + split.starts.keys() | list -%}
            {%- do mistakes.append(
                'split: fractions are of ' ~ split.fractions.keys() | join(', ') ~ ', but starts make '
                ~ (['train'] + split.starts.keys() | list) | join(', ')
                ~ '; both must name the same splits in the same order'
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _fraction_mistakes(split, label_set) -%}
    {#- Mistakes of a split by hash. -#}
    {%- set mistakes = [] -%}
    {%- set by = split.get('by') -%}
    {%- if by is string or by is mapping or by is not iterable or not by -%}
        {%- do mistakes.append(
            'split: by must be a list of the label columns that decide by their hash, such as'
            ~ ' [customer_id]'
        ) -%}
        {%- set by = [] -%}
    {%- endif -%}
    {%- for column in by if label_set.columns and column not in label_set.columns -%}
        {%- do mistakes.append(
            "split: by names '" ~ column ~ "', which '" ~ label_set.name ~ "' does not declare; it has "
            ~ label_set.columns | join(', ')
        ) -%}
    {%- endfor -%}
    {%- set fractions = split.get('fractions') -%}
    {%- if fractions is not mapping or fractions | length < 2
        or fractions.values() | reject('number') | list or fractions.values() | select('boolean') | list
        or fractions.values() | min <= 0 or (fractions.values() | sum - 1) | abs > 0.000000001 -%}
        {%- do mistakes.append(
            'split: fractions must map two or more names to positive numbers that sum to 1, such as'
            ~ " {'train': 0.8, 'test': 0.2}; they are " ~ fractions
        ) -%}
    {%- endif -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _start_mistakes(split) -%}
    {#- Mistakes of a split by time. -#}
    {%- set starts = split.get('starts') -%}
    {%- if starts is not mapping or not starts -%}
        {{ return([
            "split: starts must map the splits after 'train' to the instants they start at, such as"
            ~ " {'test': '2013-11-01'}"
        ]) }}
    {%- endif -%}
    {%- set mistakes = [] -%}
    {%- set embargo = feature_warehouse._microseconds(split.get('embargo') or '0 seconds') -%}
    {%- if embargo is none -%}
        {%- do mistakes.append(
            "split: embargo '" ~ split.embargo ~ "' is not a fixed length of time; write one such as '7 days'"
        ) -%}
    {%- endif -%}
    {%- if 'train' in starts -%}
        {%- do mistakes.append("split: starts names 'train', which is all before the first start") -%}
    {%- endif -%}
    {%- set last = namespace(name=none, microseconds=none) -%}
    {%- for name, start in starts.items() -%}
        {%- do mistakes.extend(feature_warehouse._instant_mistakes("split: start of '" ~ name ~ "',", start)) -%}
        {%- set microseconds = feature_warehouse._instant_microseconds(start) -%}
        {%- if microseconds is not none and last.microseconds is not none and embargo is not none
            and microseconds - embargo <= last.microseconds -%}
            {%- do mistakes.append(
                "split: '" ~ name ~ "' leaves nothing to '" ~ last.name ~ "' before it; starts must"
                ~ ' follow one another by more than the embargo'
            ) -%}
        {%- endif -%}
        {%- set last.name = name -%}
        {%- set last.microseconds = microseconds -%}
    {%- endfor -%}
    {{ return(mistakes) }}
{%- endmacro %}


{% macro _split_column(split) -%}
    {#- One that is not a text is a mistake, reported with all others. -#}
    {%- set column = split.get('column') -%}
    {{ return(column if column is string and column else 'train_test_split') }}
{%- endmacro %}


{% macro _split(split, label_set, at) -%}
    {#- The expression of the split: a name, or NULL for a row in none. -#}
    {%- set fractions = split.get('fractions') or {} -%}
    {%- set starts = split.get('starts') or {} -%}
    {%- set names = fractions.keys() | list or ['train'] + starts.keys() | list -%}
    {%- set bucket = feature_warehouse._bucket(split, label_set) if fractions else '' -%}
    {%- set embargo = feature_warehouse._microseconds(split.get('embargo') or '0 seconds') -%}
    {%- set sum = namespace(fractions=0) -%}
    {%- set lines = ['case'] -%}
    {%- for name in names -%}
        {%- set conditions = [] -%}
        {%- if fractions -%}
            {#- The last has no upper bound: the rounding of a sum must not open a gap. -#}
            {%- if not loop.first -%}
                {%- do conditions.append(bucket ~ ' >= ' ~ feature_warehouse._threshold(sum.fractions)) -%}
            {%- endif -%}
            {%- set sum.fractions = sum.fractions + fractions[name] -%}
            {%- if not loop.last -%}
                {%- do conditions.append(bucket ~ ' < ' ~ feature_warehouse._threshold(sum.fractions)) -%}
            {%- endif -%}
        {%- endif -%}
        {%- if starts -%}
            {%- if not loop.first -%}
                {%- do conditions.append(at ~ ' >= ' ~ feature_warehouse._instant(starts[name])) -%}
            {%- endif -%}
            {%- if not loop.last -%}
                {%- do conditions.append(
                    at ~ ' < ' ~ feature_warehouse._instant(starts[names[loop.index]])
                    ~ (' - ' ~ feature_warehouse._interval(embargo) if embargo else '')
                ) -%}
            {%- endif -%}
        {%- endif -%}
        {%- set result = 'then ' ~ feature_warehouse._text_literal(name) -%}
        {%- set line = '    when ' ~ conditions | join(' and ') ~ ' ' ~ result -%}
        {%- if line | length > 90 -%}
            {%- set line = '    when\n        ' ~ conditions | join('\n        and ')
                ~ '\n    ' ~ result -%}
        {%- endif -%}
        {%- do lines.append(line) -%}
    {%- endfor -%}
    {%- do lines.append('end as ' ~ feature_warehouse._quote(feature_warehouse._split_column(split))) -%}
    {{ return(lines | join('\n')) }}
{%- endmacro %}


{% macro _bucket(split, label_set) -%}
    {#- Eight hexadecimal digits that depend on the values of the columns and on nothing else. -#}
    {%- set texts = [] -%}
    {%- if split.get('salt') -%}
        {%- do texts.append(feature_warehouse._text_literal(split.salt)) -%}
    {%- endif -%}
    {%- for column in split.by -%}
        {%- do texts.append(feature_warehouse._as_text(
            feature_warehouse._quote(column), label_set.types.get(column)
        )) -%}
    {%- endfor -%}
    {#- Digits sort before letters by their bytes, and who knows how in a language. -#}
    {%- set digest = feature_warehouse._md5(feature_warehouse._concat_ws("'|'", texts)) -%}
    {{ return(feature_warehouse._bytewise('substr(' ~ digest ~ ', 1, 8)', 'text')) }}
{%- endmacro %}


{% macro _threshold(fraction) -%}
    {#- The first eight digits that are not of this fraction of all. -#}
    {%- set number = (fraction * 4294967296 + 0.5) | int -%}
    {%- set digits = [] -%}
    {%- for place in range(7, -1, -1) -%}
        {%- do digits.append('0123456789abcdef'[number // 16 ** place % 16]) -%}
    {%- endfor -%}
    {{ return("'" ~ digits | join ~ "'") }}
{%- endmacro %}
