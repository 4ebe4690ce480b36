"""Plausible mistakes in the macros. The proofs must notice every one of them."""

from pathlib import Path
from shutil import copy, copytree
from typing import NamedTuple

from support import ROOT

DECLARATIONS = "internal/_declarations.sql"
JOIN = "training_sets/point_in_time_join.sql"
PARTS = "internal/_joins.sql"
ANSWERS = "internal/_answers.sql"
NEWEST = "internal/_newest_rows.sql"
TIMES = "internal/_timestamps.sql"
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
    Mutation("ttl counted from availability", PARTS, "'expires': event", "'expires': known"),
    Mutation("ttl ignored", PARTS, "feature_warehouse._length(view, 'ttl')", "0"),
    Mutation(
        "created is not waited for",
        PARTS,
        "'greatest(' ~ known ~ ', ' ~ created ~ ')' if created else known",
        "known",
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
        "{{ feature_warehouse._is_newest(spec, 8) }}",
        "true",
        BOTH[:1],
    ),
    Mutation(
        "running maximum dropped (PostgreSQL)", JOIN, "where {{ spec.is_newest }}", "", BOTH[1:]
    ),
    Mutation(
        "NULL wins ties (DuckDB)", PARTS, "' desc nulls last'", "' desc nulls first'", BOTH[:1]
    ),
    Mutation("NULL wins ties (PostgreSQL)", PARTS, "' nulls first'", "' nulls last'", BOTH[1:]),
    Mutation("least wins ties (DuckDB)", PARTS, "' desc nulls last'", "' nulls last'", BOTH[:1]),
    Mutation(
        "least wins ties (PostgreSQL)", PARTS, "' nulls first'", "' desc nulls first'", BOTH[1:]
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
        "spec.entity + [spec.known], ",
        "spec.entity[:1] + [spec.known], ",
        BOTH[:1],
    ),
    Mutation(
        "keys do not separate (PostgreSQL)",
        JOIN,
        "'max(' ~ spec.position ~ ')', spec.entity,",
        "'max(' ~ spec.position ~ ')', [],",
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
        "group by {{ range(1, spec.pairs | length + 2) | join(', ') }}",
        "",
        BOTH[1:],
    ),
    Mutation("rows without a match are lost", JOIN, "asof left join", "asof join", BOTH[:1]),
    Mutation(
        "default for a NULL in a row",
        ANSWERS,
        "{%- set result = 'then ' ~ value -%}",
        "{%- set result = 'then coalesce(' ~ value ~ default | replace(' else ', ', ') ~ ')' -%}",
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
