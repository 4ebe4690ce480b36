"""Feature vectors as JSON: values, statuses and event timestamps, by rows or by columns.

What does not change from answer to answer, such as the statuses of an entity of which all features
were found, is written once for each plan and then copied.
"""

from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from typing import Any, Final

import msgspec

from feature_warehouse.codec.rows import from_microseconds
from feature_warehouse.codec.stored_types import parse_kind
from feature_warehouse.server.json_values import MOST, Write, writer_of
from feature_warehouse.serving.plan import Plan
from feature_warehouse.serving.rows import Status
from feature_warehouse.serving.vectors import FeatureVector, FeatureVectors

__all__ = ["Answers", "Counts"]

_encode: Final = msgspec.json.Encoder().encode
_FLOATS: Final = {"float", "float32"}
_FLOAT: Final = "float"
_WHOLE: Final = "whole"
_KEPT: Final = 256

_FOUND: Final = str(Status.FOUND)
_NULL: Final = str(Status.NULL)
_ALL_FOUND: Final = {Status.FOUND}

Statuses = tuple[str, ...]
"""Of one entity, in the order of the features."""

Counts = dict[str, int]
"""Values by their status."""


class Answers:
    """Writes the vectors of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        names = plan.names
        kinds = list(map(parse_kind, plan.types))
        self._are_floats = all(kind.name in _FLOATS for kind in kinds)
        self._writers: list[tuple[int, str, Write]] = []
        for place, kind in enumerate(kinds):
            write = writer_of(plan.types[place])
            if write is not None:
                name = _FLOAT if kind.name in _FLOATS else _WHOLE if kind.whole else ""
                self._writers.append((place, name, write))
        self._head = _encode({"name": plan.name, "fingerprint": plan.fingerprint})[:-1]
        self._names = names
        self._part_of = [plan.part_of.get(name) for name in names]
        self._computed = [place for place, part in enumerate(self._part_of) if part is None]
        self._bases: dict[tuple[Status, ...], Statuses] = {}
        self._texts: dict[Statuses, msgspec.Raw] = {}

    def json(
        self, vectors: FeatureVectors, *, by_columns: bool, statuses: bool, event_timestamps: bool
    ) -> tuple[bytes, Counts]:
        """The body of an answer, and how many values it has of each status."""
        told = self.statuses(vectors)
        parts: dict[str, Any] = {"values": self._shaped(self.written(vectors), by_columns)}
        if statuses:
            shaped = self._shaped(told, by_columns) if by_columns else list(map(self._text, told))
            parts["statuses"] = shaped
        if event_timestamps:
            parts["event_timestamps"] = self._shaped(self.events(vectors), by_columns)
        request = vectors.request
        if isinstance(request, list):
            parts["request_ids"] = request
        elif request is not None and len(vectors):
            parts["request_id"] = vectors.request_id_of(0)
        return self._head + b"," + _encode(parts)[1:], _counted(told)

    def statuses(self, vectors: FeatureVectors) -> list[Statuses]:
        """Those of each entity, in the order of the features."""
        of_parts = [map(part.status, _of(part.raw)) for part in vectors.parts]
        patterns = list(zip(*of_parts, strict=True))
        found = list(map(self._base, patterns))
        stored, rows = vectors.stored(), vectors.rows()
        for entity, row in enumerate(rows):
            if None in row:
                found[entity] = tuple(
                    [
                        _NULL if value is None and status == _FOUND else status
                        for status, value in zip(found[entity], row, strict=True)
                    ]
                )
            # What is hidden counts, too.
            if self._computed and (None in stored[entity] or set(patterns[entity]) != _ALL_FOUND):
                found[entity] = self._of_computed(found[entity], vectors[entity])
        return found

    def count(self, vectors: FeatureVectors) -> Counts:
        """How many values there are of each status."""
        return _counted(self.statuses(vectors))

    def events(self, vectors: FeatureVectors) -> list[list[Any]]:
        """The event timestamps of each entity, in the order of the features."""
        if not self._computed:
            rows = zip(*self.events_of_parts(vectors), strict=True)
            return [[row[part] for part in self._part_of if part is not None] for row in rows]
        return [[vector.event_timestamp(name) for name in self._names] for vector in vectors]

    def _base(self, pattern: tuple[Status, ...]) -> Statuses:
        """The statuses of an entity, given those of its rows, if no value is NULL."""
        found = self._bases.get(pattern)
        if found is None:
            if len(self._bases) >= _KEPT:
                self._bases.clear()
            found = self._bases[pattern] = tuple(
                [_FOUND if part is None else str(pattern[part]) for part in self._part_of]
            )
        return found

    def _of_computed(self, statuses: Statuses, vector: FeatureVector) -> Statuses:
        own = {place: str(vector.status(self._names[place])) for place in self._computed}
        return tuple([own.get(place, status) for place, status in enumerate(statuses)])

    def _text(self, statuses: Statuses) -> Any:
        found = self._texts.get(statuses)
        if found is None:
            found = msgspec.Raw(_encode(dict(zip(self._names, statuses, strict=True))))
            if len(self._texts) < _KEPT:
                self._texts[statuses] = found
        return found

    def _shaped(self, rows: Sequence[Sequence[Any]], by_columns: bool) -> Any:
        names = self._names
        if by_columns:
            columns = zip(*rows, strict=True) if rows else [()] * len(names)
            return dict(zip(names, columns, strict=True))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def events_of_parts(self, vectors: FeatureVectors) -> list[list[datetime | None]]:
        """The event timestamps of the rows of each part, entity by entity."""
        return [
            [
                None if event is None else from_microseconds(event)
                for event in map(part.event, _of(part.raw))
            ]
            for part in vectors.parts
        ]

    def part_of(self, place: int) -> int | None:
        """The part that a feature comes from; None for one that is computed."""
        return self._part_of[place]

    def written(
        self, vectors: FeatureVectors, *, whole_as_numbers: bool = False
    ) -> Sequence[Sequence[Any]]:
        """The values of each entity as JSON has them, in the order of the features.

        Of whole numbers even those that many readers of JSON round, if they are to be numbers.
        """
        rows = vectors.rows()
        if not self._writers or not rows or (self._are_floats and _are_finite(rows)):
            return rows
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        changed = False
        for place, kind, write in self._writers:
            column = columns[place]
            if whole_as_numbers and kind == _WHOLE:
                continue
            if not _is_plain(column, kind):
                columns[place] = [None if value is None else write(value) for value in column]
                changed = True
        return list(zip(*columns, strict=True)) if changed else rows


def _of(raw: Sequence[Any]) -> range:
    return range(len(raw))


def _are_finite(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether rows of floats are JSON's as they are, as far as can be told quickly."""
    return not any(None in row for row in rows) and isfinite(sum(map(sum, rows)))


def _is_plain(column: Sequence[Any], kind: str) -> bool:
    """Whether a column's values are JSON's as they are, as far as can be told quickly."""
    if not kind or None in column:
        return False
    if kind == _WHOLE:
        return bool(min(column) >= -MOST and max(column) <= MOST)
    return isfinite(sum(column))


def _counted(told: Sequence[Statuses]) -> Counts:
    times: dict[Statuses, int] = {}
    for one in told:
        times[one] = times.get(one, 0) + 1
    counts: Counts = {}
    for one, number in times.items():
        for status in set(one):
            counts[status] = counts.get(status, 0) + number * one.count(status)
    return counts
