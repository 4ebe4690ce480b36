"""Arrow types to kinds (see ``codec.stored_types``), and back."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import pyarrow as pa

from feature_warehouse.codec.keys import KEY_TYPES
from feature_warehouse.codec.stored_types import NESTED, Kind, parse_kind
from feature_warehouse.errors import UnservableError

__all__ = [
    "arrow_column",
    "arrow_type",
    "key_type",
    "kind_of",
    "number_as_text",
    "stored_type",
    "text_number",
]

_Test = Callable[[pa.DataType], bool]

_LISTS: Final[tuple[_Test, ...]] = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
)

_TESTS: Final[tuple[tuple[str, _Test], ...]] = (
    ("bool", pa.types.is_boolean),
    ("bool", lambda kind: isinstance(kind, pa.Bool8Type)),
    ("uint", pa.types.is_uint64),
    ("int", pa.types.is_integer),
    ("float", pa.types.is_float64),
    ("float32", pa.types.is_float32),
    ("string", pa.types.is_string),
    ("string", pa.types.is_large_string),
    ("string", pa.types.is_string_view),
    ("string", lambda kind: isinstance(kind, pa.JsonType)),
    ("binary", pa.types.is_binary),
    ("binary", pa.types.is_large_binary),
    ("binary", pa.types.is_binary_view),
    ("date", pa.types.is_date),
    ("time", pa.types.is_time),
    ("timestamp", lambda kind: pa.types.is_timestamp(kind) and kind.tz is None),
    ("timestamptz", pa.types.is_timestamp),
    ("interval", lambda kind: kind == pa.month_day_nano_interval()),
    ("uuid", lambda kind: isinstance(kind, pa.UuidType)),
)

_OURS: Final = "feature_warehouse"

# Under which Arrow tells of an extension type that is not registered here.
_UNKNOWN_EXTENSION: Final = b"ARROW:extension:name"

_MICROSECOND: Final = pa.timestamp("us")

_ARROW_TYPES: Final = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "uint": pa.uint64(),
    "bigint": pa.decimal256(39, 0),
    "float": pa.float64(),
    "float32": pa.float32(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": _MICROSECOND,
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "interval": pa.month_day_nano_interval(),
    "uuid": pa.uuid(),
}


class _UnservableTypeError(Exception):
    """A type within a column that has no kind."""


def number_as_text(kind: Kind) -> pa.DataType:
    """The Arrow type of numbers, decimals or 128-bit integers, that Arrow has no type for.

    They are written as text; Arrow's opaque type bears the kind as its name, and us as the vendor.
    """
    return pa.opaque(pa.string(), str(kind), _OURS)


def text_number(kind: pa.DataType) -> Kind | None:
    """The kind of which ``number_as_text`` made a type; None for any other type."""
    is_ours = isinstance(kind, pa.OpaqueType) and kind.vendor_name == _OURS
    return parse_kind(kind.type_name) if is_ours else None


def stored_type(name: str, field: pa.Field) -> str:
    """The kind (see ``codec.stored_types``) of an Arrow column.

    Raises UnservableError, naming the column, for what cannot be stored.
    """
    try:
        return str(kind_of(field))
    except _UnservableTypeError as error:
        whole, part = _readable(field), str(error)
        what = "which" if part == whole else f"and {part}"
        raise UnservableError(
            f"column {name!r} is of type {whole}, {what} cannot be served; cast it in the model,"
            " or set `feature: false` in its meta"
        ) from None


def key_type(name: str, field: pa.Field) -> str:
    """The kind of a join key; UnservableError if such a column cannot be one."""
    found = parse_kind(stored_type(name, field))
    text = "int" if found.whole else found.name
    if text not in KEY_TYPES:
        raise UnservableError(
            f"join key {name!r} is of type {_readable(field)}, which cannot be a key online;"
            " cast it to text in the model"
        )
    return text


def kind_of(field: pa.Field) -> Kind:
    """The kind of a field; _UnservableTypeError if it, or a part of it, has none."""
    kind = field.type
    if _UNKNOWN_EXTENSION in (field.metadata or {}):
        raise _UnservableTypeError(_readable(field))
    if pa.types.is_dictionary(kind):
        return kind_of(pa.field("", kind.value_type))
    if any(is_list(kind) for is_list in _LISTS):
        return Kind("list", (kind_of(kind.value_field),))
    if pa.types.is_struct(kind):
        return _struct(field)
    if pa.types.is_map(kind):
        return _map(kind)
    return _scalar(field)


def _scalar(field: pa.Field) -> Kind:
    kind = field.type
    if pa.types.is_decimal(kind):
        return Kind("decimal", digits=(kind.precision, kind.scale))
    if (number := text_number(kind)) is not None:
        return number
    for found, is_it in _TESTS:
        if is_it(kind):
            return Kind(found)
    raise _UnservableTypeError(_readable(field))


def _map(kind: pa.DataType) -> Kind:
    key = kind_of(kind.key_field)
    if key.name in NESTED or key.name == "interval":
        # MessagePack would give them back as lists, which are no keys in Python.
        raise _UnservableTypeError(f"a map with keys of type {kind.key_type}")
    return Kind("map", (key, kind_of(kind.item_field)))


def _struct(field: pa.Field) -> Kind:
    fields = [field.type.field(index) for index in range(field.type.num_fields)]
    names = tuple(part.name for part in fields)
    if not names or len(set(names)) != len(names):
        raise _UnservableTypeError(_readable(field))
    return Kind("struct", tuple(kind_of(part) for part in fields), names)


def _readable(field: pa.Field) -> str:
    """A type as the warehouse, or else as Arrow calls it."""
    kind = field.type
    if _UNKNOWN_EXTENSION in (field.metadata or {}):
        return str(field.metadata[_UNKNOWN_EXTENSION].decode())
    if isinstance(kind, pa.OpaqueType):
        return str(kind.type_name)
    if pa.types.is_list(kind):
        return f"{_readable(kind.value_field)}[]"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{part.name}: {_readable(part)}' for part in kind)}>"
    return str(kind)


def arrow_type(kind: str) -> pa.DataType | None:
    """The Arrow type for decoded values of a kind; None where Arrow has to infer it."""
    return _arrow_type(parse_kind(kind))


def _arrow_type(kind: Kind) -> pa.DataType | None:
    parts = [_arrow_type(part) for part in kind.parts]
    if None in parts:
        return None
    if kind.name == "list":
        return pa.list_(parts[0])
    if kind.name == "map":
        return pa.map_(*parts)
    if kind.name == "struct":
        return pa.struct(list(zip(kind.fields, parts, strict=True)))
    if kind.name == "decimal":
        return _decimal(kind.digits)
    return _ARROW_TYPES[kind.name]


def _decimal(digits: tuple[int, int] | None) -> pa.DataType | None:
    if digits is None or digits[0] > 76:
        return None
    return pa.decimal128(*digits) if digits[0] <= 38 else pa.decimal256(*digits)


def arrow_column(values: Sequence[Any], kind: str) -> pa.Array:
    """Decoded values of a kind as an Arrow array; ``pa.ArrowInvalid`` for a decimal that is NaN."""
    wanted = arrow_type(kind)
    if wanted is None:
        return pa.array(values)
    # Arrow takes UUIDs within lists and structs only as their bytes.
    return pa.array(values, _storage(wanted)).cast(wanted)


def _storage(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_storage(kind.value_type))
    if pa.types.is_map(kind):
        return pa.map_(_storage(kind.key_type), _storage(kind.item_type))
    if pa.types.is_struct(kind):
        return pa.struct([(part.name, _storage(part.type)) for part in kind])
    return pa.binary(16) if kind == pa.uuid() else kind
