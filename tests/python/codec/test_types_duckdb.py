"""DuckDB's own types, from a query to a reader's value; what is expected is written by hand."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest

from codec.oracle import same
from feature_warehouse.codec.arrow import check_keys, check_values, key_type, row_keys, stored_type
from feature_warehouse.codec.arrow import stored_values as stored
from feature_warehouse.codec.keys import key_text
from feature_warehouse.codec.rows import Interval, decode_row, decoder_of, encode_rows, read_header
from feature_warehouse.engines.duckdb import plain_column
from feature_warehouse.errors import UnservableError

TEXT = "12345678-1234-5678-1234-567812345678"

# Each: the kind, and what DuckDB computes beside what a reader gets.
SERVED: dict[str, list[tuple[str, Any]]] = {
    "bool": [("true", True), ("false", False)],
    "int": [
        ("(-128)::tinyint", -128),
        ("255::utinyint", 255),
        ("(-32768)::smallint", -32768),
        ("65535::usmallint", 65535),
        ("(-2147483648)::integer", -2147483648),
        ("4294967295::uinteger", 4294967295),
        ("(-9223372036854775808)::bigint", -9223372036854775808),
        ("9223372036854775807::bigint", 9223372036854775807),
    ],
    "uint": [("18446744073709551615::ubigint", 18446744073709551615), ("0::ubigint", 0)],
    "bigint": [
        (
            "170141183460469231731687303715884105727::hugeint",
            170141183460469231731687303715884105727,
        ),
        (
            "(-170141183460469231731687303715884105728)::hugeint",
            -170141183460469231731687303715884105728,
        ),
        (
            "340282366920938463463374607431768211455::uhugeint",
            340282366920938463463374607431768211455,
        ),
    ],
    "decimal(38,0)": [
        ("99999999999999999999999999999999999999::numeric(38,0)", 10**38 - 1),
        ("(-7)::numeric(38,0)", -7),
    ],
    "decimal(18,3)": [
        ("1.5::decimal(18,3)", Decimal("1.500")),
        ("0::decimal(18,3)", Decimal("0.000")),
    ],
    "decimal(38,10)": [
        (
            "-1234567890123456789012345678.0123456789",
            Decimal("-1234567890123456789012345678.0123456789"),
        )
    ],
    "float": [
        ("0.1::double", 0.1),
        ("'nan'::double", math.nan),
        ("'-inf'::double", -math.inf),
        ("'-0.0'::double", -0.0),
        ("5e-324::double", 5e-324),
        ("1.7976931348623157e308::double", 1.7976931348623157e308),
    ],
    "float32": [
        ("0.1::float", 0.10000000149011612),
        ("'inf'::float", math.inf),
        ("'nan'::real", math.nan),
        ("'-0.0'::real", -0.0),
        ("1e-45::real", 1.401298464324817e-45),
    ],
    "string": [
        ("''", ""),
        ("'日本 👩‍✈️ é'", "日本 👩‍✈️ é"),
        ("'a' || chr(0) || 'b'", "a\x00b"),
        ("""'{"b": 1.50, "a": null}'::json""", '{"b": 1.50, "a": null}'),
        ("'sad'::enum('happy', 'sad')", "sad"),
    ],
    "binary": [("''::blob", b""), (r"'\x00\xFFa'::blob", b"\x00\xffa")],
    "date": [
        ("date '0001-01-01'", date(1, 1, 1)),
        ("date '9999-12-31'", date(9999, 12, 31)),
        ("date '1969-12-31'", date(1969, 12, 31)),
    ],
    "time": [
        ("time '00:00:00'", time(0)),
        ("time '23:59:59.999999'", time(23, 59, 59, 999_999)),
        ("'12:00:00.000001'::time_ns", time(12, 0, 0, 1)),
    ],
    "timestamp": [
        ("timestamp '0001-01-01 00:00:00'", datetime(1, 1, 1)),
        ("timestamp '9999-12-31 23:59:59.999999'", datetime(9999, 12, 31, 23, 59, 59, 999_999)),
        ("timestamp_s '1969-12-31 23:59:59'", datetime(1969, 12, 31, 23, 59, 59)),
        ("timestamp_ms '2020-01-01 00:00:00.007'", datetime(2020, 1, 1, 0, 0, 0, 7000)),
        ("timestamp_ns '2020-01-01 00:00:00.000007'", datetime(2020, 1, 1, 0, 0, 0, 7)),
    ],
    "timestamptz": [
        ("timestamptz '2020-07-01 12:00:00+02'", datetime(2020, 7, 1, 10, tzinfo=UTC)),
        ("timestamptz '1900-01-01 00:00:00.000001+00'", datetime(1900, 1, 1, 0, 0, 0, 1, UTC)),
    ],
    "interval": [
        ("interval '1 month 2 days 3 microseconds'", Interval(1, 2, 3)),
        ("interval '-14 months'", Interval(-14, 0, 0)),
        ("interval '24 hours'", Interval(0, 0, 86_400_000_000)),
        ("interval '1 day' - interval '1 microsecond'", Interval(0, 1, -1)),
    ],
    "uuid": [
        (f"'{TEXT}'::uuid", UUID(TEXT)),
        ("'00000000-0000-0000-0000-000000000000'::uuid", UUID(int=0)),
    ],
    "list<float32>": [
        ("[1.5, '-0.0'::real]::float[2]", [1.5, -0.0]),
        ("[1.5, null]::float[2]", [1.5, None]),
        ("[]::float[]", []),
        ("['nan', 'inf']::float[]", [math.nan, math.inf]),
    ],
    "list<float>": [("[0.1, 2]::double[2]", [0.1, 2.0]), ("[null]::double[]", [None])],
    "list<list<float32>>": [
        ("[[1, 2], null, [3, null]]::float[2][]", [[1.0, 2.0], None, [3.0, None]])
    ],
    "list<int>": [("[1, null, 3]", [1, None, 3])],
    "list<list<bool>>": [("[[true, null], [], null]", [[True, None], [], None])],
    "list<bigint>": [("[(-1)::hugeint, null]", [-1, None])],
    "list<uuid>": [(f"['{TEXT}'::uuid]", [UUID(TEXT)])],
    "list<string>": [("['a', '']::enum('a', '')[]", ["a", ""])],
    "list<decimal(4,2)>": [("[1.5, null]::decimal(4, 2)[]", [Decimal("1.50"), None])],
    "list<interval>": [("[interval '1 day']", [Interval(0, 1, 0)])],
    "list<date>": [("[date '2020-01-01', null]", [date(2020, 1, 1), None])],
    'struct<"a":int,"b \\"c\\",>:":string>': [
        ("""{'a': 1, 'b "c",>:': 'x'}""", {"a": 1, 'b "c",>:': "x"}),
        ("""{'a': null::int, 'b "c",>:': null::text}""", {"a": None, 'b "c",>:': None}),
    ],
    'list<struct<"at":timestamp,"h":bigint,"v":list<float>>>': [
        (
            "[{'at': timestamp '2020-01-01', 'h': 5::hugeint, 'v': [0.5::double]}, null]",
            [{"at": datetime(2020, 1, 1), "h": 5, "v": [0.5]}, None],
        )
    ],
    "map<string,int>": [
        ("map {'b': 1, 'a': null}", {"b": 1, "a": None}),
        ("map {}::map(text, int)", {}),
    ],
    "map<date,list<decimal(3,1)>>": [
        ("map {date '2020-01-01': [1.5::decimal(3, 1)]}", {date(2020, 1, 1): [Decimal("1.5")]})
    ],
    'map<bigint,struct<"u":uuid>>': [
        (f"map {{7::hugeint: {{'u': '{TEXT}'::uuid}}}}", {7: {"u": UUID(TEXT)}})
    ],
    "map<float,bool>": [("map {'nan'::double: true}", {math.nan: True})],
}

REFUSED_TYPES = {
    "'12:00:00+01'::timetz": "time_tz",
    "union_value(a := 1)": "union",
    "'101'::bit": "bit",
    "'1'::bignum": "bignum",
    "'x'::variant": "variant",
    "{'v': 'x'::variant}": "variant",
    "['12:00:00+01'::timetz]": "time_tz",
    "'POINT (0 0)'::geometry": "geoarrow.wkb",
    "map {[1]: 2}": "a map with keys of type list",
    "map {{'a': 1}: 2}": "a map with keys of type struct",
    "null": "null",
}

CALENDAR = "'x' holds a date outside the years 1 to 9999"
REFUSED_VALUES = {
    "'infinity'::date": CALENDAR,
    "date '0001-01-01' - 1": CALENDAR,
    "date '10000-01-01'": CALENDAR,
    "'infinity'::timestamp": CALENDAR,
    "'-infinity'::timestamptz": CALENDAR,
    "'infinity'::timestamp_s": CALENDAR,
    "'infinity'::timestamp_ms": CALENDAR,
    "'infinity'::timestamp_ns": CALENDAR,
    "timestamp '10000-01-01 00:00:00'": CALENDAR,
    "time '24:00:00'": CALENDAR,
    "['infinity'::date]": CALENDAR,
    "[[{'a': [timestamp '10000-01-01']}]]": CALENDAR,
    "map {'a': 'infinity'::date}": CALENDAR,
    "timestamp_ns '2020-01-01 00:00:00.000000001'": "'x' is finer than microseconds",
    "'12:00:00.000000001'::time_ns": "'x' is finer than microseconds",
}


@pytest.fixture(scope="module")
def duck() -> Iterator["duckdb.DuckDBPyConnection"]:
    with duckdb.connect() as connection:
        connection.execute("set arrow_lossless_conversion = true")
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def column(duck: "duckdb.DuckDBPyConnection", *expressions: str) -> tuple[pa.Field, pa.Array]:
    rows = ", ".join(f"({expression})" for expression in expressions)
    table = duck.sql(f"select c0 from (values {rows}) as t(c0)").to_arrow_table()
    return plain_column(table.schema.field(0), table.column(0).combine_chunks())


def served(array: pa.Array, kind: str) -> list[Any]:
    """What a reader makes of what a publisher makes of a column."""
    check_values("x", array, kind)
    rows = encode_rows(
        [b"k"] * len(array), [0] * len(array), [None] * len(array), 1, 7, [stored("x", array, kind)]
    )
    decode = decoder_of(kind) or (lambda value: value)
    values = []
    for row in rows:
        assert read_header(row, 7, "k") == (0, None)
        [value] = decode_row(row, 1, "k")
        values.append(None if value is None else decode(value))
    return values


@pytest.mark.parametrize("kind", SERVED)
def test_values_of_duckdb_reach_the_reader_exactly(
    duck: "duckdb.DuckDBPyConnection", kind: str
) -> None:
    for expression, wanted in SERVED[kind]:
        field, array = column(duck, "null", expression, "null", expression)
        assert stored_type("x", field) == kind, expression
        found = served(array, kind)
        assert same(found, [None, wanted, None, wanted]), (expression, found)
        assert same(served(array.slice(2, 2), kind), [None, wanted]), expression


@pytest.mark.parametrize("expression", REFUSED_TYPES)
def test_types_of_duckdb_that_are_refused(
    duck: "duckdb.DuckDBPyConnection", expression: str
) -> None:
    field, _ = column(duck, expression)
    with pytest.raises(UnservableError, match="column 'x' is of type") as refused:
        stored_type("x", field)
    assert REFUSED_TYPES[expression] in str(refused.value)


@pytest.mark.parametrize("expression", REFUSED_VALUES)
def test_values_of_duckdb_that_are_refused(
    duck: "duckdb.DuckDBPyConnection", expression: str
) -> None:
    field, array = column(duck, "null", expression)
    kind = stored_type("x", field)
    for look in (check_values, stored):
        with pytest.raises(UnservableError, match=REFUSED_VALUES[expression]):
            look("x", array, kind)


@pytest.mark.parametrize(
    ("expression", "value", "kind"),
    [
        ("true", True, "bool"),
        ("18446744073709551615::ubigint", 18446744073709551615, "int"),
        ("(-5)::hugeint", -5, "int"),
        ("(-5)::numeric(20,0)", -5, "int"),
        ("'a,b'::enum('a,b')", "a,b", "string"),
        (f"'{TEXT}'::uuid", UUID(TEXT), "uuid"),
        ("timestamp_s '2020-01-01'", datetime(2020, 1, 1), "timestamp"),
    ],
)
def test_keys_of_duckdb(
    duck: "duckdb.DuckDBPyConnection", expression: str, value: Any, kind: str
) -> None:
    field, array = column(duck, expression)
    assert key_type("k", field) == kind
    check_keys(["k"], [array])
    [key] = row_keys("", ["k"], [array])
    assert key == key_text("k", value, kind).replace(",", "%2C") + "}"


@pytest.mark.parametrize(
    "expression", ["'infinity'::date", "date '10000-01-01'", "'infinity'::timestamp"]
)
def test_values_that_are_no_key(duck: "duckdb.DuckDBPyConnection", expression: str) -> None:
    _, array = column(duck, "null", expression)
    for look in (lambda: check_keys(["x"], [array]), lambda: row_keys("", ["x"], [array])):
        with pytest.raises(UnservableError, match=CALENDAR):
            look()


@pytest.mark.parametrize(
    "expression", ["1.5::double", "1.5", "[1]", "interval '1 day'", "{'a': 1}"]
)
def test_what_is_no_key(duck: "duckdb.DuckDBPyConnection", expression: str) -> None:
    field, _ = column(duck, expression)
    with pytest.raises(UnservableError, match="join key 'k' is of type"):
        key_type("k", field)
