"""The fingerprint of what a run saw: another one for all that readers could tell apart."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import combinations
from typing import Any

import duckdb
import pytest

from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines import duckdb as duckdb_warehouse
from feature_warehouse.engines import postgres as postgres_warehouse
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.engines.queries import inspection_query
from harness.engines import PostgreSQL
from local_postgres import Postgres

Ask = Callable[[str], list[Any]]

CLOCK = 1_800_000_000_000_000

# Types, and values of each that differ from one another.
BOTH = [
    ("integer", ["0", "1", "null"]),
    ("bigint", ["0", "-1"]),
    ("boolean", ["true", "false", "null"]),
    ("double precision", ["0", "'-0'", "'nan'", "null", "1"]),
    ("real", ["0", "'-0'", "null"]),
    ("float8", ["0", "'-0'"]),
    ("interval", ["'1 day'", "'24 hours'", "'1 month'", "'30 days'", "null"]),
    ("interval[]", ["array['1 day']", "array['24 hours']"]),
    ("text", ["''", "'a'", "'A'", "'a '", "null"]),
    ("varchar(4)", ["''", "'a'", "'NULL'", "null"]),
    ("text[]", ["array['a, b']", "array['a', 'b']", "array['NULL']", "array[null]", "null"]),
    ("integer[]", ["array[1, 2]", "array[2, 1]", "'{}'", "array[null]", "null"]),
    (
        "double precision[]",
        [
            "array['0', '-0']",
            "array['-0', '0']",
            "array['0', '0']",
            "array['0', null]",
            "array[null, '0']",
            "array[null, null]",
            "array[null]",
            "'{}'",
            "null",
        ],
    ),
    ("json", ["'{}'", "'{ }'", """'{"a": 1.0}'""", """'{"a": 1.00}'""", "null"]),
    ("date", ["'2026-01-01'", "'2026-01-02'", "null"]),
    ("time", ["'00:00:00'", "'00:00:00.000001'"]),
    ("timestamp", ["'2026-01-01'", "'2026-01-01 00:00:00.000001'"]),
    ("timestamptz", ["'2026-01-01 00:00+00'", "'2026-01-01 00:00+01'"]),
    ("numeric(10,2)", ["0", "1.5", "null"]),
    ("uuid", ["'00000000-0000-0000-0000-000000000000'", "null"]),
]
DUCKDB = [
    *BOTH,
    ("double", ["0", "'-0'"]),
    ("float", ["0", "'-0'"]),
    ("float[2]", ["['-0'::float, 0]", "[0, '-0'::float]", "[0, 0]", "[0, null]", "null"]),
    ("double[][]", ["[[0]]", "[['-0'::double]]", "[[], [0]]", "[[0], []]", "[]", "[null]"]),
    ("integer[][]", ["[[1], [2]]", "[[1, 2]]", "[[], [1, 2]]"]),
    ("struct(a double)", ["{'a': 0}", "{'a': '-0'::double}", "{'a': null}", "null"]),
    ("struct(a interval)", ["{'a': interval 1 day}", "{'a': interval 24 hours}"]),
    ("map(integer, double)", ["map {1: 0}", "map {1: '-0'::double}", "map {}", "null"]),
    ("hugeint", ["0", "170141183460469231731687303715884105727"]),
    ("variant", ["1::integer", "'a'", "null"]),
    ("blob", ["''", r"'\x00'", "null"]),
]
POSTGRES = [
    *BOTH,
    ("float", ["0", "'-0'"]),
    ("numeric", ["1.0", "1.00", "1", "'nan'", "null"]),
    ("numeric[]", ["array[1.0]", "array[1.00]"]),
    ("real[]", ["array[0]", "'{-0}'"]),
    ("jsonb", ["'{}'", """'{"a": 1.0}'""", """'{"a": 1.00}'"""]),
    ("point", ["'(1,2)'", "'(2,1)'"]),
    ("bytea", ["''", r"'\x00'", "null"]),
]


def view(kind: str) -> FeatureView:
    key, at, loaded = Column("id", "int"), Column("ts", "timestamp"), Column("l", "timestamp")
    x = Column("a b", kind)
    return FeatureView(
        name="v",
        relation="v",
        description="",
        join_keys=(key,),
        event_timestamp=at,
        created_timestamp=loaded,
        availability_lag=0,
        ttl=None,
        features=(x,),
        tie_order=(x,),
        online=True,
    )


def assert_all_differ(ask: Ask, dialect: Dialect, kind: str, values: list[str]) -> None:
    query = inspection_query(view(kind), CLOCK, CLOCK, None, dialect)
    histories: dict[str, str] = {}
    for value in values:
        rows = (
            f"select 1 as id, timestamp '2026-01-01' as ts, timestamp '2026-01-01' as l,"
            f' cast({value} as {kind}) as "a b"'
        )
        first, again = (ask(f"with v as ({rows}) {query}")[0][-1] for _ in range(2))
        assert first == again
        assert first.startswith("1:")
        histories[value] = first
    for one, other in combinations(values, 2):
        assert histories[one] != histories[other], (one, other)


@pytest.mark.parametrize(("kind", "values"), DUCKDB, ids=[kind for kind, _ in DUCKDB])
def test_what_differs_has_another_history_on_duckdb(kind: str, values: list[str]) -> None:
    with duckdb.connect() as connection:
        assert_all_differ(
            lambda query: connection.execute(query).fetchall(),
            duckdb_warehouse.DIALECT,
            kind,
            [value.replace("'{}'", "[]") if "[" in kind else value for value in values],
        )


def test_a_place_among_the_values_of_an_enum_is_no_value() -> None:
    """The same place holds another text since the type was made anew."""
    with duckdb.connect() as connection:
        query = inspection_query(view("mood"), CLOCK, CLOCK, None, duckdb_warehouse.DIALECT)
        found = []
        for texts in ("'sad', 'happy'", "'happy', 'sad'"):
            connection.execute(f"create or replace type mood as enum({texts})")
            at = "timestamp '2026-01-01'"
            rows = f'select 1 as id, {at} as ts, {at} as l, enum_first(null::mood)::mood as "a b"'
            found.append(connection.execute(f"with v as ({rows}) {query}").fetchall()[0][-1])
        assert found[0] != found[1]


@pytest.fixture(scope="module")
def ask_postgres(postgres: Postgres) -> Iterator[Ask]:
    with closing(PostgreSQL(postgres.uri)) as engine:
        yield engine.ask


@pytest.mark.parametrize(("kind", "values"), POSTGRES, ids=[kind for kind, _ in POSTGRES])
def test_what_differs_has_another_history_on_postgres(
    kind: str, values: list[str], ask_postgres: Ask
) -> None:
    assert_all_differ(ask_postgres, postgres_warehouse.DIALECT, kind, values)
