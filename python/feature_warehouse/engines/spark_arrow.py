"""What a query on Spark gives, as Arrow batches: through Parquet files that are read as they lie.

Spark's own ways into Python take all rows into the driver's memory at once, or turn each into
Python objects. Executors write files side by side; here they are read a batch at a time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from feature_warehouse.engines.protocol import BATCH_ROWS

__all__ = ["arrow_schema", "read_batches", "unreadable"]

_VENDOR = "Spark"

# By the names that Spark has for them; TIMESTAMP is an instant.
_SCALARS = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "timestamp_ntz": pa.timestamp("us"),
    "void": pa.null(),
}


def arrow_schema(kind: Any) -> pa.Schema:
    """The columns of a ``StructType``; a type that Arrow has not is opaque and bears its name."""
    return pa.schema([pa.field(field.name, _arrow_type(field.dataType)) for field in kind.fields])


def unreadable(schema: pa.Schema) -> list[str]:
    """The columns that no Parquet file holds as they are, and their types."""
    return [f"{field.name!r} of type {name}" for field in schema if (name := _opaque(field.type))]


def _arrow_type(kind: Any) -> pa.DataType:
    name = kind.typeName()
    if name == "array":
        return pa.list_(_arrow_type(kind.elementType))
    if name == "map":
        return pa.map_(_arrow_type(kind.keyType), _arrow_type(kind.valueType))
    if name == "struct":
        return pa.struct([(part.name, _arrow_type(part.dataType)) for part in kind.fields])
    if name == "decimal":
        return pa.decimal128(kind.precision, kind.scale)
    if name in ("char", "varchar"):
        return pa.string()
    text = kind.simpleString()
    # A text of another collation is the same text.
    text = "string" if text.startswith("string collate ") else text
    return _SCALARS.get(text) or pa.opaque(pa.null(), text, _VENDOR)


def _opaque(kind: pa.DataType) -> str:
    """The first type within a type that Arrow has not; '' if there is none."""
    if isinstance(kind, pa.OpaqueType):
        return str(kind.type_name)
    parts = [kind.field(place).type for place in range(kind.num_fields)]
    return next(filter(None, map(_opaque, parts)), "")


@contextmanager
def read_batches(frame: Any, schema: pa.Schema) -> Iterator[pa.RecordBatchReader]:
    """The rows of a data frame in its order, all computed before the first is read.

    They lie in a folder of this user alone, and are removed as they are read.
    """
    with TemporaryDirectory(prefix="feature-warehouse-") as folder:
        path = Path(folder) / "rows"
        # A file has no columns of one name, and none without a type.
        names = [f"c{place}" for place in range(len(schema))]
        _typed(frame.toDF(*names), schema).write.parquet(path.as_uri())
        files = sorted(path.glob("part-*.parquet"), key=_place)
        yield pa.RecordBatchReader.from_batches(schema, _batches(files, schema))


def _place(file: Path) -> tuple[int, str]:
    """The number of the partition, and of the file within it."""
    return int(file.name.split("-")[1]), file.name


def _typed(frame: Any, schema: pa.Schema) -> Any:
    casts = [
        f"cast(c{place} as string) as c{place}" if pa.types.is_null(field.type) else f"c{place}"
        for place, field in enumerate(schema)
    ]
    return frame.selectExpr(*casts) if casts else frame


def _batches(files: Sequence[Path], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for file in files:
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(BATCH_ROWS):
                columns = list(map(_column, batch.columns, schema.types))
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        file.unlink()


def _column(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.nulls(len(column)) if pa.types.is_null(kind) else column.cast(kind)
