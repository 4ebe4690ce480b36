"""The request log as services configure it."""

import atexit
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from feature_warehouse.errors import UsageError
from feature_warehouse.redis_store.connection import connect_async
from feature_warehouse.request_log.stream import StreamCarrier
from feature_warehouse.request_log.writer import LAST_SECONDS, Carrier, Counts, Settings, Writer

__all__ = ["RequestLog"]

_LEAST_KEY: Final = 16
_ADDRESS: Final = re.compile(r"(rediss?|unix)(\+\w+)?:")
_TIMEOUTS: Final = ("socket_timeout", "socket_connect_timeout")


class RequestLog:
    """Keeps what each read of a service got: give it to ``OnlineStore.from_url``.

    For each entity: request id, instant, service, fingerprint, keys, request columns, values, and
    of each view the status and version of the row and its generation, and a tag. It is written by a
    thread, a second later or so: a read never waits for it and never fails because of it. Reads of
    a feature view by its own name are not logged.

    One log may serve several stores, each with a thread of its own. It can be pickled with a store,
    and the pickle then holds ``pii_key``. What a process that is killed had yet to write is lost;
    one that ends writes for at most two seconds.
    """

    def __init__(
        self,
        to: str | os.PathLike[str] | None = None,
        *,
        tag: str | None = None,
        sample: float | Mapping[str, float] = 1.0,
        pii_key: bytes | None = None,
        interval: float | None = None,
        max_pending_bytes: int = 32 * 2**20,
        max_bytes: int = 256 * 2**20,
        retention: timedelta = timedelta(days=7),
    ) -> None:
        """``to`` is where it is written: by default a Redis Stream beside the store.

        Else the address of another server, such as the primary of a replica that is read; or a
        folder, for Parquet files (needs pyarrow). ``tag`` stands with every read that gives none,
        such as the version of the model. ``sample`` is the share of entities that is logged, from 0
        to 1, or shares by service, and then no others are logged. It is chosen by their keys, so
        that of an entity all reads are logged or none.

        Columns that are flagged ``pii`` are left out; with ``pii_key``, a secret of 16 bytes or
        more, they are replaced by their HMAC-SHA-256. ``interval`` is how long reads are gathered,
        in seconds: by default 1, or 60 for a file. ``max_pending_bytes`` limits the memory that the
        reads of a store take until they are written, ``max_bytes`` and ``retention`` what a stream
        holds: what is older goes, drained or not.

        Raises UsageError, also for what ``to`` cannot be. A server need not be there yet.
        """
        self._arguments: dict[str, Any] = {
            "to": to,
            "tag": tag,
            "sample": sample,
            "pii_key": pii_key,
            "interval": interval,
            "max_pending_bytes": max_pending_bytes,
            "max_bytes": max_bytes,
            "retention": retention,
        }
        shares = dict(sample) if isinstance(sample, Mapping) else None
        for share in [sample] if shares is None else shares.values():
            if not isinstance(share, int | float) or not 0 <= share <= 1:
                raise UsageError("sample is a share from 0 to 1, or one for each service by name")
        if pii_key is not None and len(pii_key) < _LEAST_KEY:
            raise UsageError("pii_key is a secret of 16 bytes or more; os.urandom(16) makes one")
        in_folder = to is not None and "://" not in str(to)
        if to is not None:
            _refuse_place(to, in_folder=in_folder)
        if interval is None:
            interval = 60.0 if in_folder else 1.0
        if interval <= 0 or retention <= timedelta(0):
            raise UsageError("interval and retention of a request log are more than 0")

        everywhere = 0.0 if isinstance(sample, Mapping) else float(sample)

        def share_of(service: str) -> float:
            return everywhere if shares is None else shares.get(service, 0.0)

        self._to, self._in_folder, self._most_bytes = to, in_folder, max_bytes
        self._retention = max(retention // timedelta(milliseconds=1), 1)
        self._settings = Settings(tag, share_of, pii_key, interval, max_pending_bytes)
        self._counts = Counts()
        self._writers: WeakSet[Writer] = WeakSet()
        _LOGS.add(self)

    def __reduce__(self) -> Any:
        return _again, (self._arguments,)

    @property
    def written(self) -> int:
        """Entities that this process has written."""
        return self._counts.written

    @property
    def dropped(self) -> int:
        """Entities that it has not: more than fit, or the server refused them."""
        return self._counts.dropped

    @property
    def last_error(self) -> str:
        """What last went wrong, as one line; empty if nothing ever did."""
        return self._counts.last_error

    def flush(self, timeout: float = LAST_SECONDS) -> bool:
        """Write what was noted until now; False if that took longer than so many seconds."""
        deadline = time.monotonic() + timeout
        writers = list(self._writers)
        done = [one.flush(max(deadline - time.monotonic(), 0.0)) for one in writers]
        return all(done)

    def opened(self, url: str, options: Mapping[str, Any]) -> Writer:
        """The log of a store at that address; a store calls this. Raises UsageError."""
        writer = Writer(self._carrier(url, options), self._settings, self._counts)
        self._writers.add(writer)
        return writer

    def _carrier(self, url: str, options: Mapping[str, Any]) -> Carrier:
        to = self._to
        if to is not None and self._in_folder:
            from feature_warehouse.request_log.folder import FolderCarrier

            return FolderCarrier(Path(to))
        if to is not None:
            url, options = str(to), {name: options[name] for name in _TIMEOUTS if name in options}
        return StreamCarrier(
            url, options, most_bytes=self._most_bytes, retention_ms=self._retention
        )

    def forked(self) -> None:
        """In a child; called by itself."""
        self._counts.begin()  # those were the parent's
        for writer in list(self._writers):
            writer.forked()


def _refuse_place(to: str | os.PathLike[str], *, in_folder: bool) -> None:
    """UsageError for a place that nothing can be written to, whatever happens later."""
    if not in_folder:
        try:
            connect_async(str(to))  # of all ways to open one, this connects to nothing
        except UsageError as error:
            raise UsageError(f"the request log: {error}; or name a folder") from None
    elif not str(to) or _ADDRESS.match(str(to)):
        raise UsageError(
            "the request log goes to an address such as redis://host:6379/0, or to a folder, whose"
            " name is neither empty nor begins like an address"
        )
    elif Path(to).exists() and not Path(to).is_dir():
        raise UsageError(f"the request log goes to a folder, and {to} is a file; name another")
    elif find_spec("pyarrow") is None:
        raise UsageError("a request log in a folder needs pyarrow; pip install pyarrow")


def _again(arguments: dict[str, Any]) -> RequestLog:
    """A log like another one, perhaps in another process."""
    return RequestLog(**arguments)


_LOGS: WeakSet[RequestLog] = WeakSet()


def _forked() -> None:
    for log in list(_LOGS):
        log.forked()


def _at_exit() -> None:
    deadline = time.monotonic() + LAST_SECONDS
    for log in list(_LOGS):
        with suppress(Exception):
            log.flush(max(deadline - time.monotonic(), 0.0))


os.register_at_fork(after_in_child=_forked)
atexit.register(_at_exit)
