"""Feature vectors as Arrow tables and NumPy arrays. Imported when one is asked for."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from feature_warehouse.codec.batches import BODY, END
from feature_warehouse.codec.stored_types import parse_kind
from feature_warehouse.errors import UsageError
from feature_warehouse.serving.rows import Rows, Status

if TYPE_CHECKING:
    from feature_warehouse.serving.vectors import FeatureVectors

__all__ = ["ages", "event_timestamps", "frame", "numbers", "statuses", "values"]

_FLOATS: Final = {"float", "float32"}
_EXACT: Final = {"int", "uint", "bigint", "decimal"}
_NUMBERS: Final = _FLOATS | _EXACT | {"bool"}
_WHOLE: Final = 2**53
"""Up to here a double holds every whole number."""

_DOUBLE: Final = 0xCB
"""MessagePack's mark before the eight bytes of a double."""

_FEW_CELLS: Final = 200
"""Fewer are not worth the bytes' way."""


def numbers(vectors: "FeatureVectors") -> Any:
    """See ``FeatureVectors.to_numpy``."""
    _check_numbers(vectors.plan.names, vectors.plan.types)
    import numpy as np

    if vectors.plan.computed or len(vectors) * len(vectors.plan.names) < _FEW_CELLS:
        rows = vectors.rows()
        _refuse_rounding(vectors.plan.names, vectors.plan.types, rows)
        return np.array(rows, np.float64).reshape(len(vectors), len(vectors.plan.names))
    blocks = [_numbers(part) for part in vectors.parts]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)


@lru_cache
def _check_numbers(names: tuple[str, ...], types: tuple[str, ...]) -> None:
    for name, kind in zip(names, types, strict=True):
        if parse_kind(kind).name not in _NUMBERS:
            raise UsageError(
                f"feature {name!r} is a {kind}, which is not a number; use to_arrow or to_tuples"
            )


def _numbers(part: Rows) -> Any:
    import numpy as np

    found = _doubles(part)
    if found is not None:
        return found
    rows = part.tuples()
    _refuse_rounding(part.part.names, part.part.types, rows)
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(part.part.names))


def _refuse_rounding(
    names: tuple[str, ...], types: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    """UsageError for a number that a double cannot hold as it is written."""
    for place, (name, kind) in enumerate(zip(names, types, strict=True)):
        if parse_kind(kind).name in _EXACT:
            for row in rows:
                value = row[place]
                if value is not None and not _is_double(value):
                    raise UsageError(
                        f"feature {name!r} is a {kind} and holds {value}, which a float64 cannot"
                        " hold; use to_arrow or to_pandas"
                    )


def _is_double(value: int | Decimal) -> bool:
    if isinstance(value, int):
        return -_WHOLE <= value <= _WHOLE or int(float(value)) == value
    return not value.is_finite() or Decimal(repr(float(value))) == value


def _doubles(part: Rows) -> Any:
    """The features of a part straight from the rows' bytes; None where there is another value.

    A row of doubles alone has each at the same place, whatever their values are.
    """
    import numpy as np

    shape = part.part
    if not _FLOATS.issuperset(shape.types):
        return None
    rows = part.fresh()
    there = [row for row in rows if row is not None]
    layout = _layout(shape.width)
    if set(map(len, there)) != {layout.itemsize}:
        return None
    cells = np.frombuffer(b"".join(there), layout)["cells"]
    if not (cells["mark"] == _DOUBLE).all():
        return None
    doubles = cells["value"]
    if shape.pick is not None:
        doubles = doubles[:, list(shape.pick(range(shape.width)))]
    if len(there) == len(rows):
        return doubles.astype(np.float64)
    found = np.empty((len(rows), len(shape.names)))
    is_there = np.array([row is not None for row in rows])
    found[is_there] = doubles
    found[~is_there] = np.array(part.absent(), dtype=np.float64)
    return found


@lru_cache
def _layout(width: int) -> Any:
    """A stored row of so many doubles, each of them after its mark, as a NumPy type."""
    import numpy as np

    head = BODY + (1 if width < 16 else 3 if width < 65_536 else 5)
    cell = [("mark", "u1"), ("value", ">f8")]
    return np.dtype([("head", f"V{head}"), ("cells", cell, (width,)), ("checksum", f"V{-END}")])


def values(vectors: "FeatureVectors") -> Any:
    """See ``FeatureVectors.to_arrow``."""
    if vectors.plan.computed:
        columns = list(zip(*vectors.rows(), strict=True)) or [()] * len(vectors.plan.names)
        return _table(vectors, _arrow_columns(vectors.plan.names, vectors.plan.types, columns))
    return _table(vectors, [column for part in vectors.parts for column in _columns(part)])


def frame(vectors: "FeatureVectors") -> Any:
    """See ``FeatureVectors.to_pandas``."""
    import pandas as pd
    import pyarrow as pa

    # Without these a column of whole numbers with a gap becomes one of doubles.
    nullable = {
        pa.int64(): pd.Int64Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    table = values(vectors)
    found = table.to_pandas(types_mapper=nullable.get)
    for place, kind in enumerate(map(parse_kind, vectors.plan.types)):
        if kind.parts and (kind.name != "list" or kind.parts[0].name not in _FLOATS):
            # The same happens within lists, maps and structs.
            column = table.column(place).to_pylist()
            found.isetitem(place, pd.Series(column, index=found.index, dtype=object))
    return found


def _columns(part: Rows) -> list[Any]:
    doubles = _arrow_doubles(part)
    if doubles is not None:
        return doubles
    return _arrow_columns(part.part.names, part.part.types, _values(part))


def _arrow_columns(
    names: Sequence[str], types: Sequence[str], values: Sequence[Sequence[Any]]
) -> list[Any]:
    import pyarrow as pa

    from feature_warehouse.codec.arrow.types import arrow_column

    columns: list[Any] = []
    for name, kind, column in zip(names, types, values, strict=True):
        try:
            columns.append(arrow_column(column, kind))
        except (pa.ArrowException, TypeError, OverflowError):
            raise UsageError(
                f"feature {name!r} has values (such as NaN) that Arrow's type for {kind} cannot"
                " hold; use to_tuples or to_dicts"
            ) from None
    return columns


def _values(part: Rows) -> list[tuple[Any, ...]]:
    """The values of each feature."""
    return list(zip(*part.tuples(), strict=True)) or [()] * len(part.part.names)


def _arrow_doubles(part: Rows) -> list[Any] | None:
    """Columns of a part of doubles; None if there are other values, gaps or no NumPy."""
    import pyarrow as pa

    if set(part.part.types) != {"float"} or None in part.fresh():
        return None
    try:
        found = _doubles(part)
    except ImportError:
        return None
    return None if found is None else [pa.array(column) for column in found.T.copy()]


def statuses(vectors: "FeatureVectors") -> Any:
    """See ``FeatureVectors.statuses``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if vectors.plan.computed:
        return _told(vectors, lambda vector, name: str(vector.status(name)), pa.string())
    columns: list[Any] = []
    for part in vectors.parts:
        found = [part.status(entity) for entity in range(len(part.raw))]
        status = pa.array([str(each) for each in found], pa.string())
        is_found = pa.array([each is Status.FOUND for each in found], pa.bool_())
        for values in _values(part):
            is_null = pa.array([value is None for value in values], pa.bool_())
            columns.append(pc.if_else(pc.and_(is_found, is_null), Status.NULL.value, status))
    return _table(vectors, columns)


def event_timestamps(vectors: "FeatureVectors") -> Any:
    """See ``FeatureVectors.event_timestamps``."""
    import pyarrow as pa

    if vectors.plan.computed:
        return _told(
            vectors, lambda vector, name: vector.event_timestamp(name), pa.timestamp("us", tz="UTC")
        )
    return _repeated(vectors, lambda _, event: event, pa.timestamp("us", tz="UTC"))


def ages(vectors: "FeatureVectors") -> Any:
    """See ``FeatureVectors.ages``."""
    import pyarrow as pa

    if vectors.plan.computed:
        return _told(vectors, lambda vector, name: vector.age(name), pa.duration("us"))
    return _repeated(vectors, lambda part, event: part.now - event, pa.duration("us"))


def _told(vectors: "FeatureVectors", of_name: Callable[[Any, str], Any], kind: Any) -> Any:
    """A table of what each vector says of each feature."""
    import pyarrow as pa

    columns = [[of_name(vector, name) for vector in vectors] for name in vectors.plan.names]
    return _table(vectors, [pa.array(column, kind) for column in columns])


def _repeated(vectors: "FeatureVectors", of_event: Callable[[Rows, int], int], kind: Any) -> Any:
    """A table where all features of a view have one column's values."""
    import pyarrow as pa

    columns: list[Any] = []
    for part in vectors.parts:
        events = [part.event(entity) for entity in range(len(part.raw))]
        column = pa.array(
            [None if event is None else of_event(part, event) for event in events], kind
        )
        columns += [column] * len(part.part.names)
    return _table(vectors, columns)


def _table(vectors: "FeatureVectors", columns: list[Any]) -> Any:
    import pyarrow as pa

    return pa.table(columns, names=list(vectors.plan.names))
