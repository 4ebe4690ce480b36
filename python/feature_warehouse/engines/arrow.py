"""What drivers deliver, in types that the codec knows: Arrow's own, and its ``number_as_text``.

A type that cannot be served leaves as Arrow's opaque type, which bears its name in the warehouse.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

__all__ = ["Convert", "Plain", "is_of_a_file", "plain_array", "plain_reader", "plain_type"]

Plain = Callable[[pa.Field], pa.DataType | None]
"""The extension type that a driver's own type is delivered as; None for a type of Arrow's."""

Convert = Callable[[pa.Array, pa.DataType], pa.Array]
"""An array of a driver's own type in that extension type."""

Look = Callable[[pa.RecordBatch], None]


def is_of_a_file(error: Exception) -> bool:
    """Whether the system raised it, for a file that is written while rows are read.

    Errors of the reader itself are OSError too, but have no number.
    """
    return isinstance(error, OSError) and error.errno is not None


def plain_reader(
    reader: pa.RecordBatchReader, schema: pa.Schema, convert: Convert, look: Look | None = None
) -> pa.RecordBatchReader:
    """A reader of the same rows in a schema of plain types; ``look`` sees each batch before."""
    if schema.types == reader.schema.types and look is None:
        return reader

    def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
        if look is not None:
            look(batch)
        columns = [
            plain_array(column, kind, convert)
            for column, kind in zip(batch.columns, schema.types, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, map(plain, reader))


def plain_type(field: pa.Field, plain: Plain) -> pa.DataType:
    """The type of a field as it is delivered, with all that it consists of."""
    kind: Any = field.type
    if (found := plain(field)) is not None:
        return found
    if pa.types.is_struct(kind):
        parts = [_plain_field(kind.field(index), plain) for index in range(kind.num_fields)]
        return pa.struct(parts)
    if pa.types.is_map(kind):
        return pa.map_(_plain_field(kind.key_field, plain), _plain_field(kind.item_field, plain))
    if pa.types.is_list(kind):
        return pa.list_(_plain_field(kind.value_field, plain))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain_field(kind.value_field, plain), kind.list_size)
    return kind


def _plain_field(field: pa.Field, plain: Plain) -> pa.Field:
    return field.with_type(plain_type(field, plain))


def plain_array(array: pa.Array, kind: pa.DataType, convert: Convert) -> pa.Array:
    """An array in the type that ``plain_type`` gives for its field."""
    if array.type == kind:
        return array
    if isinstance(kind, pa.BaseExtensionType):
        return convert(array, kind)
    if pa.types.is_struct(kind):
        children = [
            plain_array(array.field(index), kind.field(index).type, convert)
            for index in range(kind.num_fields)
        ]
        return pa.StructArray.from_arrays(children, fields=list(kind), mask=array.is_null())
    if pa.types.is_map(kind):
        entries = [
            plain_array(array.keys, kind.key_type, convert),
            plain_array(array.items, kind.item_type, convert),
        ]
        child: pa.Array = pa.StructArray.from_arrays(
            entries, fields=[kind.key_field, kind.item_field]
        )
    else:
        child = plain_array(array.values, kind.value_type, convert)
    # The offsets of a slice count from the start of what it was cut from, and so do children.
    buffers = array.buffers()[: kind.num_buffers]
    return pa.Array.from_buffers(
        kind, len(array), buffers, array.null_count, array.offset, children=[child]
    )
