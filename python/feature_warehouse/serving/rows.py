"""The rows of one view that one read brought, an entity after another."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from feature_warehouse.codec.batches import check_rows, decode_rows, event_of, events_before
from feature_warehouse.serving.plan import Part

__all__ = ["Rows", "Status"]


class Status(StrEnum):
    """Why a feature has the value it has. Zero is simply a value that was found."""

    FOUND = "found"
    """The row is there and fresh, and has a value."""
    NULL = "null"
    """The newest row has NULL; older rows are not consulted."""
    EXPIRED = "expired"
    """The newest row is older than the view's ttl; the value is the feature's default, or None."""
    MISSING = "missing"
    """There is no row; the value is the feature's default, or None."""


class Rows:
    """Rows as stored, None where there is none, and how they look at an instant.

    ``now`` is in microseconds since 1970 UTC. A row is as old as its ttl and still found; it is
    missing when the grace period is over too, whether Redis has already dropped it or not.
    """

    __slots__ = ("_fresh_from", "_kept_from", "_tuples", "keys", "now", "part", "raw")

    def __init__(
        self, part: Part, keys: Sequence[str | None], raw: Sequence[bytes | None], now: int
    ) -> None:
        self.part, self.raw, self.now = part, raw, now
        self.keys = keys
        # No row is less than nothing.
        self._fresh_from = self._kept_from = b""
        if part.ttl is not None:
            self._fresh_from = events_before(now - part.ttl)
            self._kept_from = events_before(now - part.ttl - part.grace)
        self._tuples: list[tuple[Any, ...]] | None = None

    def check(self) -> None:
        """Raise DamagedError or FingerprintError for what is not a row of its key and schema."""
        check_rows(self.raw, self.part.schema, self.keys)

    def __getitem__(self, entities: slice) -> "Rows":
        rows = Rows(self.part, self.keys[entities], self.raw[entities], self.now)
        if self._tuples is not None:
            rows._tuples = self._tuples[entities]
        return rows

    def fresh(self) -> list[bytes | None]:
        """The rows as stored; None for what is expired or missing."""
        mark = self._fresh_from
        return [None if row is None or row < mark else row for row in self.raw]

    def tuples(self) -> list[tuple[Any, ...]]:
        """The features of each entity in the order of the part, decoded once."""
        if self._tuples is None:
            self._tuples = self.decoded()
        return self._tuples

    def decoded(self) -> list[tuple[Any, ...]]:
        """The same, decoded now; the list is the caller's."""
        part = self.part
        rows = decode_rows(self.raw, self._fresh_from, part.absent, part.width, self.keys)
        if part.pick is not None:
            rows = list(map(part.pick, rows))
        if not rows or not any(part.decoders):
            return rows
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, decode in enumerate(part.decoders):
            if decode is not None:
                columns[place] = [
                    None if value is None else decode(value) for value in columns[place]
                ]
        return list(zip(*columns, strict=True))

    def absent(self) -> tuple[Any, ...]:
        """The features of an entity without a row: the defaults."""
        return Rows(self.part, [None], [None], self.now).tuples()[0]

    def status(self, entity: int) -> Status:
        """Found, expired or missing; what is NULL is found here."""
        row = self.raw[entity]
        if row is None or row < self._kept_from:
            return Status.MISSING
        return Status.EXPIRED if row < self._fresh_from else Status.FOUND

    def event(self, entity: int) -> int | None:
        """Event timestamp in microseconds since 1970 UTC, also of an expired row."""
        row = self.raw[entity]
        return None if row is None or row < self._kept_from else event_of(row)

    def instants(self) -> Sequence[int]:
        """When each entity was asked for, in microseconds since 1970 UTC."""
        return [self.now] * len(self.raw)

    def matched(self) -> list[int | None]:
        """Event timestamps of rows that are found, in microseconds since 1970 UTC."""
        return [None if row is None else event_of(row) for row in self.fresh()]
