"""Feature vectors as a caller sees them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from feature_warehouse.codec.values import decode_row, from_microseconds, read_header
from feature_warehouse.plans import Plan

__all__ = ["FeatureVector", "FeatureVectors", "Status", "read_vector"]


class Status(StrEnum):
    """Why a feature has the value it has. Zero is simply a value that was found."""

    FOUND = "found"
    NULL = "null"
    """The newest row says NULL; older rows are not consulted."""
    EXPIRED = "expired"
    """The newest row is older than the view's ttl; the value is the feature's default, or None."""
    MISSING = "missing"
    """There is no row; the value is the feature's default, or None."""


_Found = tuple[Status, int | None]


class FeatureVector(Mapping[str, Any]):
    """The features of one entity in the service's order: ``vector["temp"]``, ``vector.items()``."""

    __slots__ = ("_found", "_plan", "_values")

    def __init__(self, plan: Plan, values: tuple[Any, ...], found: list[_Found]) -> None:
        self._plan, self._values, self._found = plan, values, found

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[self._plan.names.index(name)]
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._plan.names)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"FeatureVector({dict(self)})"

    def to_tuple(self) -> tuple[Any, ...]:
        """The values alone, in order."""
        return self._values

    def status(self, name: str) -> Status:
        """Found, null, expired or missing; KeyError for an unknown feature."""
        status, _ = self._found[self._plan.part_of[name]]
        if status is Status.FOUND and self[name] is None:
            return Status.NULL
        return status

    def event_timestamp(self, name: str) -> datetime | None:
        """Since when the value is true (aware, UTC), also of an expired row; None if missing."""
        _, event = self._found[self._plan.part_of[name]]
        return None if event is None else from_microseconds(event)


class FeatureVectors(Sequence[FeatureVector]):
    """Vectors of several entities, in the order asked for."""

    def __init__(self, plan: Plan, vectors: list[FeatureVector]) -> None:
        self._plan, self._vectors = plan, vectors

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return FeatureVectors(self._plan, self._vectors[index])
        return self._vectors[index]

    def __len__(self) -> int:
        return len(self._vectors)

    def to_arrow(self) -> Any:
        """A ``pyarrow.Table``, a column per feature (needs pyarrow)."""
        import pyarrow as pa

        from feature_warehouse.codec.arrow import arrow_type

        columns = list(zip(*[vector.to_tuple() for vector in self], strict=True))
        return pa.table(
            {
                name: pa.array(columns[index] if columns else [], arrow_type(kind))
                for index, (name, kind) in enumerate(
                    zip(self._plan.names, self._plan.types, strict=True)
                )
            }
        )

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` (needs pyarrow and pandas)."""
        return self.to_arrow().to_pandas()

    def to_numpy(self) -> Any:
        """A float64 array of shape (entities, features); NULL is NaN (needs numpy).

        Raises ValueError or TypeError where a feature is no number.
        """
        import numpy as np

        rows = [vector.to_tuple() for vector in self]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self._plan.names))


def read_vector(
    plan: Plan, keys: list[str | None], rows: Iterator[bytes | None], now: int | None
) -> FeatureVector:
    """The vector of one entity, whose rows come next; ``now`` in microseconds, or the clock's."""
    values: list[Any] = []
    found: list[_Found] = []
    for part, key in zip(plan.parts, keys, strict=True):
        row = None if key is None else next(rows)
        if row is None or key is None:
            values += part.defaults
            found.append((Status.MISSING, None))
            continue
        event, _ = read_header(row, part.schema, key)
        if part.ttl is not None and event + part.ttl < _now(now, part.clock):
            values += part.defaults
            found.append((Status.EXPIRED, event))
            continue
        stored = decode_row(row, part.width, key)
        for position, decode in zip(part.positions, part.decoders, strict=True):
            value = stored[position]
            values.append(value if decode is None or value is None else decode(value))
        found.append((Status.FOUND, event))
    return FeatureVector(plan, tuple(values), found)


def _now(asked: int | None, simulated: int | None) -> int:
    if asked is not None:
        return asked
    return time.time_ns() // 1000 if simulated is None else simulated
