"""Columns of training sets between files, Arrow and the warehouse."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from feature_warehouse.codec.arrow import text_number
from feature_warehouse.errors import UsageError

__all__ = ["PreparedLabels", "plain", "prepared_labels", "writable_types"]

_MICROSECOND: Final = "us"
_EXACT: Final = 2.0**53
_DECIMAL: Final = re.compile(r"(?:numeric|decimal)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")

# A type that holds all values and that both warehouses know.
_SQL_TYPES: Final[dict[str, tuple[Callable[[pa.DataType], bool], ...]]] = {
    "smallint": (pa.types.is_int8, pa.types.is_int16, pa.types.is_uint8),
    "integer": (pa.types.is_int32, pa.types.is_uint16),
    "bigint": (pa.types.is_int64, pa.types.is_uint32),
    "decimal(20,0)": (pa.types.is_uint64,),
    "real": (pa.types.is_float16, pa.types.is_float32),
    "double precision": (pa.types.is_float64,),
    "boolean": (pa.types.is_boolean,),
    "date": (pa.types.is_date,),
    "text": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    "uuid": (lambda kind: isinstance(kind, pa.UuidType),),
}


class PreparedLabels(msgspec.Struct, frozen=True):
    """A label table whose timestamps have microseconds; ``timestamp_type`` as SQL names it."""

    table: pa.Table
    timestamp: str
    timestamp_type: str

    def names(self, *tests: Callable[[pa.DataType], bool]) -> list[str]:
        """The columns whose type passes one of the tests."""
        return [
            field.name for field in self.table.schema if any(test(field.type) for test in tests)
        ]

    def types(self) -> dict[str, str]:
        """The columns' types as SQL names them, where it has a name for them.

        pandas makes doubles of whole numbers beside NULL; they are whole numbers here.
        """
        named = {
            name: "bigint" if _is_whole(self.table[name]) else _sql_type(self.table[name].type)
            for name in self.table.column_names
        }
        return {name: kind for name, kind in named.items() if kind}

    def columns(self, keys: Collection[str], others: Collection[str]) -> pa.Table:
        """The columns of those names that are there, in types that every warehouse knows."""
        columns = {}
        for name in self.table.column_names:
            column = self.table[name]
            if name in keys and _is_whole(column):
                column = column.cast(pa.int64())
            if name in keys or name in others:
                columns[name] = _loadable(name, column)
        return pa.table(columns)


def prepared_labels(labels: pa.Table, timestamp: str) -> PreparedLabels:
    """Check the label table and its timestamp; UsageError says what is wrong."""
    names = labels.column_names
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the label table has two columns {name!r}; rename one of them")
    if timestamp not in names:
        raise UsageError(f"the label table has no column {timestamp!r}; it has {', '.join(names)}")
    kind = labels.schema.field(timestamp).type
    if pa.types.is_date(kind):
        return PreparedLabels(labels, timestamp, "date")
    if not pa.types.is_timestamp(kind):
        raise UsageError(f"label column {timestamp!r} is of type {kind}; it must be a timestamp")
    return PreparedLabels(labels, timestamp, "timestamptz" if kind.tz else "timestamp")


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _sql_type(kind.value_type)
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    for name, tests in _SQL_TYPES.items():
        if any(test(kind) for test in tests):
            return name
    return ""


def _is_whole(column: pa.ChunkedArray) -> bool:
    """Whether doubles are whole numbers, none so great that it may have been rounded to be one."""
    if not pa.types.is_float64(column.type):
        return False
    is_whole = pc.and_(pc.less(pc.abs(column), _EXACT), pc.equal(pc.floor(column), column))
    return pc.all(is_whole).as_py() is not False


def _loadable(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    elif pa.types.is_null(kind):
        # All NULL: the query casts it to the type of what it is compared with.
        column = column.cast(pa.string())
    elif pa.types.is_timestamp(kind) and kind.unit != _MICROSECOND:
        try:
            column = column.cast(pa.timestamp(_MICROSECOND, tz=kind.tz))
        except pa.ArrowInvalid:
            raise UsageError(
                f"label column {name!r} has nanoseconds; round it to microseconds"
            ) from None
    return column


def writable_types(schema: pa.Schema, data_types: Mapping[str, str]) -> pa.Schema:
    """The schema as it is given to people; UsageError for a type no Parquet file has."""
    return pa.schema(
        [
            pa.field(field.name, _plain_type(field, data_types.get(field.name, "")), field.nullable)
            for field in schema
        ]
    )


def plain(table: pa.Table, data_types: Mapping[str, str]) -> pa.Table:
    """Columns without a driver's own types: decimals as declared, JSON and ids as text."""
    schema = writable_types(table.schema, data_types)
    columns = [
        _plain_column(column, field.type)
        for column, field in zip(table.columns, schema, strict=True)
    ]
    return pa.table(columns, schema=schema)


def _plain_type(field: pa.Field, data_type: str) -> pa.DataType:
    kind = field.type
    number = text_number(kind)
    if number is not None and number.name == "decimal":
        # A text it stays where its digits are not declared.
        digits = _DECIMAL.fullmatch(data_type.strip().lower())
        if digits is None or int(digits[1]) > 76:
            return pa.string()
        decimal = pa.decimal128 if int(digits[1]) <= 38 else pa.decimal256
        return decimal(int(digits[1]), int(digits[2] or 0))
    if isinstance(kind, pa.UuidType | pa.JsonType):
        return pa.string()
    if isinstance(kind, pa.BaseExtensionType) or pa.types.is_interval(kind):
        raise UsageError(
            f"column {field.name!r} is of type {kind}, which a Parquet file cannot hold; cast it in"
            " the model"
        )
    return kind


def _plain_column(column: pa.ChunkedArray, kind: pa.DataType) -> Any:
    if column.type == kind:
        return column
    if isinstance(column.type, pa.UuidType):
        return pa.chunked_array([[None if v is None else str(v) for v in column.to_pylist()]], kind)
    storage = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    return pc.cast(storage, kind)
