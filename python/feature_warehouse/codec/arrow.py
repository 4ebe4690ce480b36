"""Whole Arrow columns to stored form. For the publisher; needs pyarrow."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from feature_warehouse.codec.keys import ESCAPES, KEY_TYPES
from feature_warehouse.codec.values import decoder_of
from feature_warehouse.errors import UnservableError, UsageError

__all__ = [
    "arrow_type",
    "instants",
    "key_type",
    "row_keys",
    "stored_default",
    "stored_type",
    "stored_values",
]

# Python's calendar, years 1 to 9999, in days and microseconds since 1970.
_DAYS: Final = (-719_162, 2_932_896)
_MICROSECONDS: Final = (-62_135_596_800_000_000, 253_402_300_799_999_999)

_DAY: Final = (0, 86_399_999_999)

_MICROSECOND: Final = pa.timestamp("us")

_ARROW_TYPES: Final = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "bigint": pa.decimal128(38, 0),
    "timestamp": _MICROSECOND,
    "timestamptz": pa.timestamp("us", tz="UTC"),
}


_LISTS: Final = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)

_TESTS: Final[tuple[tuple[str, Callable[[pa.DataType], bool]], ...]] = (
    ("bool", pa.types.is_boolean),
    ("int", pa.types.is_integer),
    ("float", pa.types.is_floating),
    ("string", pa.types.is_string),
    ("string", pa.types.is_large_string),
    ("string", lambda kind: isinstance(kind, pa.JsonType)),
    ("binary", pa.types.is_binary),
    ("binary", pa.types.is_large_binary),
    ("date", pa.types.is_date),
    ("time", pa.types.is_time),
    ("uuid", lambda kind: isinstance(kind, pa.UuidType)),
    # PostgreSQL's numeric arrives as text.
    ("decimal", lambda kind: _is_opaque(kind, "numeric")),
    # DuckDB's integers of 128 bits arrive as their bytes.
    ("bigint", lambda kind: _is_opaque(kind, "hugeint", "uhugeint")),
)


def _is_opaque(kind: pa.DataType, *names: str) -> bool:
    return isinstance(kind, pa.OpaqueType) and kind.type_name in names


def stored_type(name: str, field: pa.Field) -> str:
    """The type name (see ``codec.values``) of an Arrow column.

    Raises UnservableError, naming the column, for what cannot be stored.
    """
    metadata = field.metadata or {}
    found = None
    # Money arrives as an integer of its smallest unit, which depends on the server's locale.
    if metadata.get(b"POSTGRESQL:type") != b"money":
        found = _type_name(field.type)
    if found is None:
        raise UnservableError(
            f"column {name!r} is of type {_readable(field)}, which cannot be served; cast it in the"
            " model, or set `feature: false` in its meta"
        )
    return found


def key_type(name: str, field: pa.Field) -> str:
    """The type name of a join key; UnservableError if such a column cannot be one."""
    found = stored_type(name, field)
    found = "int" if found == "bigint" else found
    if found not in KEY_TYPES:
        raise UnservableError(
            f"join key {name!r} is of type {_readable(field)}, which cannot be a key online;"
            " cast it to text in the model"
        )
    return found


def _type_name(kind: pa.DataType) -> str | None:
    if pa.types.is_dictionary(kind):
        return _type_name(kind.value_type)
    if any(is_list(kind) for is_list in _LISTS):
        element = _type_name(kind.value_type)
        return None if element is None else f"list<{element}>"
    if pa.types.is_decimal(kind):
        return "bigint" if kind.scale == 0 else "decimal"
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    return next((found for found, is_it in _TESTS if is_it(kind)), None)


def _readable(field: pa.Field) -> str:
    metadata = field.metadata or {}
    return str(metadata.get(b"POSTGRESQL:type", b"").decode() or field.type)


def stored_values(name: str, column: pa.Array, kind: str) -> list[Any]:
    """A column as Python values in stored form; UnservableError for a value that has none."""
    if isinstance(column.type, pa.BaseExtensionType):
        extension, column = column.type, column.storage
        if pa.types.is_fixed_size_binary(column.type):
            text = _uuid_text if kind == "uuid" else _integer_text(extension.type_name)
            return [None if value is None else text(value) for value in column.to_pylist()]
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if kind.startswith("list<"):
        return _stored_lists(name, column, kind)
    if kind in ("bigint", "decimal"):
        column = column.cast(pa.string())
    elif kind == "date":
        column = _in_calendar(name, column.cast(pa.date32()).cast(pa.int32()), _DAYS)
    elif kind in ("timestamp", "timestamptz"):
        column = _in_calendar(name, instants(name, column), _MICROSECONDS)
    elif kind == "time":
        column = _in_calendar(name, column.cast(pa.time64("us")).cast(pa.int64()), _DAY)
    values: list[Any] = column.to_pylist()
    return values


def instants(name: str, column: pa.Array) -> pa.Array:
    """A timestamp column as int64 microseconds since 1970 UTC."""
    try:
        if not pa.types.is_timestamp(column.type):
            column = column.cast(_MICROSECOND)
        return column.cast(pa.timestamp("us", tz=column.type.tz)).cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise UnservableError(f"column {name!r} is finer than microseconds: {error}") from None


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
    kind = _type_name(column.type)
    if isinstance(column.type, pa.BaseExtensionType):
        return pa.array(stored_values(name, column, kind or ""), pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if kind == "date":
        _in_calendar(name, column.cast(pa.date32()).cast(pa.int32()), _DAYS)
    if kind not in ("timestamp", "timestamptz"):
        return column.cast(pa.string())
    text = _in_calendar(name, instants(name, column), _MICROSECONDS)
    text = text.cast(_MICROSECOND).cast(pa.string())
    return text if kind == "timestamp" else pc.binary_join_element_wise(text, "Z", "")


def _escaped(texts: pa.Array) -> pa.Array:
    for character, code in ESCAPES:
        texts = pc.replace_substring(texts, character, code)
    return texts


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


def _stored_lists(name: str, column: pa.Array, kind: str) -> list[Any]:
    element = kind[5:-1]
    if element in ("bool", "int", "float", "string", "binary"):
        plain: list[Any] = column.to_pylist()
        return plain
    return [stored_values(name, row.values, element) if row.is_valid else None for row in column]


def _integer_text(type_name: str) -> Callable[[bytes], str]:
    signed = type_name == "hugeint"
    return lambda value: str(int.from_bytes(value, "little", signed=signed))


def _uuid_text(value: bytes) -> str:
    digits = value.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def stored_default(name: str, value: Any, kind: pa.DataType, stored: str) -> Any:
    """A default from YAML in stored form; UsageError if it is no value of the column's type."""
    if value is None:
        return None
    plain = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    try:
        if isinstance(value, bool) != (stored == "bool"):
            raise TypeError
        if stored in ("uuid", "decimal", "bigint"):
            found: Any = str(value)
        else:
            array = pa.array([value]).cast(plain)
            [found] = stored_values(name, array, stored)
        decode = decoder_of(stored)
        if decode is not None:
            decode(found)
        # Descriptions are JSON: what does not survive that would reach readers as something else.
        if msgspec.json.decode(msgspec.json.encode(found)) != found:
            raise TypeError
    except (pa.ArrowException, ArithmeticError, TypeError, ValueError):
        raise UsageError(
            f"default {value!r} of {name!r} is no {stored}; correct it in the column's meta"
        ) from None
    return found


def arrow_type(kind: str) -> pa.DataType | None:
    """The Arrow type for decoded values of a type name; None where Arrow may infer it."""
    if kind.startswith("list<"):
        element = arrow_type(kind[5:-1])
        return None if element is None else pa.list_(element)
    return _ARROW_TYPES.get(kind)
