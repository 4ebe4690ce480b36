"""The thread that writes the reads of one store.

A read is put into a queue of bounded memory, and that is all that it waits for. What does not fit
is dropped and counted. The thread starts with the first read, and ends when there has been none for
a while; after a fork the child begins with an empty queue, the parent writes its own.
"""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.redis_store import layout
from feature_warehouse.request_log import messages
from feature_warehouse.request_log.descriptions import Recorder, recorder
from feature_warehouse.request_log.stream import passing
from feature_warehouse.serving.plan import Plan
from feature_warehouse.serving.reads import RequestIds, checked_ids, new_id
from feature_warehouse.serving.vectors import FeatureVectors

__all__ = ["LAST_SECONDS", "Carrier", "Counts", "Lost", "Settings", "Writer"]

LAST_SECONDS: Final = 2.0
"""How long closing, and the end of the interpreter, wait."""

_LOGGER: Final = logging.getLogger("feature_warehouse.request_log")

_MESSAGE_BYTES: Final = 64 * 2**10
"""A message ends with the read that makes it so long."""

_OVERHEAD: Final = 200
"""About the bytes that a read takes in the queue besides its own."""

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_IDLE: Final = 30.0
"""Seconds without a read after which the thread ends."""

_PLANS: Final = 256


class Lost(NamedTuple):
    """Entities that were taken and then not written."""

    how: Recorder
    entities: int
    error: Exception


class Carrier(Protocol):
    """Where messages go to. One thread uses it."""

    def write(self, how: Recorder, message: bytes, count: int) -> None:
        """Write a message of so many entities, or take it until ``settle``."""

    def settle(self) -> Iterable[Lost]:
        """Write what is yet to be written; what could not be."""

    def count_dropped(self, names: layout.Names, service: str, count: int) -> None:
        """Note how many more entities of a service were dropped."""

    def forget(self) -> None:
        """Leave what is open to the process that this one was forked from."""

    def close(self) -> None:
        """Close what is open; another write opens it again."""


class Settings(NamedTuple):
    """What a log was asked for; ``share_of`` is that of a service, from 0 to 1."""

    tag: str | None
    share_of: Callable[[str], float]
    pii_key: bytes | None
    interval: float
    most_pending: int


class Counts:
    """What became of the entities of one or more stores."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """From nothing, and with a lock that nobody holds: in a child it might stay taken."""
        self._lock = threading.RLock()
        self.written = self.dropped = 0
        self.last_error = ""

    def add(self, *, written: int = 0, dropped: int = 0) -> None:
        with self._lock:
            self.written += written
            self.dropped += dropped

    def failed(self, error: Exception | str) -> None:
        """Note, and once tell the program's own log, why nothing is written."""
        text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        text = " ".join(text.split())
        if text != self.last_error:
            self.last_error = text
            _LOGGER.warning("the request log is not written: %s", text)


_Noted = tuple[Recorder, int, bytes]
"""A read, or a part of one, in the queue: how it is written, its entities, and itself, encoded.

The collector of garbage passes over a plain tuple of such members. What is kept must not cost those
who read.
"""


_Found = tuple[Plan, Recorder, float]
"""A plan, how its reads are written, and the share that is."""


class Writer:
    """The log of one store."""

    def __init__(self, carrier: Carrier, settings: Settings, counts: Counts) -> None:
        self._carrier, self._settings, self._counts = carrier, settings, counts
        self._tag = settings.tag
        self._most_pending = settings.most_pending
        self._many_pending = settings.most_pending // 2
        self._recorders: dict[int, _Found] = {}
        """By a plan's identity, with the plan, so that no other one gets it."""
        self._begin()

    def _begin(self) -> None:
        """With an empty queue and no thread."""
        # It may be taken again by a signal handler that reads.
        self._lock = threading.RLock()
        self._moved = threading.Condition(threading.Lock())
        self._wake = threading.Event()
        self._queue: deque[_Noted] = deque()
        self._thread: threading.Thread | None = None
        self._pending = self._noted = self._handled = 0
        self._is_hurried = False
        self._unreported: Counter[tuple[layout.Names, str]] = Counter()

    def forked(self) -> None:
        """In a child: what was noted before is the parent's."""
        self._begin()
        self._carrier.forget()

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
        """Put a read into the queue, or drop it. Raises UsageError for a request id that is none.

        It is encoded here, which takes less time than what it would cost later to keep all its
        objects: the collector of garbage would go through them. What else there is to do with it is
        left to the thread.
        """
        read_id = new_id()
        count = len(vectors.parts[0].raw)
        if request_id is None:
            ids = None
            vectors.request = read_id
        else:
            ids = vectors.request = checked_ids(request_id, count)
        try:
            found = self._recorders.get(id(vectors.plan))
            if found is None:
                found = self._new_recorder(names, vectors.plan)
            how = found[1]
            if not found[2]:
                return
            asked = None if at is None else to_microseconds(at)
            head = (read_id, 0, now, asked, ids, self._tag if tag is None else tag)
            text = messages.encode(how, vectors, head, entities)
            with self._lock:
                pending = self._pending + len(text) + _OVERHEAD
                if pending <= self._many_pending and self._thread is not None:
                    self._pending = pending
                    self._noted += 1
                    self._queue.append((how, count, text))
                    return
            self._note_slowly(how, count, text)
        except Exception as error:  # a read must not fail for it
            self._counts.failed(error)
            self._counts.add(dropped=count)

    def _note_slowly(self, how: Recorder, count: int, text: bytes) -> None:
        """Start or wake the thread; drop the read if there is no room for it."""
        with self._lock:
            pending = self._pending + len(text) + _OVERHEAD
            if pending <= self._most_pending:
                self._pending = pending
                self._noted += 1
                self._queue.append((how, count, text))
            else:
                self._counts.failed("reads come faster than they can be written")
                self._drop(how, count)
            if self._thread is None:
                self._start()
        if pending > self._many_pending:
            self._wake.set()

    def close(self) -> None:
        """Write what was noted until now, within a time that is bounded."""
        self.flush(LAST_SECONDS)

    def flush(self, timeout: float) -> bool:
        """The same; False if that took longer than so many seconds."""
        with self._lock:
            aim = self._noted
            self._is_hurried = True
        self._wake.set()
        with self._moved:
            return self._moved.wait_for(lambda: self._handled >= aim, timeout)

    def _drop(self, how: Recorder, count: int) -> None:
        self._counts.add(dropped=count)
        with self._lock:
            self._unreported[how.names, how.service] += count

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="request log", daemon=True)
        thread.start()
        self._thread = thread

    def _run(self) -> None:
        """The thread: write what there is, at intervals."""
        read_at = time.monotonic()
        while True:
            if not self._is_hurried:
                self._wake.wait(self._settings.interval)
            self._wake.clear()
            self._is_hurried = False
            if self._queue:
                read_at = time.monotonic()
                self._write_all()
            self._report()
            with self._lock:
                if not self._queue:
                    self._pending = 0  # it may be off by reads that were cut off
                    if time.monotonic() - read_at > _IDLE:
                        self._thread = None
                        self._carrier.close()
                        return

    def _write_all(self) -> None:
        count, queue = len(self._queue), self._queue
        waiting: dict[str, _Batch] = {}
        how, batch = None, None
        for _ in range(count):
            noted = queue.popleft()
            if batch is None or noted[0] is not how:
                how = noted[0]
                batch = waiting.get(how.id) or self._new_batch(how, waiting)
            self._add(batch, noted)
            if batch.taken >= _MESSAGE_BYTES:
                self._send(waiting.pop(batch.how.id))
                batch = None
        for batch in waiting.values():
            self._send(batch)
        for lost in self._carrier.settle():
            self._counts.failed(lost.error)
            self._counts.add(written=-lost.entities)
            self._drop(lost.how, lost.entities)
        with self._moved:
            self._handled += count
            self._moved.notify_all()

    def _new_batch(self, how: Recorder, waiting: "dict[str, _Batch]") -> "_Batch":
        share = self._settings.share_of(how.service)
        batch = waiting[how.id] = _Batch(how, share, share >= 1 and not how.changes)
        return batch

    def _add(self, batch: "_Batch", noted: _Noted) -> None:
        how, entities, text = noted
        batch.taken += len(text) + _OVERHEAD
        if batch.as_noted:
            batch.reads.append(text)
            batch.entities += entities
            return
        try:
            for count, own in messages.changed(text, how, batch.share):
                batch.reads.append(own)
                batch.entities += count
        except Exception as error:  # whatever nobody foresaw must not end the thread
            self._counts.failed(error)
            self._drop(how, entities)

    def _send(self, batch: "_Batch") -> None:
        """Write a message, or drop it; as long as the server is away, try again."""
        how, pause = batch.how, _FIRST_PAUSE
        message = messages.joined(how.id, batch.reads)
        while batch.entities:
            try:
                self._carrier.write(how, message, batch.entities)
            except Exception as error:  # of whichever carrier; what cannot be written is dropped
                self._counts.failed(error)
                if not passing(error):
                    self._drop(how, batch.entities)
                    break
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._counts.add(written=batch.entities)
                break
        with self._lock:
            self._pending -= batch.taken

    def _new_recorder(self, names: layout.Names, plan: Plan) -> _Found:
        how = recorder(names, plan, self._settings.pii_key)
        found = (plan, how, self._settings.share_of(how.service))
        with self._lock:
            if len(self._recorders) >= _PLANS:
                self._recorders.clear()
            self._recorders[id(plan)] = found
        return found

    def _report(self) -> None:
        """Note where the log is what was dropped."""
        with self._lock:
            dropped, self._unreported = self._unreported, Counter()
        for (names, service), count in dropped.items():
            try:
                self._carrier.count_dropped(names, service, count)
            except Exception as error:  # likewise; it is noted the next time
                self._counts.failed(error)
                with self._lock:
                    self._unreported[names, service] += count


class _Batch:
    """Encoded reads by one plan, up to a message; ``taken`` are the bytes that they had queued.

    ``as_noted`` if nothing is left to do with them.
    """

    def __init__(self, how: Recorder, share: float, as_noted: bool) -> None:
        self.how, self.share, self.as_noted = how, share, as_noted
        self.reads: list[bytes] = []
        self.entities = self.taken = 0
