"""The carrier by default: a Redis Stream for each service, beside the store or on another server.

An entry has one field, ``m``, which holds a message (see ``messages``). The stream never grows
beyond a number of bytes, or what a reader wrote longer ago than ``retention``; what goes first is
the oldest. Beside it lie the descriptions that its messages name, and counts of the entities that
were written and dropped. All of it expires when nobody has written for long.

A user needs for it, for the project ``flights`` and the environment ``prod``::

    ~flights.prod:!requests* +xadd +xtrim +set +sadd +hincrby +pexpire
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import redis
from redis import exceptions

from feature_warehouse.errors import UnreachableError
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.connection import close, connect
from feature_warehouse.request_log.descriptions import Recorder

__all__ = ["FIELD", "StreamCarrier", "passing"]

FIELD: Final = b"m"

_RENEWED: Final = 3600.0
"""Seconds after which a description is written again, which puts off that it expires."""

_FEWEST: Final = 100
_WEIGHT: Final = 0.1
_PASSING: Final = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.BusyLoadingError,
    exceptions.ReadOnlyError,
    exceptions.ClusterDownError,
    exceptions.TryAgainError,
    exceptions.MasterDownError,
)
"""Errors that may be gone when it is tried again."""


class StreamCarrier:
    """Writes to the server at an address; used by one thread."""

    def __init__(
        self, url: str, options: Mapping[str, Any], *, most_bytes: int, retention_ms: int
    ) -> None:
        self._url, self._options = url, {**options, "retries": 0}
        self._most_bytes, self._retention = most_bytes, retention_ms
        self._client: Any = None
        self._described: dict[str, float] = {}
        """When each description was written, by its key, in seconds of the monotonic clock."""
        self._mean: dict[str, float] = {}
        """Bytes of a message, by stream."""

    def forget(self) -> None:
        """Leave the connections to the process that this one was forked from."""
        self._client = None

    def close(self) -> None:
        """Close the connections; the next write opens others."""
        client, self._client = self._client, None
        if client is not None:
            close(client)

    def write(self, how: Recorder, message: bytes, count: int) -> None:
        """Add a message to a service's stream. Raises what ``passing`` tells apart."""
        if self._client is None:
            self._client = connect(self._url, **self._options)
        names, service = how.names, how.service
        stream = names.requests(service)
        description = f"{stream}@{how.id}"
        now = time.monotonic()
        before = self._described.pop(description, None)
        is_new = before is None or now >= before + _RENEWED
        with self._pipeline() as pipe:
            if is_new:
                # Longer than any message that names it.
                pipe.set(description, how.text, px=3 * self._retention)
                pipe.sadd(names.logged_services, service)
            mean = self._mean.get(stream, len(message))
            mean = self._mean[stream] = mean + _WEIGHT * (len(message) - mean)
            most = max(_FEWEST, int(self._most_bytes / mean))
            pipe.hincrby(names.request_counts(service), "written", count)
            pipe.xadd(stream, {FIELD: message}, maxlen=most, approximate=True)
            replies = pipe.execute()
        # After an error it is written again: the server may have been emptied.
        self._described[description] = now if before is None or is_new else before
        if is_new:
            self._trim(stream, replies[-1])

    def _trim(self, stream: str, last: bytes) -> None:
        """Remove what is older than it may be, on the server's clock."""
        oldest = max(int(last.partition(b"-")[0]) - self._retention, 0)
        with self._pipeline() as pipe:
            pipe.xtrim(stream, minid=oldest, approximate=True)
            pipe.pexpire(stream, 2 * self._retention)
            pipe.execute()

    def settle(self) -> Sequence[Any]:
        """Nothing: what was written is written."""
        return ()

    def count_dropped(self, names: layout.Names, service: str, count: int) -> None:
        """Add to the count of a service."""
        if self._client is None:
            self._client = connect(self._url, **self._options)
        self._client.hincrby(names.request_counts(service), "dropped", count)

    def _pipeline(self) -> Any:
        client = self._client
        is_one = isinstance(client, redis.Redis)
        return client.pipeline(transaction=False) if is_one else client.pipeline()


def passing(error: Exception) -> bool:
    """Whether to try again what has failed so."""
    return isinstance(error, (*_PASSING, UnreachableError))
