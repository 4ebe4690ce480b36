"""What the sync and the async client have in common: all but the talking.

A function that needs answers from Redis is a generator: it yields a command and is sent the reply,
or the error that Redis refused the command with.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.errors import EntityError, FingerprintError, NotPublishedError
from feature_warehouse.redis_store import layout, read_marks
from feature_warehouse.redis_store.find import find_store
from feature_warehouse.redis_store.steps import MarkedRead, ReadSteps, Steps, look_again
from feature_warehouse.serving.plan import Plan, load_plan, renewed
from feature_warehouse.serving.reads import ReadLog, RequestIds
from feature_warehouse.serving.row_keys import row_keys, wrong_entities
from feature_warehouse.serving.rows import Rows
from feature_warehouse.serving.vectors import FeatureVectors

__all__ = ["Reader"]

_ATTEMPTS: Final = 5


class Reader:
    """Knows how to read what it has read before; safe to share between threads.

    What it keeps is replaced as a whole, never changed.
    """

    def __init__(self, project: str | None, environment: str | None, *, marks: bool) -> None:
        self.log: ReadLog | None = None
        self._project, self._environment = project, environment
        self._names: layout.Names | None = None
        self._plans: dict[str, Plan] = {}
        self._marks = marks
        self._next_mark: dict[str, float] = {}
        """By name, in seconds of the monotonic clock."""

    @property
    def place(self) -> tuple[str | None, str | None]:
        """Project and environment, as they were named."""
        return self._project, self._environment

    def plan(self, name: str) -> Steps[Plan]:
        """The plan of a service or view as it is published now."""
        if self._names is None:
            self._names = yield from find_store(self._project, self._environment)
        plan = self._plans[name] = yield from load_plan(self._names, name)
        return plan

    def get_many(
        self,
        name: str,
        entities: Sequence[Mapping[str, Any]],
        expect: str | None,
        at: datetime | None,
        request_id: RequestIds,
        tag: str | None,
    ) -> ReadSteps[FeatureVectors]:
        """The vectors of entities: one MGET, as long as no pointer moves and all rows are there."""
        for _ in range(_ATTEMPTS):
            known = self._plans.get(name)
            plan = known or (yield from self.plan(name))
            try:
                _check_fingerprint(plan, expect)
                keys = row_keys(plan, entities)
                given = _given(plan, entities)
            except (EntityError, FingerprintError):
                if known is None:
                    raise
                # What we know may be out of date: look before we refuse.
                self._plans.pop(name, None)
                continue
            wanted = [key for part in keys for key in part if key]
            command = ("MGET", *plan.pointers, *wanted)
            if self._marks and time.monotonic() >= self._next_mark.get(name, 0.0):
                replies = yield from self._marked(plan, command)
            else:
                replies = yield command
            states = replies[: len(plan.pointers)]
            if states != plan.states:
                self._plans.pop(name, None)
                same = renewed(plan, states)
                if same is None:
                    continue
                plan = self._plans[name] = same
            rows = replies[len(states) :]
            if None in rows:
                gone = [key for key, row in zip(wanted, rows, strict=True) if row is None]
                if (yield from look_again(gone)):
                    continue
            with_null: Sequence[Mapping[str, Any]] = ()
            if len(rows) < len(keys) * len(entities):
                rows, with_null = _spread(rows, keys), entities
            now = time.time_ns() // 1000
            vectors = _vectors(plan, keys, rows, now, at, given)
            self._note(vectors, now, at, request_id, tag, with_null)
            return vectors
        raise NotPublishedError(f"{name!r} was republished {_ATTEMPTS} times during one read")

    def _note(
        self,
        vectors: FeatureVectors,
        now: int,
        at: datetime | None,
        request_id: RequestIds,
        tag: str | None,
        entities: Sequence[Mapping[str, Any]],
    ) -> None:
        """Into the log, if there is one."""
        if self.log is not None and vectors.plan.service is not None:
            assert self._names is not None  # whoever has a plan knows the store
            self.log.note(self._names, vectors, now, at, request_id, tag, entities)

    def _marked(self, plan: Plan, command: tuple[str, ...]) -> ReadSteps[Any]:
        """The reply to a read that leaves a mark, if the server lets it."""
        assert self._names is not None  # whoever has a plan knows the store
        now = time.monotonic()
        self._next_mark[plan.name] = now + read_marks.INTERVAL
        mark = read_marks.mark(self._names, plan.name, plan.fingerprint)
        replies, refused = yield MarkedRead(command, mark)
        if refused:
            self._next_mark[plan.name] = now + read_marks.AFTER_REFUSAL
        return replies


def _check_fingerprint(plan: Plan, expect: str | None) -> None:
    if expect is not None and plan.fingerprint != expect:
        raise FingerprintError(
            f"{plan.name!r} has the fingerprint {plan.fingerprint}, not {expect}: its features"
            " changed since the model was trained"
        )


def _given(plan: Plan, entities: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[Any]]:
    """The columns that requests give to on-demand features. Raises EntityError."""
    if plan.computed is None:
        return []
    try:
        return plan.computed.asked(entities)
    except KeyError as error:
        raise wrong_entities(plan, entities, error) from None


def _spread(
    rows: Sequence[bytes | None], keys: Sequence[Sequence[str | None]]
) -> Sequence[bytes | None]:
    """Rows with None in the places that were not asked for."""
    replies = iter(rows)
    return [None if key is None else next(replies) for part in keys for key in part]


def _vectors(
    plan: Plan,
    keys: Sequence[Sequence[str | None]],
    rows: Sequence[bytes | None],
    now: int,
    at: datetime | None,
    given: Sequence[Sequence[Any]],
) -> FeatureVectors:
    """The vectors of all parts' rows, one part's after another's; ttl is measured ``at`` or now."""
    asked = None if at is None else to_microseconds(at)
    parts: list[Rows] = []
    start = 0
    for part, own in zip(plan.parts, keys, strict=True):
        clock = now if part.clock is None else part.clock
        found = Rows(part, own, rows[start : start + len(own)], clock if asked is None else asked)
        found.check()
        parts.append(found)
        start += len(own)
    return FeatureVectors(plan, parts, given)
