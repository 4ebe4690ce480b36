"""Random columns of random types, made without the codec: the values are what must come back."""

import math
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal
from itertools import accumulate
from typing import Any, NamedTuple

import pyarrow as pa
from hypothesis import strategies as st

from feature_warehouse.codec.rows import Interval

Values = st.SearchStrategy[Any]


class Sort(NamedTuple):
    """A type: its kind, how an Arrow array is made of Python values, what values there are."""

    kind: str
    build: Callable[[list[Any]], pa.Array]
    values: Values
    is_key: bool = False


def plain(
    kind: str, arrow: pa.DataType, values: Values, is_key: bool = True, raw: Any = None
) -> Sort:
    """A scalar that Arrow takes as it is, or as ``raw`` makes it."""

    def build(column: list[Any]) -> pa.Array:
        stored = [None if v is None else raw(v) if raw else v for v in column]
        if isinstance(arrow, pa.BaseExtensionType):
            return pa.ExtensionArray.from_storage(arrow, pa.array(stored, arrow.storage_type))
        return pa.array(stored, arrow)

    return Sort(kind, build, values, is_key)


def whole(bits: int, signed: bool) -> Values:
    low = -(2 ** (bits - 1)) if signed else 0
    return st.integers(low, low + 2**bits - 1)


def huge(name: str, signed: bool) -> Sort:
    arrow = pa.opaque(pa.binary(16), name, "DuckDB")
    return plain(
        "bigint",
        arrow,
        whole(128, signed),
        raw=lambda v: v.to_bytes(16, "little", signed=signed),
    )


def exact(precision: int, scale: int, arrow: Any) -> Sort:
    digits = st.integers(-(10**precision) + 1, 10**precision - 1)
    values: Values = digits
    if scale:
        values = digits.map(lambda number: Decimal(number).scaleb(-scale, WIDE))
    return plain(f"decimal({precision},{scale})", arrow(precision, scale), values, raw=Decimal)


WIDE = Context(prec=100)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEY_FLOATS = st.floats(allow_nan=False)
LONG = 2**63 // 1000 - 1
INTERVALS = st.builds(Interval, whole(32, True), whole(32, True), st.integers(-LONG, LONG))
MOMENTS = st.datetimes()
AWARE = MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))


def to_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


SCALARS = [
    plain("bool", pa.bool_(), st.booleans()),
    plain("bool", pa.bool8(), st.booleans(), raw=int),
    *(plain("int", getattr(pa, f"int{bits}")(), whole(bits, True)) for bits in (8, 16, 32, 64)),
    *(plain("int", getattr(pa, f"uint{bits}")(), whole(bits, False)) for bits in (8, 16, 32)),
    plain("uint", pa.uint64(), whole(64, False)),
    huge("hugeint", signed=True),
    huge("uhugeint", signed=False),
    plain("float", pa.float64(), st.floats(), is_key=False),
    plain("float", pa.float64(), KEY_FLOATS),
    plain("float32", pa.float32(), st.floats(width=32), is_key=False),
    exact(18, 3, pa.decimal128),
    exact(38, 38, pa.decimal128),
    exact(38, 0, pa.decimal128),
    exact(76, 20, pa.decimal256),
    plain("string", pa.string(), TEXT),
    plain("string", pa.large_string(), TEXT),
    plain("string", pa.string_view(), TEXT),
    plain("string", pa.dictionary(pa.int32(), pa.string()), TEXT),
    plain("binary", pa.binary(), st.binary()),
    plain("date", pa.date32(), st.dates(date.min, date.max)),
    plain("time", pa.time64("us"), st.times(time.min, time.max)),
    plain("timestamp", pa.timestamp("us"), MOMENTS),
    plain("timestamp", pa.timestamp("s"), MOMENTS.map(to_seconds)),
    plain("timestamptz", pa.timestamp("us", tz="UTC"), AWARE),
    plain("timestamptz", pa.timestamp("us", tz="Asia/Kolkata"), AWARE),
    plain(
        "interval",
        pa.month_day_nano_interval(),
        INTERVALS,
        is_key=False,
        raw=lambda v: pa.MonthDayNano([v.months, v.days, v.microseconds * 1000]),
    ),
    plain("uuid", pa.uuid(), st.uuids(), raw=lambda v: v.bytes),
]


def _offsets(column: list[Any]) -> pa.Array:
    ends = accumulate((len(value or ()) for value in column), initial=0)
    return pa.array(list(ends), pa.int32())


def _absent(column: list[Any]) -> pa.Array:
    return pa.array([value is None for value in column], pa.bool_())


def list_of(element: Sort) -> Sort:
    def build(column: list[Any]) -> pa.Array:
        flat = element.build([item for value in column for item in value or ()])
        return pa.ListArray.from_arrays(_offsets(column), flat, mask=_absent(column))

    values = st.lists(st.none() | element.values, max_size=4)
    return Sort(f"list<{element.kind}>", build, values)


def array_of(element: Sort, size: int) -> Sort:
    def build(column: list[Any]) -> pa.Array:
        flat = element.build([item for value in column for item in value or [None] * size])
        return pa.FixedSizeListArray.from_arrays(flat, size, mask=_absent(column))

    values = st.lists(st.none() | element.values, min_size=size, max_size=size)
    return Sort(f"list<{element.kind}>", build, values)


def map_of(key: Sort, value: Sort) -> Sort:
    def build(column: list[Any]) -> pa.Array:
        keys = key.build([k for row in column for k in row or ()])
        items = value.build([v for row in column for v in (row or {}).values()])
        return pa.MapArray.from_arrays(_offsets(column), keys, items, mask=_absent(column))

    values = st.dictionaries(key.values, st.none() | value.values, max_size=4)
    return Sort(f"map<{key.kind},{value.kind}>", build, values)


def struct_of(parts: dict[str, Sort]) -> Sort:
    def build(column: list[Any]) -> pa.Array:
        children = [
            sort.build([None if row is None else row[name] for row in column])
            for name, sort in parts.items()
        ]
        return pa.StructArray.from_arrays(children, list(parts), mask=_absent(column))

    # Names in these tests hold what a JSON string spells with a backslash: written out by hand.
    quoted = (name.replace("\\", r"\\").replace('"', r"\"") for name in parts)
    kinds = ",".join(f'"{name}":{s.kind}' for name, s in zip(quoted, parts.values(), strict=True))
    drawn = st.fixed_dictionaries({n: st.none() | s.values for n, s in parts.items()})
    values = drawn.map(lambda row: {name: row[name] for name in parts})
    return Sort(f"struct<{kinds}>", build, values)


NAMES = st.text("aé,:<>\"\\ {}'日", max_size=4)
KEYS = [sort for sort in SCALARS if sort.is_key]


def _nested(inner: st.SearchStrategy[Sort]) -> st.SearchStrategy[Sort]:
    return st.one_of(
        inner.map(list_of),
        st.builds(array_of, inner, st.integers(1, 3)),
        st.builds(map_of, st.sampled_from(KEYS), inner),
        st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(struct_of),
    )


SORTS = st.recursive(st.sampled_from(SCALARS), _nested, max_leaves=4)


def same(found: Any, wanted: Any) -> bool:
    """Equal in type and value: floats by their bits (NaN is NaN), decimals by their digits."""
    if type(found) is not type(wanted):
        return False
    if isinstance(wanted, float):
        both_nan = math.isnan(found) and math.isnan(wanted)
        return both_nan or struct.pack("d", found) == struct.pack("d", wanted)
    if isinstance(wanted, Decimal):
        return bool(found.as_tuple() == wanted.as_tuple())
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, dict):
        return same(list(found), list(wanted)) and same([*found.values()], [*wanted.values()])
    if isinstance(wanted, datetime):
        return bool(found == wanted and found.tzinfo == wanted.tzinfo)
    return bool(found == wanted)


__all__ = ["SCALARS", "SORTS", "Sort", "same"]
