"""Spark's own types, from a query to a reader's value; what is expected is written by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from codec.oracle import same
from codec.test_types_duckdb import served
from feature_warehouse.codec.arrow import key_type, row_keys, stored_type
from feature_warehouse.codec.keys import key_text
from feature_warehouse.declarations.model import Column
from feature_warehouse.engines.spark import SparkWarehouse
from feature_warehouse.errors import UnservableError, UsageError
from spark.warehouse import Tables, needs_spark, tables, view, warehouse

__all__ = ["tables", "warehouse"]

pytestmark = needs_spark

NAN = float("nan")

# Each: the kind and the type, and what Spark computes beside what a reader gets.
SERVED: dict[tuple[str, str], list[tuple[str, Any]]] = {
    ("bool", "boolean"): [("true", True), ("false", False)],
    ("int", "tinyint"): [("-128Y", -128)],
    ("int", "smallint"): [("-32768S", -32768)],
    ("int", "int"): [("2147483647", 2147483647)],
    ("int", "bigint"): [
        ("cast('-9223372036854775808' as bigint)", -9223372036854775808),
        ("9223372036854775807L", 9223372036854775807),
    ],
    ("float", "double"): [
        ("double('-0.0')", -0.0),
        ("0.0D", 0.0),
        ("double('NaN')", NAN),
        ("double('-Infinity')", float("-inf")),
        ("5e-324D", 5e-324),
        ("0.1D", 0.1),
    ],
    ("float32", "float"): [("float('-0.0')", -0.0), ("float('NaN')", NAN), ("1.5F", 1.5)],
    ("decimal(10,0)", "decimal"): [("7BD", 7)],
    ("decimal(5,2)", "decimal(5,2)"): [("-999.99BD", Decimal("-999.99"))],
    ("decimal(18,3)", "decimal(18,3)"): [("1.5BD", Decimal("1.500"))],
    ("decimal(38,10)", "decimal(38,10)"): [
        (
            "9999999999999999999999999999.9999999999BD",
            Decimal("9999999999999999999999999999.9999999999"),
        )
    ],
    ("decimal(38,0)", "decimal(38,0)"): [("-7BD", -7)],
    ("string", "string"): [("'a😀\\\\'", "a😀\\"), ("''", ""), ("'it\\'s'", "it's")],
    ("string", "varchar(3)"): [("'abc'", "abc")],
    ("binary", "binary"): [("X'00ff'", b"\x00\xff"), ("X''", b"")],
    ("date", "date"): [
        ("date'0001-01-01'", date(1, 1, 1)),
        ("date'1582-10-04'", date(1582, 10, 4)),
        ("date'9999-12-31'", date(9999, 12, 31)),
    ],
    ("timestamptz", "timestamp"): [
        ("timestamp_micros(1)", datetime(1970, 1, 1, 0, 0, 0, 1, UTC)),
        ("timestamp'1900-01-01 00:00:00.000001'", datetime(1900, 1, 1, 0, 0, 0, 1, UTC)),
        ("timestamp'2026-03-29 02:30:00 Europe/Berlin'", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
    ("timestamp", "timestamp_ntz"): [
        ("timestamp_ntz'2026-03-29 02:30:00.000001'", datetime(2026, 3, 29, 2, 30, 0, 1)),
        ("timestamp_ntz'0001-01-01'", datetime(1, 1, 1)),
    ],
    ("list<float>", "array<double>"): [
        ("array(double('-0.0'), double('NaN'))", [-0.0, NAN]),
        ("array(1D, cast(null as double))", [1.0, None]),
        ("cast(array() as array<double>)", []),
    ],
    ("list<list<int>>", "array<array<int>>"): [("array(array(1, null), null)", [[1, None], None])],
    ('struct<"a b":int,"c":string>', "struct<`a b`: int, c: string>"): [
        ("named_struct('a b', 1, 'c', cast(null as string))", {"a b": 1, "c": None}),
    ],
    ("map<string,decimal(5,2)>", "map<string, decimal(5,2)>"): [
        ("map('b', 1.50BD, 'a', null)", {"b": Decimal("1.50"), "a": None}),
    ],
    ("list<timestamptz>", "array<timestamp>"): [
        ("array(timestamp_micros(-1))", [datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)]),
    ],
}

REFUSED = {
    "interval '1' day": "interval day",
    "interval '1' month": "interval month",
    "parse_json('1')": "variant",
    "array(interval '1' day)": "interval day",
}


def read(tables: Tables, warehouse: SparkWarehouse, kind: str, *values: str) -> pa.Table:
    """The newest rows of a view of entities 1, 2 ... with a value ``x`` each, in this order."""
    rows = " union all ".join(
        f"select cast({place} as bigint) as id, timestamp'2026-01-01' as ts,"
        f" cast({value} as {kind}) as `the value`"
        for place, value in enumerate(values, 1)
    )
    made = view(tables.make("types", rows), Column("the value", kind))
    with warehouse.newest_rows(made, 2**52) as reader:
        found = reader.read_all().sort_by("c0")
    assert warehouse.schema(made) == found.schema
    assert found.column(0).to_pylist() == list(range(1, len(values) + 1))
    assert found.column(2).to_pylist() == [datetime(2026, 1, 1, tzinfo=UTC)] * len(values)
    warehouse.refresh()
    return found


@pytest.mark.parametrize(("kind", "type_"), SERVED, ids=[type_ for _, type_ in SERVED])
def test_values_of_spark_reach_the_reader_exactly(
    tables: Tables, warehouse: SparkWarehouse, kind: str, type_: str
) -> None:
    texts = [text for text, _ in SERVED[kind, type_]]
    wanted = [value for _, value in SERVED[kind, type_]]
    found = read(tables, warehouse, type_, "null", *texts, "null")
    assert stored_type("x", found.schema.field(1)) == kind
    values = served(found.column(1).combine_chunks(), kind)
    assert same(values, [None, *wanted, None]), values


@pytest.mark.parametrize("value", REFUSED)
def test_types_of_spark_that_are_refused(
    tables: Tables, warehouse: SparkWarehouse, value: str
) -> None:
    kind = REFUSED[value]
    declared = f"array<{kind}>" if value.startswith("array") else kind
    relation = tables.make(
        "refused",
        f"select 1L as id, timestamp'2026-01-01' as ts, {value} as x"
        if kind != "variant"
        else "select 1L as id, timestamp'2026-01-01' as ts, 1 as x",
    )
    if kind == "variant":
        relation = f"(select id, ts, {value} as x from {relation})"
    made = view(relation, Column("x", declared))
    field = warehouse.schema(made).field(1)
    with pytest.raises(UnservableError, match=f"column 'x' is of type {kind}"):
        stored_type("x", field)
    with (
        pytest.raises(UsageError, match=rf"column 'c1' of type {kind}, which cannot be read"),
        warehouse.newest_rows(made, 2**52),
    ):
        pass


@pytest.mark.parametrize(
    ("expression", "type_", "value", "kind"),
    [
        ("true", "boolean", True, "bool"),
        ("-5", "decimal(20,0)", -5, "int"),
        ("'a,b{}'", "string", "a,b{}", "string"),
        ("date'2020-02-29'", "date", date(2020, 2, 29), "date"),
        ("timestamp_micros(1)", "timestamp", datetime(1970, 1, 1, 0, 0, 0, 1, UTC), "timestamptz"),
        ("timestamp_ntz'2020-01-01'", "timestamp_ntz", datetime(2020, 1, 1), "timestamp"),
    ],
)
def test_keys_of_spark(
    tables: Tables,
    warehouse: SparkWarehouse,
    expression: str,
    type_: str,
    value: Any,
    kind: str,
) -> None:
    found = read(tables, warehouse, type_, expression)
    assert key_type("k", found.schema.field(1)) == kind
    [key] = row_keys("{", ["k"], [found.column(1).combine_chunks()])
    assert (
        key
        == "{"
        + key_text("k", value, kind).replace(",", "%2C").replace("{", "%7B").replace("}", "%7D")
        + "}"
    )
