"""Feature vectors as a caller sees them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import add
from typing import Any
from uuid import UUID

from feature_warehouse.codec.rows import from_microseconds
from feature_warehouse.serving.plan import Plan
from feature_warehouse.serving.rows import Rows, Status

__all__ = ["FeatureVector", "FeatureVectors", "Status"]


class FeatureVector(Mapping[str, Any]):
    """The features of one entity in the service's order: ``vector["temp"]``, ``vector.items()``."""

    __slots__ = ("_entity", "_vectors")

    def __init__(self, vectors: "FeatureVectors", entity: int) -> None:
        """``entity`` is the place of this one among ``vectors``."""
        self._vectors, self._entity = vectors, entity

    def __getitem__(self, name: str) -> Any:
        try:
            place = self._vectors.plan.index[name]
        except KeyError:
            raise self._unknown(name) from None
        return self.to_tuple()[place]

    def __contains__(self, name: object) -> bool:
        return name in self._vectors.plan.index

    def __iter__(self) -> Iterator[str]:
        return iter(self._vectors.plan.names)

    def __len__(self) -> int:
        return len(self._vectors.plan.names)

    def __repr__(self) -> str:
        return f"FeatureVector({self.to_dict()})"

    @property
    def request_id(self) -> str | None:
        """By which a request log knows this read; None if none took it."""
        return self._vectors.request_id_of(self._entity)

    def to_tuple(self) -> tuple[Any, ...]:
        """The values alone, in order."""
        return self._vectors.rows()[self._entity]

    def to_dict(self) -> dict[str, Any]:
        """The same as ``dict(vector)``, faster."""
        return dict(zip(self._vectors.plan.names, self.to_tuple(), strict=True))

    def status(self, name: str) -> Status:
        """Found, null, expired or missing; KeyError for an unknown feature.

        That of an on-demand feature is the worst of its inputs', in this order, or null if it has
        no value.
        """
        if name in self._vectors.plan.part_of:
            status = self._parts(name)[0].status(self._entity)
        else:
            status = self._worst(name)
        return Status.NULL if status is Status.FOUND and self[name] is None else status

    def event_timestamp(self, name: str) -> datetime | None:
        """From when the value is true (aware, UTC), for an expired row too; None if missing.

        Of an on-demand feature the earliest of its inputs', None if one is missing.
        """
        event = self._event(name)
        return None if event is None else from_microseconds(event)

    def age(self, name: str) -> timedelta | None:
        """The time from then to the clock of the read, negative if later; None if missing."""
        event = self._event(name)
        if event is None:
            return None
        return timedelta(microseconds=self._parts(name)[0].now - event)

    def _event(self, name: str) -> int | None:
        found = [part.event(self._entity) for part in self._parts(name)]
        events = [event for event in found if event is not None]
        return min(events) if events and len(events) == len(found) else None

    def _parts(self, name: str) -> list[Rows]:
        """Those that a feature, or what an on-demand feature is computed from, comes from."""
        vectors = self._vectors
        if name in vectors.plan.part_of:
            return [vectors.parts[vectors.plan.part_of[name]]]
        if vectors.plan.computed and name in vectors.plan.index:
            return [vectors.parts[part] for part in vectors.plan.computed.parts_of[name]]
        raise self._unknown(name)

    def _worst(self, name: str) -> Status:
        found = {part.status(self._entity) for part in self._parts(name)}
        for status in (Status.MISSING, Status.EXPIRED):
            if status in found:
                return status
        row = self._vectors.stored()[self._entity]
        computed = self._vectors.plan.computed
        places = computed.features_of[name] if computed else ()
        return Status.NULL if any(row[place] is None for place in places) else Status.FOUND

    def _unknown(self, name: object) -> KeyError:
        plan = self._vectors.plan
        return KeyError(f"{plan.name!r} has no feature {name!r}; it has {', '.join(plan.names)}")


class FeatureVectors(Sequence[FeatureVector]):
    """Vectors of several entities, in the order of the request.

    Rows are checked when they are read, and decoded all at once when a value is first used. Tables
    have a column for each feature.
    """

    __slots__ = ("_rows", "_stored", "given", "parts", "plan", "request")

    def __init__(
        self, plan: Plan, parts: Sequence[Rows], given: Sequence[Sequence[Any]] = ()
    ) -> None:
        """``parts`` are the rows of each of the plan's parts, ``given`` columns of requests."""
        self.plan, self.parts, self.given = plan, parts, given
        self.request: bytes | str | list[str] | None = None
        """The request id, as a log has it: that of all entities, or of each."""
        self._rows: list[tuple[Any, ...]] | None = None
        self._stored: list[tuple[Any, ...]] | None = None

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            parts = [part[index] for part in self.parts]
            given = [column[index] for column in self.given]
            some = FeatureVectors(self.plan, parts, given)
            own = self.request
            some.request = own[index] if isinstance(own, list) else own
            return some
        return FeatureVector(self, range(len(self))[index])

    def __iter__(self) -> Iterator[FeatureVector]:
        return (FeatureVector(self, entity) for entity in range(len(self)))

    def __len__(self) -> int:
        return len(self.parts[0].raw) if self.parts else 0

    def __repr__(self) -> str:
        return f"FeatureVectors({self.to_dicts()})"

    def request_ids(self) -> list[str | None]:
        """By which a request log knows the read, for each entity; None if none took it.

        They are the caller's, or a new one for all entities together.
        """
        return list(map(self.request_id_of, range(len(self))))

    def request_id_of(self, entity: int) -> str | None:
        """That of one entity, by its position."""
        own = self.request[entity] if isinstance(self.request, list) else self.request
        return str(UUID(bytes=own)) if isinstance(own, bytes) else own

    def rows(self) -> list[tuple[Any, ...]]:
        """The list that ``to_tuples`` copies."""
        if self._rows is None:
            computed = self.plan.computed
            if computed is None:
                self._rows = self.stored()
            else:
                own = [*self._stored] if self._stored else _joined(map(Rows.decoded, self.parts))
                instants = self.parts[0].instants()
                self._rows = computed.rows(own, self.parts, self.given, instants)
        return self._rows

    def stored(self) -> list[tuple[Any, ...]]:
        """The features of all parts, hidden ones too."""
        if self._stored is None:
            self._stored = _joined(map(Rows.tuples, self.parts))
        return self._stored

    def to_tuples(self) -> list[tuple[Any, ...]]:
        """The values alone, in the order of the features."""
        return list(self.rows())

    def to_dicts(self) -> list[dict[str, Any]]:
        """The values by the names of the features."""
        names = self.plan.names
        return [dict(zip(names, row, strict=True)) for row in self.rows()]

    def to_arrow(self) -> Any:
        """A ``pyarrow.Table`` of the values (needs pyarrow)."""
        from feature_warehouse.serving import columnar

        return columnar.values(self)

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` of the values (needs pyarrow and pandas).

        Whole numbers are Int64 or UInt64 and booleans are boolean, with or without NULL. Decimals
        are objects. Lists of floats are arrays; other lists, maps and structs are as
        ``pyarrow.Array.to_pylist`` returns them.
        """
        from feature_warehouse.serving import columnar

        return columnar.frame(self)

    def to_numpy(self) -> Any:
        """The values as a float64 array of shape (entities, features); NULL is NaN (needs numpy).

        UsageError if a feature is not a number, or a value is one that a float64 would round: a
        whole number beyond 2**53, or a decimal of more than about 15 digits.
        """
        from feature_warehouse.serving import columnar

        return columnar.numbers(self)

    def statuses(self) -> Any:
        """A ``pyarrow.Table`` with found, null, expired or missing for each value."""
        from feature_warehouse.serving import columnar

        return columnar.statuses(self)

    def event_timestamps(self) -> Any:
        """A ``pyarrow.Table`` of timestamp[us, UTC]: from when each value is true.

        NULL where it is missing.
        """
        from feature_warehouse.serving import columnar

        return columnar.event_timestamps(self)

    def ages(self) -> Any:
        """A ``pyarrow.Table`` of duration[us]: how old each value is at the read's clock.

        NULL where it is missing.
        """
        from feature_warehouse.serving import columnar

        return columnar.ages(self)


def _joined(parts: Iterable[list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """The features of each entity in all parts."""
    rows, *others = parts
    for other in others:
        rows = list(map(add, rows, other))
    return rows
