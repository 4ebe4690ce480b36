"""Plausible mistakes in the macros. The proofs must notice every one of them."""

from pathlib import Path
from shutil import copy, copytree
from typing import NamedTuple

from support import ROOT

DECLARATIONS = "internal/_declarations.sql"
JOIN = "internal/_point_in_time_join.sql"
PARTS = "internal/_joins.sql"
ANSWERS = "internal/_answers.sql"
NEWEST = "internal/_newest_rows.sql"
TIMES = "internal/_timestamps.sql"
SETS = "internal/_training_sets.sql"
SPLITS = "internal/_splits.sql"
HASHES = "internal/_hashes.sql"
BOTH = ("duckdb", "postgres")


class Mutation(NamedTuple):
    """``old`` in a macro file becomes ``new``, which matters on ``engines``."""

    name: str
    file: str
    old: str
    new: str
    engines: tuple[str, ...] = BOTH


MUTATIONS = (
    Mutation(
        "at its availability is too early (DuckDB)", JOIN, "{{ at }} >= ", "{{ at }} > ", BOTH[:1]
    ),
    Mutation(
        "at its availability is too early (PostgreSQL)",
        JOIN,
        "[spec.instant], 8,",
        "[spec.instant ~"
        " \" range between unbounded preceding and interval '1 microsecond' preceding\"], 8,",
        BOTH[1:],
    ),
    Mutation("ttl exclusive", ANSWERS, "at ~ ' <= '", "at ~ ' < '"),
    Mutation("ttl counted from availability", PARTS, "'expires': event", "'expires': due"),
    Mutation("ttl ignored", PARTS, "feature_warehouse._length(view, 'ttl')", "0"),
    Mutation(
        "created is not waited for",
        PARTS,
        "'known': available if late else due",
        "'known': due",
    ),
    Mutation(
        "lag is not waited for",
        PARTS,
        "(' + ' ~ feature_warehouse._interval(lag) if lag else '')",
        "''",
    ),
    Mutation(
        "running maximum dropped (DuckDB)",
        JOIN,
        "max({{ spec.event }}) over known = {{ spec.event }}",
        "true",
        BOTH[:1],
    ),
    Mutation(
        "running maximum dropped (PostgreSQL)", JOIN, "where {{ spec.is_newest }}", "", BOTH[1:]
    ),
    Mutation(
        "NULL wins ties (DuckDB)", PARTS, "' desc nulls last'", "' desc nulls first'", BOTH[:1]
    ),
    Mutation(
        "NULL wins ties (PostgreSQL)",
        JOIN,
        "column ~ ' desc nulls last'",
        "column ~ ' desc nulls first'",
        BOTH[1:],
    ),
    Mutation("least wins ties (DuckDB)", PARTS, "' desc nulls last'", "' nulls last'", BOTH[:1]),
    Mutation(
        "least wins ties (PostgreSQL)",
        JOIN,
        "column ~ ' desc nulls last'",
        "column ~ ' nulls last'",
        BOTH[1:],
    ),
    Mutation(
        "created does not decide (PostgreSQL)",
        JOIN,
        "([spec.created_at] if spec.created else []) + spec.ties",
        "spec.ties",
        BOTH[1:],
    ),
    Mutation(
        "labels answer themselves (PostgreSQL)",
        JOIN,
        "spec.available_at ~ ' asc nulls last'",
        "spec.available_at ~ ' nulls first'",
        BOTH[1:],
    ),
    Mutation(
        "the first row of a key answers for all its labels (PostgreSQL)",
        JOIN,
        "spec.entity + [spec.newest_at]",
        "spec.entity + ['1']",
        BOTH[1:],
    ),
    Mutation(
        "created does not decide",
        PARTS,
        "([spec.created] if spec.created else []) + spec.ties",
        "spec.ties",
    ),
    Mutation(
        "declared tie-breaker ignored",
        PARTS,
        "view.get('tie_breakers') or features",
        "features",
    ),
    Mutation(
        "uniqueness with a feature taken for uniqueness",
        DECLARATIONS,
        ".get('columns') or []",
        ".get('no columns') or []",
    ),
    Mutation("ties left to chance", PARTS, "if view.get('unique') else", "if true else"),
    Mutation(
        "only the first key separates (DuckDB)",
        JOIN,
        "('partition by', spec.entity, 12)",
        "('partition by', spec.entity[:1], 12)",
        BOTH[:1],
    ),
    Mutation(
        "the first row of an instant wins (DuckDB)",
        JOIN,
        "'lead('",
        "'lag('",
        BOTH[:1],
    ),
    Mutation(
        "answers of another label (DuckDB)",
        JOIN,
        "{{ spec.answers }}.label_number",
        "{{ spec.answers }}.label_number + 1",
        BOTH[:1],
    ),
    Mutation(
        "NULL wins ties of a join (DuckDB)", PARTS, "' nulls first'", "' nulls last'", BOTH[:1]
    ),
    Mutation(
        "least wins ties of a join (DuckDB)",
        PARTS,
        "' nulls first'",
        "' desc nulls first'",
        BOTH[:1],
    ),
    Mutation(
        "keys do not separate (PostgreSQL)",
        JOIN,
        "'max(' ~ spec.available_at ~ ')', spec.entity,",
        "'max(' ~ spec.available_at ~ ')', [],",
        BOTH[1:],
    ),
    Mutation(
        "NULL keys match (DuckDB)",
        JOIN,
        "labels.{{ label_key }} = {{ spec.alias }}.{{ key }}",
        "coalesce(labels.{{ label_key }}::varchar, '1') = {{ spec.alias }}.{{ key }}::varchar",
        BOTH[:1],
    ),
    Mutation(
        "NULL keys match (PostgreSQL)",
        JOIN,
        "labels.{{ label_key }} = {{ spec.answers }}.{{ key }}",
        "coalesce(labels.{{ label_key }}::text, '1') = {{ spec.answers }}.{{ key }}::text",
        BOTH[1:],
    ),
    Mutation(
        "repeated label rows multiply",
        JOIN,
        "    group by\n        {%- for label_key, key in spec.pairs %}\n"
        "        labels.{{ label_key }},\n"
        "        {%- endfor %}\n        {{ at }}\n",
        "",
        BOTH[1:],
    ),
    Mutation("rows without a match are lost", JOIN, "asof left join", "asof join", BOTH[:1]),
    Mutation(
        "default for a NULL in a row",
        ANSWERS,
        "{%- set result = 'then ' ~ value -%}",
        "{%- set result = 'then coalesce(' ~ value ~ (', ' ~ default if default is not none"
        " else '') ~ ')' -%}",
    ),
    Mutation("no default", ANSWERS, "{%- if feature in spec.defaults -%}", "{%- if false -%}"),
    Mutation(
        "instants in the session's time zone",
        TIMES,
        "'(' ~ expression ~ \" at time zone 'UTC')\"",
        "'cast(' ~ expression ~ ' as timestamp)'",
    ),
    Mutation("as_of: at its availability is too early", NEWEST, "<= {{ at }}", "< {{ at }}"),
    Mutation("as_of: ttl exclusive", NEWEST, ">= {{ at }}", "> {{ at }}"),
    Mutation("as_of: ttl ignored", NEWEST, "{%- if expire and spec.expires %}", "{%- if false %}"),
    Mutation(
        "as_of: NULL keys are an entity",
        NEWEST,
        "and {{ key }} is not null",
        "and true",
    ),
    Mutation(
        "the set's as_of ignored for rows",
        PARTS,
        "if view.get('as_of') is not none else []",
        "if false else []",
    ),
    Mutation(
        "the set's as_of compared with events",
        PARTS,
        "'filters': [available ~ ' <= '",
        "'filters': [due ~ ' <= '",
    ),
    Mutation(
        "the set's as_of exclusive for rows", PARTS, "[available ~ ' <= '", "[available ~ ' < '"
    ),
    Mutation(
        "the set's as_of ignored for labels",
        SETS,
        """{%- do conditions.append(at ~ ' <= ' ~ feature_warehouse._instant(options.as_of)) -%}""",
        "",
    ),
    Mutation(
        "the set's as_of exclusive for labels",
        SETS,
        "at ~ ' <= ' ~ feature_warehouse._instant(options.as_of)",
        "at ~ ' < ' ~ feature_warehouse._instant(options.as_of)",
    ),
    Mutation("start exclusive", SETS, "at ~ ' >= ' ~", "at ~ ' > ' ~"),
    Mutation("end inclusive", SETS, "at ~ ' < ' ~", "at ~ ' <= ' ~"),
    Mutation("maturity ignored", SETS, "{%- if label_set.get('maturity') -%}", "{%- if false -%}"),
    Mutation("maturity exclusive", SETS, "' <= ' ~ (clock or", "' < ' ~ (clock or"),
    Mutation(
        "maturity without as_of ignored",
        SETS,
        "{%- if label_set.get('maturity') -%}",
        "{%- if label_set.get('maturity') and clock -%}",
    ),
    Mutation(
        "known_at ignored",
        SETS,
        "{%- elif label_set.get('known_at') and clock -%}",
        "{%- elif false -%}",
    ),
    Mutation("known_at exclusive", SETS, ") ~ ' <= ' ~ clock", ") ~ ' < ' ~ clock"),
    Mutation(
        "conditions not kept together",
        SETS,
        "'(' ~ condition | trim ~ ('\\n        )' if '--' in condition else ')')",
        "condition | trim ~ '\\n        '",
    ),
    Mutation(
        "embargo after the start",
        SPLITS,
        "(' - ' ~ feature_warehouse",
        "(' + ' ~ feature_warehouse",
    ),
    Mutation(
        "embargo ignored",
        SPLITS,
        "split.get('embargo') or '0 seconds') -%}\n    {%- set sum",
        "'0 seconds') -%}\n    {%- set sum",
    ),
    Mutation("embargo inclusive", SPLITS, "at ~ ' < ' ~", "at ~ ' <= ' ~"),
    Mutation("start of a split exclusive", SPLITS, "at ~ ' >= ' ~", "at ~ ' > ' ~"),
    Mutation("hash at the end of a split", SPLITS, "bucket ~ ' < ' ~", "bucket ~ ' <= ' ~"),
    Mutation("hash at the start of a split", SPLITS, "bucket ~ ' >= ' ~", "bucket ~ ' > ' ~"),
    Mutation(
        "fractions not cumulative",
        SPLITS,
        "sum.fractions + fractions[name]",
        "fractions[name]",
    ),
    Mutation("salt ignored", SPLITS, "{%- if split.get('salt') -%}", "{%- if false -%}"),
    Mutation("values of a hash not separated", SPLITS, "concat_ws('|', ", "concat_ws('', "),
    Mutation("other digits of the hash", SPLITS, "'))', 1, 8", "'))', 2, 8"),
    Mutation(
        "instants hashed in the session's time zone",
        HASHES,
        "feature_warehouse._utc(column, data_type)",
        "'cast(' ~ column ~ ' as timestamp)'",
    ),
    Mutation("doubles hashed as text", HASHES, "kind in ('double', 'real')", "false"),
    Mutation(
        "event_time: created ignored for ties",
        PARTS,
        "'created': created,",
        "'created': created if late else none,",
    ),
    Mutation(
        "event_time: created waited for",
        PARTS,
        "created is not none and view.get('knowledge') != 'event_time'",
        "created is not none",
    ),
    Mutation(
        "age of the wrong sign (DuckDB)",
        TIMES,
        "(epoch_us(' ~ last",
        "-(epoch_us(' ~ last",
        ("duckdb",),
    ),
    Mutation(
        "age of the wrong sign (PostgreSQL)",
        TIMES,
        "cast(\\n    extract(",
        "cast(\\n    -extract(",
        BOTH[1:],
    ),
    Mutation(
        "event timestamp of rows that are expired",
        ANSWERS,
        "matched, event_at,",
        "{'implied': true}, event_at,",
    ),
    Mutation(
        "available_at for the event timestamp",
        PARTS,
        "{{ spec.event }} as {{ spec.event_at }}",
        "{{ spec.known }} as {{ spec.event_at }}",
    ),
    Mutation(
        "what start does not see: exclusive",
        PARTS,
        "event ~ ' >= ' ~ feature_warehouse._instant(view.start)",
        "event ~ ' > ' ~ feature_warehouse._instant(view.start)",
    ),
    Mutation(
        "what start does not see: ttl ignored",
        PARTS,
        "._instant(view.start) ~ ' - '",
        "._instant(view.start) ~ ' - 0 * '",
    ),
    Mutation(
        "what end does not see: created waited for",
        PARTS,
        "(available if late else due) ~ ' < '",
        "available ~ ' < '",
    ),
    Mutation(
        "lookup: at its availability is too early",
        JOIN,
        "{{ spec.event }} <= {{ at }}",
        "{{ spec.event }} < {{ at }}",
        BOTH[1:],
    ),
    Mutation(
        "lookup: lag ignored",
        JOIN,
        "{{ ' - ' ~ spec.lag if spec.lag }}",
        "",
        BOTH[1:],
    ),
    Mutation(
        "lookup: ttl exclusive",
        JOIN,
        "{{ spec.event }} >= {{ at }} - {{ spec.ttl }}",
        "{{ spec.event }} > {{ at }} - {{ spec.ttl }}",
        BOTH[1:],
    ),
    Mutation(
        "lookup: ttl counted from availability",
        JOIN,
        "and {{ spec.event }} >= {{ at }} - {{ spec.ttl }}",
        "and {{ spec.known }} >= {{ at }} - {{ spec.ttl }}",
        BOTH[1:],
    ),
    Mutation("lookup: ttl ignored", JOIN, "{%- if spec.ttl %}", "{%- if false %}", BOTH[1:]),
    Mutation(
        "lookup: created is not waited for",
        JOIN,
        "and ({{ spec.created }} is null or {{ spec.created }} <= {{ at }})",
        "",
        BOTH[1:],
    ),
    Mutation(
        "lookup: created exclusive",
        JOIN,
        "{{ spec.created }} <= {{ at }}",
        "{{ spec.created }} < {{ at }}",
        BOTH[1:],
    ),
    Mutation(
        "lookup: rows without created thrown away",
        JOIN,
        "{{ spec.created }} is null or ",
        "",
        BOTH[1:],
    ),
    Mutation(
        "lookup: as_of ignored",
        JOIN,
        "{%- for condition in spec.filters %}",
        "{%- for condition in [] %}",
        BOTH[1:],
    ),
    Mutation(
        "lookup: oldest first",
        JOIN,
        "'order by', feature_warehouse._newest_first(spec)",
        "'order by', feature_warehouse._newest_last(spec)",
        BOTH[1:],
    ),
    Mutation(
        "lookup: only the first key separates",
        JOIN,
        "{{ spec.alias }}.{{ key }} = labels.{{ label_key }}",
        "{% if loop.first %}{{ spec.alias }}.{{ key }} = labels.{{ label_key }}"
        "{% else %}true{% endif %}",
        BOTH[1:],
    ),
    Mutation(
        "lookup: labels without a match are lost",
        JOIN,
        "left join lateral",
        "join lateral",
        BOTH[1:],
    ),
)

PUBLISHER_MUTATIONS = (
    ("at its availability is too early", " <= ", " < "),
    ("created is not waited for", "greatest(", "coalesce("),
    ("NULL wins ties", " desc nulls last", " desc nulls first"),
    ("least wins ties", " desc nulls last", " nulls last"),
)
"""The same for the query that the publisher asks: name, SQL and what becomes of it."""


def mutated_package(folder: Path, mutation: Mutation) -> Path:
    """A copy of the package with one mistake in it."""
    folder.mkdir()
    copy(ROOT / "dbt_project.yml", folder)
    copytree(ROOT / "macros", folder / "macros")
    copytree(ROOT / "tests" / "generic", folder / "tests" / "generic")
    file = folder / "macros" / mutation.file
    text = file.read_text()
    assert mutation.old in text, f"{mutation.file} has changed: mutate it anew"
    file.write_text(text.replace(mutation.old, mutation.new))
    return folder
