"""Arrow columns as row keys and as values in stored form."""

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from feature_warehouse.codec.arrow.types import kind_of
from feature_warehouse.codec.keys import ESCAPES
from feature_warehouse.codec.rows import FLOAT_BYTES
from feature_warehouse.codec.stored_types import Kind, parse_kind
from feature_warehouse.errors import UnservableError

__all__ = ["check_keys", "check_values", "instants", "row_keys", "stored_values"]

# Python's calendar, years 1 to 9999, in days and microseconds since 1970.
_DAYS: Final = (-719_162, 2_932_896)
_MICROSECONDS: Final = (-62_135_596_800_000_000, 253_402_300_799_999_999)
_DAY: Final = (0, 86_399_999_999)

# The same in other units. Nanoseconds do not reach as far; their extremes stand for infinity.
_TIMESTAMPS: Final = {
    "s": (-62_135_596_800, 253_402_300_799),
    "ms": (-62_135_596_800_000, 253_402_300_799_999),
    "us": _MICROSECONDS,
    "ns": (2 - 2**63, 2**63 - 2),
}

_MICROSECOND: Final = pa.timestamp("us")
_INTERVAL: Final = struct.Struct("=iiq")

_Column = Callable[[str, pa.Array, Kind], list[Any]]


def stored_values(name: str, column: pa.Array, kind: str) -> list[Any]:
    """A column as Python values in stored form; UnservableError for a value that has none."""
    return _stored(name, column, parse_kind(kind))


def check_values(name: str, column: pa.Array, kind: str) -> None:
    """Raise the UnservableError that ``stored_values`` would, in a fraction of its time.

    Looks at what may be refused: dates and times, intervals, integers that may be NaN, maps.
    """
    _check(name, column, parse_kind(kind))


def check_keys(names: Sequence[str], columns: Sequence[pa.Array]) -> None:
    """Raise the UnservableError that ``row_keys`` would, in a fraction of its time."""
    for name, column in zip(names, columns, strict=True):
        _check(name, column, _key_kind(column))


def _check(name: str, column: pa.Array, kind: Kind) -> None:
    if kind.name == "list":
        _check(name, _elements(_plain(column)), kind.parts[0])
    elif kind.name == "struct":
        for part, child in zip(kind.parts, column.flatten(), strict=True):
            _check(name, child, part)
    elif kind.name in ("map", "interval"):
        _stored(name, column, kind)
    elif kind.name in _CHECKED:
        _CHECKED[kind.name](name, _plain(column), kind)


def _stored(name: str, column: pa.Array, kind: Kind) -> list[Any]:
    column = _plain(column)
    if kind.name in _SPECIAL:
        return _SPECIAL[kind.name](name, column, kind)
    if kind.name in _CHECKED:
        column = _CHECKED[kind.name](name, column, kind)
    values: list[Any] = column.to_pylist()
    return values


def _plain(column: pa.Array) -> pa.Array:
    """Without extension types and dictionaries."""
    if isinstance(column.type, pa.BaseExtensionType):
        storage = column.storage
        return storage.cast(pa.bool_()) if isinstance(column.type, pa.Bool8Type) else storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _decimals(name: str, column: pa.Array, kind: Kind) -> pa.Array:
    if pa.types.is_decimal(column.type):
        return column.cast(pa.string())
    if kind.whole:
        _refuse_unless(pc.match_substring_regex(column, "^-?[0-9]+$"), name, "NaN")
    return column


def _dates(name: str, column: pa.Array, _: Kind) -> pa.Array:
    return _in_calendar(name, column.cast(pa.date32()).cast(pa.int32()), _DAYS)


def _timestamps(name: str, column: pa.Array, _: Kind) -> pa.Array:
    _in_calendar(name, column.cast(pa.int64()), _TIMESTAMPS[column.type.unit])
    return instants(name, column)


def _times(name: str, column: pa.Array, _: Kind) -> pa.Array:
    try:
        column = column.cast(pa.time64("us")).cast(pa.int64())
    except pa.ArrowInvalid:
        raise _finer(name) from None
    return _in_calendar(name, column, _DAY)


_CHECKED: Final[dict[str, Callable[[str, pa.Array, Kind], pa.Array]]] = {
    "date": _dates,
    "time": _times,
    "timestamp": _timestamps,
    "timestamptz": _timestamps,
    "decimal": _decimals,
}


def instants(name: str, column: pa.Array) -> pa.Array:
    """A timestamp column as int64 microseconds since 1970 UTC."""
    try:
        if not pa.types.is_timestamp(column.type):
            column = column.cast(_MICROSECOND)
        return column.cast(pa.timestamp("us", tz=column.type.tz)).cast(pa.int64())
    except pa.ArrowInvalid:
        raise _finer(name) from None


def _finer(name: str) -> UnservableError:
    return UnservableError(
        f"column {name!r} is finer than microseconds, which cannot be served; round it in the model"
    )


def _in_calendar(name: str, column: pa.Array, bounds: tuple[int, int]) -> pa.Array:
    extremes = pc.min_max(column).as_py()
    if (
        extremes["min"] is not None
        and not bounds[0] <= extremes["min"] <= extremes["max"] <= bounds[1]
    ):
        raise UnservableError(
            f"column {name!r} holds a date outside the years 1 to 9999, infinity or 24:00, which"
            " cannot be served; make it NULL in the model"
        )
    return column


def _refuse_unless(fine: pa.Array, name: str, what: str) -> None:
    if pc.all(fine).as_py() is False:
        raise UnservableError(
            f"column {name!r} holds {what}, which cannot be served; make it NULL in the model"
        )


def _uuids(_name: str, column: pa.Array, _kind: Kind) -> list[Any]:
    return [None if value is None else _uuid_text(value) for value in column.to_pylist()]


def _uuid_text(value: bytes) -> str:
    digits = value.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _intervals(name: str, column: pa.Array, _: Kind) -> list[Any]:
    size = _INTERVAL.size
    data = column.buffers()[1]
    start = column.offset * size
    parts = memoryview(data)[start : start + len(column) * size] if data else b""
    values: list[Any] = []
    for valid, (months, days, nanoseconds) in zip(
        column.is_valid().to_pylist(), _INTERVAL.iter_unpack(parts), strict=True
    ):
        microseconds, rest = divmod(nanoseconds, 1000)
        if valid and rest:
            raise _finer(name)
        values.append((months, days, microseconds) if valid else None)
    return values


def _lists(name: str, column: pa.Array, kind: Kind) -> list[Any]:
    [element] = kind.parts
    lengths = pc.list_value_length(column).to_pylist()
    flat = _elements(column)
    if element.name in FLOAT_BYTES:
        return _floats(lengths, flat, FLOAT_BYTES[element.name])
    return _cut(lengths, _stored(name, flat, element))


def _elements(column: pa.Array) -> pa.Array:
    """All elements of all lists that are not NULL, one list after another."""
    if column.null_count == len(column):
        # Arrow cannot make an empty array of every type.
        return column.values.slice(0, 0)
    return column.flatten()


def _cut(lengths: list[int | None], values: Sequence[Any]) -> list[Any]:
    """Consecutive slices; None where there is no length."""
    slices: list[Any] = []
    start = 0
    for length in lengths:
        if length is None:
            slices.append(None)
        else:
            slices.append(values[start : start + length])
            start += length
    return slices


def _floats(lengths: list[int | None], flat: pa.Array, size: int) -> list[Any]:
    """Each list as the bytes of its numbers, or as numbers if NULL is among them."""
    data = flat.buffers()[1]
    parts = memoryview(data)[flat.offset * size :] if data else memoryview(b"")
    packed = _cut([None if n is None else n * size for n in lengths], parts)
    if not flat.null_count:
        return [None if part is None else bytes(part) for part in packed]
    plain = _cut(lengths, flat.to_pylist())
    return [
        None if part is None else numbers if None in numbers else bytes(part)
        for part, numbers in zip(packed, plain, strict=True)
    ]


def _structs(name: str, column: pa.Array, kind: Kind) -> list[Any]:
    children = [
        _stored(name, child, part) for part, child in zip(kind.parts, column.flatten(), strict=True)
    ]
    rows = zip(*children, strict=True)
    if not column.null_count:
        return list(rows)
    valid = column.is_valid().to_pylist()
    return [row if is_valid else None for row, is_valid in zip(rows, valid, strict=True)]


def _maps(name: str, column: pa.Array, kind: Kind) -> list[Any]:
    # The offsets are those of the slice, the keys and items those of all it was cut from.
    offsets = column.offsets.to_pylist()
    first, last = offsets[0], offsets[-1]
    keys, items = (
        _stored(name, child.slice(first, last - first), part)
        for child, part in zip((column.keys, column.items), kind.parts, strict=True)
    )
    values: list[Any] = []
    for valid, (start, end) in zip(column.is_valid().to_pylist(), pairwise(offsets), strict=True):
        part = slice(start - first, end - first)
        value = dict(zip(keys[part], items[part], strict=True))
        if valid and len(value) != end - start:
            raise UnservableError(
                f"column {name!r} holds a map with a repeated key, which cannot be served"
            )
        values.append(value if valid else None)
    return values


_SPECIAL: Final[dict[str, _Column]] = {
    "uuid": _uuids,
    "interval": _intervals,
    "list": _lists,
    "struct": _structs,
    "map": _maps,
}


def row_keys(prefix: str, names: Sequence[str], columns: Sequence[pa.Array]) -> list[str]:
    """The row key of every row, the same as the client makes of each entity."""
    texts: list[Any] = []
    for name, column in zip(names, columns, strict=True):
        texts.append(_escaped(_key_texts(name, column)))
    if not texts:
        return [prefix + "}"]
    joined = pc.binary_join_element_wise(*texts, ",")
    keys: list[str] = pc.binary_join_element_wise(prefix, joined, "}", "").to_pylist()
    return keys


def _key_texts(name: str, column: pa.Array) -> pa.Array:
    kind = _key_kind(column)
    if kind.name == "uuid":
        return pa.array(_stored(name, column, kind), pa.string())
    column = _plain(column)
    if kind.name == "decimal":
        return _decimals(name, column, kind)
    if kind.name == "date":
        _dates(name, column, kind)
    if kind.name not in ("timestamp", "timestamptz"):
        return column.cast(pa.string())
    text = _timestamps(name, column, kind).cast(_MICROSECOND).cast(pa.string())
    return text if kind.name == "timestamp" else pc.binary_join_element_wise(text, "Z", "")


def _key_kind(column: pa.Array) -> Kind:
    return kind_of(pa.field("", column.type))


def _escaped(texts: pa.Array) -> pa.Array:
    for character, code in ESCAPES:
        texts = pc.replace_substring(texts, character, code)
    return texts
