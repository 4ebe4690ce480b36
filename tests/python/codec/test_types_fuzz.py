"""Random columns through the codec and back, and what becomes of damaged bytes."""

import random
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codec.oracle import SORTS, Sort, same
from feature_warehouse.codec.arrow import arrow_column, check_values, stored_type, stored_values
from feature_warehouse.codec.rows import (
    HEADER,
    decode_row,
    decoder_of,
    encode_rows,
    read_header,
    schema_fingerprint,
)
from feature_warehouse.codec.stored_types import parse_kind
from feature_warehouse.engines.duckdb import plain_column
from feature_warehouse.errors import DamagedError, FingerprintError

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
REFUSED = (DamagedError, FingerprintError)
QUICK = settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=SLOW)
LONG = settings(max_examples=8_000, deadline=None, suppress_health_check=SLOW)


def decoded(rows: list[bytes], kinds: list[str], schema: int) -> list[list[Any]]:
    """What a reader makes of rows, a list per row."""
    decoders = [decoder_of(kind) or (lambda value: value) for kind in kinds]
    found = []
    for row in rows:
        read_header(row, schema, "k")
        stored = decode_row(row, len(kinds), "k")
        pairs = zip(decoders, stored, strict=True)
        found.append([None if value is None else decode(value) for decode, value in pairs])
    return found


def columns(draw: st.DrawFn, sorts: list[Sort]) -> list[list[Any]]:
    height = draw(st.integers(0, 5))
    return [
        draw(st.lists(st.none() | sort.values, min_size=height, max_size=height)) for sort in sorts
    ]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Sort], list[list[Any]]]:
    sorts = draw(st.lists(SORTS, min_size=1, max_size=4))
    return sorts, columns(draw, sorts)


def cut_from_more(sort: Sort, values: list[Any]) -> pa.Array:
    """An array that begins and ends in the middle of another, as slices of a batch do."""
    around = [*[value for value in values if value is not None][:1], None]
    return delivered(sort.build([*around, *values, *around]).slice(len(around), len(values)))


def delivered(array: pa.Array) -> pa.Array:
    """As the engine delivers what DuckDB gives."""
    return plain_column(pa.field("x", array.type), array)[1]


def round_trip(sorts: list[Sort], values: list[list[Any]]) -> None:
    arrays = [cut_from_more(*pair) for pair in zip(sorts, values, strict=True)]
    kinds = [stored_type("x", pa.field("x", array.type)) for array in arrays]
    assert kinds == [sort.kind for sort in sorts]
    assert [str(parse_kind(kind)) for kind in kinds] == kinds
    pairs = list(zip(arrays, kinds, strict=True))
    for array, kind in pairs:
        check_values("x", array, kind)
    height = len(values[0])
    stored = [stored_values("x", array, kind) for array, kind in pairs]
    rows = encode_rows([b"k"] * height, [0] * height, [None] * height, 1, 7, stored)
    back = decoded(rows, kinds, 7)
    wanted = [list(row) for row in zip(*values, strict=True)]
    assert same(back, wanted), (kinds, back, wanted)
    for sort, column in zip(sorts, values, strict=True):
        made = arrow_column(column, sort.kind)
        # Arrow's name for integers of 128 bits.
        kind = sort.kind.replace("bigint", "decimal(39,0)")
        assert stored_type("x", pa.field("x", made.type)) == kind
        again = stored_values("x", made, kind)
        assert repr(again) == repr(stored_values("x", delivered(sort.build(column)), sort.kind))


@QUICK
@given(tables())
def test_any_value_of_any_type_comes_back_exactly(table: Any) -> None:
    round_trip(*table)


@pytest.mark.long
@LONG
@given(tables())
def test_any_value_of_any_type_comes_back_exactly_at_length(table: Any) -> None:
    round_trip(*table)


def refused_or_same(damaged: bytes, row: bytes, kinds: list[str], schema: int) -> None:
    with suppress(*REFUSED):
        assert read_header(damaged, schema, "k") == read_header(row, schema, "k")
        assert same(decoded([damaged], kinds, schema), decoded([row], kinds, schema))


@st.composite
def stored_rows(draw: st.DrawFn) -> tuple[list[str], int, bytes]:
    sorts = draw(st.lists(SORTS, min_size=1, max_size=3))
    arrays = [delivered(sort.build([draw(st.none() | sort.values)])) for sort in sorts]
    kinds = [sort.kind for sort in sorts]
    schema = schema_fingerprint(zip("abc", kinds, strict=False))
    stored = [stored_values("x", a, kind) for a, kind in zip(arrays, kinds, strict=True)]
    run = draw(st.integers(0, 2**32 - 1))
    event = draw(st.integers(-(2**63) + 1, 2**63 - 1))
    created = draw(st.none() | st.integers(-(2**63) + 1, 2**63 - 1))
    [row] = encode_rows([b"k"], [event], [created], run, schema, stored)
    return kinds, schema, row


@QUICK
@given(stored_rows(), st.data())
def test_damaged_rows_are_refused_or_the_same(
    made: tuple[list[str], int, bytes], data: Any
) -> None:
    kinds, schema, row = made
    for end in {
        0,
        1,
        HEADER.size,
        HEADER.size + 1,
        len(row) - 1,
        data.draw(st.integers(0, len(row))),
    }:
        if end < len(row):
            with pytest.raises(REFUSED):
                read_header(row[:end], schema, "k")
    with pytest.raises(REFUSED):
        read_header(row + b"\x00", schema, "k")
    flips = st.lists(st.integers(0, len(row) * 8 - 1), min_size=1, max_size=6, unique=True)
    damaged = bytearray(row)
    for bit in data.draw(flips):
        damaged[bit // 8] ^= 1 << bit % 8
    refused_or_same(bytes(damaged), row, kinds, schema)
    noise = data.draw(st.binary(max_size=len(row)))
    start = data.draw(st.integers(0, len(row)))
    refused_or_same(row[:start] + noise + row[start + len(noise) :], row, kinds, schema)


def test_every_single_bit_counts() -> None:
    schema = schema_fingerprint([("x", "float"), ("y", "string")])
    [row] = encode_rows([b"k"], [5], [6], 9, schema, [[0.1], ["text"]])
    for bit in range(len(row) * 8):
        damaged = bytearray(row)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(REFUSED):
            read_header(bytes(damaged), schema, "k")


def test_random_bytes_behind_the_right_schema_are_refused() -> None:
    """The checksum alone stands against these: one in four billion would pass."""
    choose = random.Random(20_000)
    for _ in range(20_000):
        noise = bytearray(choose.randbytes(choose.randint(HEADER.size + 5, 80)))
        noise[20:24] = (7).to_bytes(4, "big")
        with pytest.raises(DamagedError, match="is damaged"):
            read_header(bytes(noise), 7, "k")


def test_a_row_without_features() -> None:
    [row] = encode_rows([b"k"], [5], [None], 1, 7, [])
    assert read_header(row, 7, "k") == (5, None)
    assert decode_row(row, 0, "k") == []


def test_equal_content_has_equal_bytes_apart_from_run_and_checksum() -> None:
    [first] = encode_rows([b"k"], [5], [None], 1, 7, [[0.1], ["a"]])
    [second] = encode_rows([b"k"], [5], [None], 2, 7, [[0.1], ["a"]])
    assert first[16:20] != second[16:20]
    assert first[-4:] != second[-4:]
    assert (first[:16], first[20:-4]) == (second[:16], second[20:-4])
