"""What a store tells a request log, whoever keeps that."""

import os
import random
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from feature_warehouse.errors import UsageError
from feature_warehouse.redis_store import layout
from feature_warehouse.serving.vectors import FeatureVectors

__all__ = ["ReadLog", "RequestIds", "checked_ids", "new_id"]

RequestIds = str | UUID | Sequence[str | UUID] | None
"""One for all entities of a read, one for each, or none."""

_VERSION_7: Final = (7 << 76) | (2 << 62)
_OTHER_BITS: Final = ~((15 << 76) | (3 << 62))

# Not for secrets. The operating system is asked once, not with each read; a child asks it again.
_RANDOM: Final = random.Random(os.urandom(32))  # noqa: S311
os.register_at_fork(after_in_child=lambda: _RANDOM.seed(os.urandom(32)))


class ReadLog(Protocol):
    """Where a store notes its reads."""

    def note(
        self,
        names: layout.Names,
        vectors: FeatureVectors,
        now: int,
        at: datetime | None,
        request_id: RequestIds,
        tag: str | None,
        entities: Sequence[Mapping[str, Any]],
    ) -> None:
        """Take what one call read of a service, and set the request id of ``vectors``.

        ``now`` is the time of the read, in microseconds since 1970 UTC, ``at`` the one that it
        asked for. ``entities`` are there if one has a join key that is NULL. This waits for nothing
        and raises nothing but UsageError, for a request id that is none.
        """

    def close(self) -> None:
        """Write what was noted, within a time that is bounded."""


def new_id() -> bytes:
    """A UUIDv7: milliseconds since 1970 UTC, and 74 random bits."""
    bits = _RANDOM.getrandbits(80) | (time.time_ns() // 1_000_000) << 80
    return (bits & _OTHER_BITS | _VERSION_7).to_bytes(16, "big")


def checked_ids(ids: RequestIds, count: int) -> str | list[str] | None:
    """The caller's request ids as texts. Raises UsageError."""
    if ids is None or type(ids) is str:
        return ids
    if isinstance(ids, UUID):
        return str(ids)
    if not isinstance(ids, list | tuple) or not all(isinstance(one, str | UUID) for one in ids):
        raise UsageError("request_id is a text or a UUID, or a list with one for each entity")
    if len(ids) != count:
        raise UsageError(f"request_id has {len(ids)} ids for {count} entities; give one for each")
    return list(map(str, ids))
