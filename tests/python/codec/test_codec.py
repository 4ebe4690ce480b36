"""Row values: ordered, exact, and never misread."""

import math
import re
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zlib import crc32

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feature_warehouse.codec.arrow import arrow_type, row_keys, stored_type, stored_values
from feature_warehouse.codec.batches import check_rows
from feature_warehouse.codec.rows import (
    HEADER,
    decode_row,
    decoder_of,
    encode_rows,
    from_microseconds,
    read_header,
    schema_fingerprint,
    to_microseconds,
)
from feature_warehouse.engines.duckdb import plain_column
from feature_warehouse.errors import DamagedError, FingerprintError, UnservableError

INT64 = st.integers(-(2**63), 2**63 - 1)


VERSION = st.tuples(
    INT64.filter(lambda v: v > -(2**63)), st.none() | INT64.filter(lambda v: v > -(2**63))
)


@given(VERSION, VERSION, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
@settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_versions_sort_as_bytes_as_they_do_as_tuples(
    first: tuple[int, int | None], second: tuple[int, int | None], run: int, other: int
) -> None:
    def order(version: tuple[int, int | None], run: int) -> tuple[int, float, int]:
        event, created = version
        return event, -math.inf if created is None else created, run

    [low] = encode_rows([b"k"], [first[0]], [first[1]], run, 0, [[None]])
    [high] = encode_rows([b"k"], [second[0]], [second[1]], other, 0, [[None]])
    assert (low[:20] < high[:20]) == (order(first, run) < order(second, other))
    assert read_header(low, 0, "k") == first


def test_zone_free_timestamps_and_their_microseconds() -> None:
    instant = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert to_microseconds(instant) == -1
    assert from_microseconds(-1) == instant
    assert to_microseconds(datetime(1970, 1, 1, 0, 0, 1)) == 1_000_000
    assert from_microseconds(2**63 - 1) == datetime.max.replace(tzinfo=UTC)
    assert from_microseconds(-(2**63)) == datetime.min.replace(tzinfo=UTC)


VALUES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "bool": (pa.bool_(), [True, False]),
    "smallest and greatest": (pa.int64(), [-(2**63), 2**63 - 1]),
    "unsigned": (pa.uint64(), [2**64 - 1]),
    "hugeint": (pa.decimal128(38, 0), [10**38 - 1, -(10**38) + 1]),
    "float": (pa.float64(), [0.1, math.inf, -math.inf, 5e-324, 1.7976931348623157e308]),
    "float32": (pa.float32(), [0.5, 1e-45]),
    "decimal": (pa.decimal128(20, 4), [Decimal("12.3400"), Decimal("-0.0001")]),
    "text": (pa.string(), ["", "ü", "nul\x00inside", "👩‍✈️"]),
    "json": (pa.json_(), ['{"a": 1}']),
    "large text": (pa.large_string(), ["x"]),
    "enum": (pa.dictionary(pa.int8(), pa.string()), ["a", "b", "a"]),
    "binary": (pa.binary(), [b"", b"\x00\xff"]),
    "date": (pa.date32(), [date(1, 1, 1), date(9999, 12, 31), date(1969, 12, 31)]),
    "time": (pa.time64("us"), [time(0), time(23, 59, 59, 999_999)]),
    "timestamp": (
        pa.timestamp("us"),
        [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime(1969, 7, 20)],
    ),
    "timestamptz": (
        pa.timestamp("us", tz="America/New_York"),
        [datetime(2013, 7, 1, 12, tzinfo=UTC)],
    ),
    "embedding": (pa.list_(pa.float32(), 2), [[0.5, -1.0]]),
    "list": (pa.list_(pa.string()), [["a", None], []]),
    "list of dates": (pa.list_(pa.date32()), [[date(2013, 1, 1), None]]),
    "list of decimals": (pa.list_(pa.decimal128(9, 2)), [[Decimal("1.10")]]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back_exactly_with_their_type(name: str) -> None:
    arrow, values = VALUES[name]
    given_values = [*values, None]
    if arrow == pa.decimal128(38, 0):
        column = pa.array([None if v is None else Decimal(str(v)) for v in given_values], arrow)
    else:
        column = pa.array(given_values, arrow)
    kind = stored_type("x", pa.field("c0", arrow))
    size = len(column)
    stored = [stored_values("x", column, kind)]
    rows = encode_rows([b"k"] * size, [0] * size, [None] * size, 1, 7, stored)
    decode = decoder_of(kind) or (lambda value: value)
    back = [
        None if (value := decode_row(row, 1, "k")[0]) is None else decode(value) for row in rows
    ]
    assert back == [
        np.float32(v).item() if arrow == pa.float32() and v is not None else v for v in given_values
    ]
    assert [type(value) for value in back] == [type(value) for value in given_values]


def test_nan_and_negative_zero_keep_their_nature() -> None:
    rows = encode_rows([b"k"] * 2, [0, 0], [None, None], 1, 7, [[math.nan, -0.0]])
    nan, zero = (decode_row(row, 1, "k")[0] for row in rows)
    assert math.isnan(nan)
    assert math.copysign(1, zero) == -1


@pytest.mark.parametrize(
    "kind",
    [
        pa.float16(),
        pa.duration("us"),
        pa.list_(pa.struct([])),
        pa.struct([("a", pa.int8()), ("a", pa.int8())]),
        pa.map_(pa.list_(pa.int8()), pa.int8()),
        pa.map_(pa.month_day_nano_interval(), pa.int8()),
        pa.list_(pa.opaque(pa.binary(), "anything", "else")),
        pa.null(),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(kind: pa.DataType) -> None:
    with pytest.raises(UnservableError, match="column 'shape' is of type"):
        stored_type("shape", pa.field("c0", kind))


def test_infinity_and_nanoseconds_are_refused_not_rounded() -> None:
    beyond = pa.array([2**63 - 1], pa.int64()).cast(pa.timestamp("us"))
    with pytest.raises(UnservableError, match="'until' holds a date outside"):
        stored_values("until", beyond, "timestamp")
    one = pa.MonthDayNano([0, 0, 1])
    with pytest.raises(UnservableError, match="'ago' is finer than microseconds"):
        stored_values("ago", pa.array([one]), "interval")
    fine = pa.array([1], pa.int64()).cast(pa.timestamp("ns"))
    with pytest.raises(UnservableError, match="'fine' is finer than microseconds"):
        stored_values("fine", fine, "timestamp")


@given(st.binary(max_size=80))
@settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_bytes_are_never_read_as_a_row(noise: bytes) -> None:
    schema = schema_fingerprint([("x", "float")])
    with pytest.raises((DamagedError, FingerprintError)):
        read_header(noise, schema, "k")
    if len(noise) >= HEADER.size:
        with suppress(DamagedError):
            assert len(decode_row(noise, 1, "k")) == 1


def test_a_damaged_or_foreign_row_is_refused() -> None:
    [row] = encode_rows([b"key"], [0], [None], 1, 7, [[1.5], ["a"]])
    with pytest.raises(FingerprintError, match="of schema 00000007, not 00000008"):
        read_header(row, 8, "key")
    with pytest.raises(DamagedError, match=r"is damaged \(its checksum differs\)"):
        read_header(row[:-1], 7, "key")
    with pytest.raises(DamagedError, match="is damaged"):
        decode_row(row[:-1], 2, "key")
    with pytest.raises(DamagedError, match="has 2 features, not 3"):
        decode_row(row, 3, "key")
    with pytest.raises(DamagedError, match="which is not a valid row"):
        read_header(row[: HEADER.size], 7, "key")
    assert read_header(row, 7, "key") == (0, None)
    with pytest.raises(DamagedError, match=r"^yek is damaged \(its checksum differs\)"):
        read_header(row, 7, "yek")


@pytest.mark.parametrize("width", [1, 3, 700])
@pytest.mark.parametrize("names", ["{:03}", "{}", "{}é", "{}" + "long" * 100])
def test_rows_are_checked_together_each_for_its_own_key(width: int, names: str) -> None:
    """Whatever the lengths: one wrong row, or two that changed places, are found and named."""
    keys = [names.format(number) for number in range(0, 300, 7)]
    size = len(keys)
    columns: list[Any] = [[b"abcdef"] * size] * width
    ragged = [*columns, ["x" * (place % 3) for place in range(size)]]
    for stored in (columns, ragged):
        encoded = [key.encode() for key in keys]
        rows: list[Any] = encode_rows(encoded, [1] * size, [None] * size, 1, 7, stored)
        for key, row in zip(encoded, rows, strict=True):
            # The layout, by hand: the CRC-32 of the key from all ones, then of the row.
            assert row[-4:] == crc32(row[:-4], crc32(key, 0xFFFFFFFF) ^ 7).to_bytes(4, "little")
        check_rows(rows, 7, keys)
        check_rows([None, *rows[1:-1], None], 7, [None, *keys[1:]])
        with pytest.raises(FingerprintError, match="is of schema 00000007"):
            check_rows(rows, 8, keys)
        for one, other in [(0, 1), (3, 4), (0, size - 1), (5, 25)]:
            copied = list(rows)
            copied[other] = rows[one]
            with pytest.raises(DamagedError, match=re.escape(f"{keys[other]} is damaged")):
                check_rows(copied, 7, keys)
            copied[one] = rows[other]
            with pytest.raises(DamagedError, match="its checksum differs"):
                check_rows(copied, 7, keys)
        with pytest.raises(DamagedError):
            check_rows([*rows[1:], rows[0]], 7, keys)


def test_the_schema_fingerprint_sees_names_types_and_order() -> None:
    columns = [("a", "int"), ("b", "float")]
    others = [[("a", "int")], [("b", "float"), ("a", "int")], [("a", "int"), ("b", "int")]]
    assert len({schema_fingerprint(c) for c in [columns, *others]}) == 4
    assert schema_fingerprint(columns) == schema_fingerprint(list(columns))
    kinds = ["decimal", "decimal(18,3)", "decimal(18,2)", "list<float>", "list<float32>", "uint"]
    assert len({schema_fingerprint([("a", kind)]) for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "integer",
        "list",
        "list<>",
        "list<int",
        "list<int>>",
        "list<int,int>",
        "list<int >",
        "map<int>",
        "struct<>",
        "struct<a:int>",
        'struct<"a">',
        'struct<"a":int,>',
        'struct<"a":int,"a":int>',
        "struct<1:int>",
        "decimal(1)",
        "decimal(18,3",
        "int(4,2)",
        "list<" * 5_000,
    ],
)
def test_a_kind_of_a_later_version_is_refused(text: str) -> None:
    with pytest.raises(FingerprintError, match="is not a type that this version"):
        decoder_of(text)


def test_arrow_types_of_kinds() -> None:
    assert arrow_type("uint") == pa.uint64()
    assert arrow_type("bigint") == pa.decimal256(39, 0)
    assert arrow_type("decimal(18,3)") == pa.decimal128(18, 3)
    assert arrow_type("decimal(60,3)") == pa.decimal256(60, 3)
    assert arrow_type("list<float32>") == pa.list_(pa.float32())
    assert arrow_type('struct<"a,b":map<string,interval>>') == pa.struct(
        [("a,b", pa.map_(pa.string(), pa.month_day_nano_interval()))]
    )
    for open_ended in ("decimal", "decimal(100,2)", "list<decimal>", 'struct<"a":decimal>'):
        assert arrow_type(open_ended) is None


def test_packed_numbers_take_four_or_eight_bytes_each() -> None:
    numbers = [float(number) for number in range(768)]
    for arrow, size in ((pa.float32(), 4), (pa.float64(), 8)):
        column = pa.array([numbers], pa.list_(arrow))
        kind = stored_type("x", pa.field("x", column.type))
        [stored] = stored_values("x", column, kind)
        assert len(stored) == 768 * size
        decode = decoder_of(kind)
        assert decode is not None
        assert decode(stored) == numbers


def test_128_bit_integers_of_duckdb() -> None:
    connection = duckdb.connect()
    connection.execute("set arrow_lossless_conversion = true")
    signed, unsigned = [2**127 - 1, -(2**127), 0, -1], [2**128 - 1, 1, 0, 2]
    texts = {"a": list(map(str, signed)), "b": list(map(str, unsigned))}
    query = f"select unnest({texts['a']}::hugeint[]) as a, unnest({texts['b']}::uhugeint[]) as b"
    table = connection.sql(query).to_arrow_table().combine_chunks()
    for column, expected in (("a", signed), ("b", unsigned)):
        field, array = plain_column(table.schema.field(column), table[column].chunk(0))
        kind = stored_type(column, field)
        assert kind == "bigint"
        stored = stored_values(column, array, kind)
        assert [int(text) for text in stored] == expected
    _, keys = plain_column(table.schema.field("a"), table["a"].chunk(0))
    assert row_keys("", ["a"], [keys])[1] == f"{-(2**127)}}}"
