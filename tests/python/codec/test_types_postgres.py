"""PostgreSQL's own types, from a table to a reader's value; what is expected is written by hand."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import adbc_driver_postgresql.dbapi
import pyarrow as pa
import pytest

from codec.oracle import same
from codec.test_types_duckdb import served
from feature_warehouse.codec.arrow import (
    check_keys,
    check_values,
    key_type,
    row_keys,
    stored_type,
    stored_values,
)
from feature_warehouse.codec.rows import Interval
from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines.postgres import PostgresWarehouse
from feature_warehouse.errors import UnservableError
from feature_warehouse.publishing.run_plan import Clock
from local_postgres import Postgres

NOW = Clock.real().now
TEXT = "12345678-1234-5678-1234-567812345678"

PAIR = {"n": 1, "it's": "x"}
NEITHER = {"n": None, "it's": None}

# Type of the column, kind, values in SQL, values of the reader.
SERVED: list[tuple[str, str, list[tuple[str, Any]]]] = [
    ("boolean", "bool", [("true", True), ("false", False)]),
    ("smallint", "int", [("-32768", -32768)]),
    ("bigint", "int", [("-9223372036854775808", -(2**63)), ("9223372036854775807", 2**63 - 1)]),
    (
        "real",
        "float32",
        [("0.1", 0.10000000149011612), ("'nan'", math.nan), ("'-0'", -0.0), ("1e-45", 2**-149)],
    ),
    (
        "double precision",
        "float",
        [("0.1", 0.1), ("'-infinity'", -math.inf), ("'-0'", -0.0), ("5e-324", 5e-324)],
    ),
    (
        "numeric",
        "decimal",
        [
            (
                "123456789012345678901234567890.000001000",
                Decimal("123456789012345678901234567890.000001000"),
            ),
            ("1e100", Decimal(10**100)),
            ("0.00000001", Decimal("0.00000001")),
            ("10000.0000", Decimal("10000.0000")),
            ("'NaN'", Decimal("NaN")),
            ("'-Infinity'", Decimal("-Infinity")),
        ],
    ),
    ("numeric(18,3)", "decimal(18,3)", [("1.5", Decimal("1.500")), ("'NaN'", Decimal("NaN"))]),
    ("numeric(38,0)", "decimal(38,0)", [("99999999999999999999999999999999999999", 10**38 - 1)]),
    ("numeric(3,-2)", "decimal(5,0)", [("12345", 12300)]),
    ("numeric(2,5)", "decimal(5,5)", [("0.00012", Decimal("0.00012"))]),
    ("numeric(100,50)", "decimal(100,50)", [("1.5", Decimal("1.5" + "0" * 49))]),
    ("text", "string", [("''", ""), ("'日本 👩‍✈️ é'", "日本 👩‍✈️ é")]),
    ("varchar(4)", "string", [("'ab'", "ab")]),
    ("json", "string", [("""'{"b": 1.50,  "a": null}'""", '{"b": 1.50,  "a": null}')]),
    ("jsonb", "string", [("""'{"b":1.50,"aa":1e3}'""", '{"b": 1.50, "aa": 1000}')]),
    ("kinds.mood", "string", [("'sad'", "sad")]),
    ("bytea", "binary", [(r"'\x00ff61'", b"\x00\xffa"), ("''", b"")]),
    ("date", "date", [("'0001-01-01'", date(1, 1, 1)), ("'9999-12-31'", date(9999, 12, 31))]),
    ("time", "time", [("'23:59:59.999999'", time(23, 59, 59, 999_999))]),
    (
        "timestamp",
        "timestamp",
        [
            ("'0001-01-01'", datetime(1, 1, 1)),
            ("'9999-12-31 23:59:59.999999'", datetime(9999, 12, 31, 23, 59, 59, 999_999)),
            ("'1969-12-31 23:59:59.999999'", datetime(1969, 12, 31, 23, 59, 59, 999_999)),
        ],
    ),
    (
        "timestamptz",
        "timestamptz",
        [("'2020-07-01 12:00+02'", datetime(2020, 7, 1, 10, tzinfo=UTC))],
    ),
    (
        "interval",
        "interval",
        [
            ("'1 month 2 days 3 microseconds'", Interval(1, 2, 3)),
            ("'-178000000 years'", Interval(-2_136_000_000, 0, 0)),
            ("'1 day -1 microsecond'", Interval(0, 1, -1)),
        ],
    ),
    ("uuid", "uuid", [(f"'{TEXT}'", UUID(TEXT))]),
    (
        "real[]",
        "list<float32>",
        [("'{0.5,-0}'", [0.5, -0.0]), ("'{1,null}'", [1.0, None]), ("'{}'", [])],
    ),
    ("double precision[]", "list<float>", [("'{0.1,nan}'", [0.1, math.nan])]),
    ("integer[]", "list<int>", [("'{1,null}'", [1, None])]),
    ("numeric[]", "list<decimal>", [("'{1.50,null}'", [Decimal("1.50"), None])]),
    ("text[]", "list<string>", [("""'{"a,b",null,""}'""", ["a,b", None, ""])]),
    ("uuid[]", "list<uuid>", [(f"'{{{TEXT}}}'", [UUID(TEXT)])]),
    (
        "timestamptz[]",
        "list<timestamptz>",
        [("'{2020-01-01 00:00+01}'", [datetime(2019, 12, 31, 23, tzinfo=UTC)])],
    ),
    ("interval[]", "list<interval>", [("'{1 day}'", [Interval(0, 1, 0)])]),
]

# The driver cannot tell these from a NULL that came before, so none is there.
COMPOSITES: list[tuple[str, str, list[tuple[str, Any]]]] = [
    (
        "kinds.pair",
        'struct<"n":int,"it\'s":string>',
        [
            ("row(1, 'x')", {"n": 1, "it's": "x"}),
            ("row(null, 'y')", {"n": None, "it's": "y"}),
            ("row(2, null)", {"n": 2, "it's": None}),
        ],
    ),
    (
        "kinds.pair[]",
        'list<struct<"n":int,"it\'s":string>>',
        [
            ("array[row(1, 'x'), row(null, null)]::kinds.pair[]", [PAIR, NEITHER]),
            ("null", None),
            ("'{}'", []),
            ("array[row(1, 'x')]::kinds.pair[]", [PAIR]),
        ],
    ),
]

REFUSED_TYPES = {
    "money": "money",
    "money[]": "money",
    "kinds.priced": "money",
    "oid": "oid",
    "oid[]": "oid",
    "timetz": "timetz",
    "timetz[]": "timetz",
    "bit(3)": "bit",
    "int4range": "unnamed",
    "inet": "inet",
    "point": "point",
    "tsvector": "tsvector",
    "xid8": "xid8",
}

CALENDAR = "'x' holds a date outside the years 1 to 9999"
REFUSED_VALUES = [
    ("date", "'infinity'", CALENDAR),
    ("date", "'-infinity'", CALENDAR),
    ("date", "'0001-12-31 BC'", CALENDAR),
    ("date", "'5874897-12-31'", CALENDAR),
    ("timestamp", "'infinity'", CALENDAR),
    ("timestamp", "'294276-12-31 23:59:59'", CALENDAR),
    ("timestamptz", "'-infinity'", CALENDAR),
    ("time", "'24:00'", CALENDAR),
    ("date[]", "'{infinity}'", CALENDAR),
    ("numeric(5,0)", "'NaN'", "'x' holds NaN"),
]
NULL_COMPOSITES = [
    ("kinds.pair", "row(1, 'x')"),
    ("kinds.pair[]", "array[row(1, 'x'), null]::kinds.pair[]"),
    ("kinds.nest", "row(1, row(1, 'x'))"),
    ("kinds.nest", "row(1, null)"),
]


@pytest.fixture(scope="module")
def warehouse(postgres: Postgres) -> Iterator[PostgresWarehouse]:
    with adbc_driver_postgresql.dbapi.connect(postgres.uri) as connection:
        with connection.cursor() as cursor:
            for statement in (
                "create schema kinds",
                "create type kinds.mood as enum ('happy', 'sad')",
                """create type kinds.pair as (n integer, "it's" text)""",
                "create type kinds.priced as (price money)",
                "create type kinds.nest as (n integer, pair kinds.pair)",
            ):
                cursor.execute(statement)
            for number, (kind, _, rows) in enumerate(SERVED):
                fill(cursor, f"served{number}", kind, ["null", *(text for text, _ in rows)])
            for number, (kind, _, rows) in enumerate(COMPOSITES):
                fill(cursor, f"composite{number}", kind, [text for text, _ in rows])
            for number, kind in enumerate(REFUSED_TYPES):
                fill(cursor, f"refused{number}", kind, ["null"])
            for number, (kind, text, _) in enumerate(REFUSED_VALUES):
                fill(cursor, f"value{number}", kind, ["null", text])
            for number, (kind, text) in enumerate(NULL_COMPOSITES):
                fill(cursor, f"null{number}", kind, ["null", text])
            fill(cursor, "grid", "integer[][]", ["'{{1,2},{3,4}}'"])
        connection.commit()
    options = ("sslmode", "sslcert", "sslkey", "sslrootcert", "connect_timeout", "role")
    credentials = SimpleNamespace(
        host=postgres.host,
        port=postgres.port,
        user=postgres.user,
        password=postgres.password,
        database=postgres.dbname,
        **dict.fromkeys(options),
    )
    with PostgresWarehouse(credentials) as opened:
        yield opened


def fill(cursor: Any, name: str, kind: str, values: list[str]) -> None:
    cursor.execute(
        f"create table kinds.{name} (id integer, ts timestamp default '2020-01-01', x {kind})"
    )
    for number, value in enumerate(values):
        cursor.execute(f"insert into kinds.{name} (id, x) values ({number}, {value})")


def view_of(name: str, declared: str = "?") -> FeatureView:
    key, at, x = Column("id", "integer"), Column("ts", "timestamp"), Column("x", declared)
    return FeatureView(
        name=name,
        relation=f'"kinds"."{name}"',
        description="",
        join_keys=(key,),
        event_timestamp=at,
        created_timestamp=None,
        availability_lag=0,
        ttl=None,
        features=(x,),
        tie_order=(),
        online=True,
    )


def column(warehouse: PostgresWarehouse, name: str) -> tuple[pa.Field, pa.Array]:
    """The feature x of a table, in the order of its keys."""
    with warehouse.newest_rows(view_of(name), NOW) as reader:
        table = reader.read_all()
    # Rows come in the order of their keys: the newest are found by sorting.
    assert table.column(0).to_pylist() == list(range(table.num_rows))
    return table.schema.field(1), table.column(1).combine_chunks()


@pytest.mark.parametrize("number", range(len(SERVED)), ids=[kind for kind, _, _ in SERVED])
def test_values_of_postgres_reach_the_reader_exactly(
    warehouse: PostgresWarehouse, number: int
) -> None:
    _, kind, rows = SERVED[number]
    field, array = column(warehouse, f"served{number}")
    assert stored_type("x", field) == kind
    wanted = [None, *(value for _, value in rows)]
    found = served(array, kind)
    assert same(found, wanted), found


@pytest.mark.parametrize("number", range(len(COMPOSITES)), ids=[kind for kind, _, _ in COMPOSITES])
def test_composites_of_postgres_reach_the_reader_exactly(
    warehouse: PostgresWarehouse, number: int
) -> None:
    _, kind, rows = COMPOSITES[number]
    field, array = column(warehouse, f"composite{number}")
    assert stored_type("x", field) == kind
    found = served(array, kind)
    assert same(found, [value for _, value in rows]), found


@pytest.mark.parametrize("number", range(len(REFUSED_TYPES)), ids=list(REFUSED_TYPES))
def test_types_of_postgres_that_are_refused(warehouse: PostgresWarehouse, number: int) -> None:
    field = warehouse.schema(view_of(f"refused{number}")).field(1)
    with pytest.raises(UnservableError, match="column 'x' is of type") as refused:
        stored_type("x", field)
    assert list(REFUSED_TYPES.values())[number] in str(refused.value)


@pytest.mark.parametrize("number", range(len(REFUSED_VALUES)))
def test_values_of_postgres_that_are_refused(warehouse: PostgresWarehouse, number: int) -> None:
    _, _, message = REFUSED_VALUES[number]
    field, array = column(warehouse, f"value{number}")
    kind = stored_type("x", field)
    for look in (check_values, stored_values):
        with pytest.raises(UnservableError, match=message):
            look("x", array, kind)


@pytest.mark.parametrize("number", range(len(NULL_COMPOSITES)))
def test_composites_that_are_null_are_refused_as_they_are_read(
    warehouse: PostgresWarehouse, number: int
) -> None:
    message = "column 'x' holds a composite that is NULL"
    with pytest.raises(UnservableError, match=message):
        column(warehouse, f"null{number}")
    query = f"select x from kinds.null{number}"
    with pytest.raises(UnservableError, match=message), warehouse.rows(query, "rows") as reader:
        reader.read_all()
    assert column(warehouse, "grid")[1].to_pylist() == [[1, 2, 3, 4]]


def test_arrays_of_several_dimensions_are_told_by_their_declaration_alone(
    warehouse: PostgresWarehouse,
) -> None:
    # The driver leaves no trace of the dimensions: a value cannot be refused.
    field, array = column(warehouse, "grid")
    assert stored_type("x", field) == "list<int>"
    assert array.to_pylist() == [[1, 2, 3, 4]]
    for declared in ("integer[][]", "text[3] [3]", "INTEGER[2][2]"):
        field = warehouse.schema(view_of("grid", declared)).field(1)
        with pytest.raises(UnservableError, match="column 'x' is of type") as refused:
            stored_type("x", field)
        assert f"of type {declared}, which cannot be served" in str(refused.value)


def test_numbers_without_a_scale_are_keys(warehouse: PostgresWarehouse) -> None:
    number = [kind for kind, _, _ in SERVED].index("numeric(38,0)")
    field, array = column(warehouse, f"served{number}")
    assert key_type("k", field) == "int"
    assert row_keys("", ["k"], [array.slice(1)]) == ["99999999999999999999999999999999999999}"]
    check_keys(["k"], [array])


def test_nan_is_no_key(warehouse: PostgresWarehouse) -> None:
    number = [(kind, text) for kind, text, _ in REFUSED_VALUES].index(("numeric(5,0)", "'NaN'"))
    _, array = column(warehouse, f"value{number}")
    for look in (lambda: check_keys(["x"], [array]), lambda: row_keys("", ["x"], [array])):
        with pytest.raises(UnservableError, match="column 'x' holds NaN"):
            look()
