"""The publication log: what each completed run has put in service, in a stream of the store.

An entry has one field, ``m``, with JSON; the stream keeps the latest 20,000 or so, and `drain`
moves them into the warehouse. What a run puts in service is in the description of the generation,
in the same step; so the next run over the view notes what one has published that was killed before
it noted that.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
import redis

from feature_warehouse.redis_store import layout

__all__ = ["FIELD", "Note", "PublicationLog", "columns_of", "latest_notes", "rule_of"]

FIELD: Final = b"m"
_MOST: Final = 20_000


_RULE: Final = ("join keys", "event timestamp", "created timestamp", "availability lag")
_COLUMNS: Final = (*_RULE, "data types", "tie-breaker")


def rule_of(declaration: Mapping[str, str]) -> str:
    """The fingerprint ``rule`` of a generation's declaration."""
    return _fingerprint(declaration, _RULE)


def columns_of(declaration: Mapping[str, str]) -> str:
    """The fingerprint ``columns`` of a generation's declaration."""
    return _fingerprint(declaration, _COLUMNS)


def _fingerprint(declaration: Mapping[str, str], parts: Sequence[str]) -> str:
    text = " ".join(declaration.get(part, "") for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run over a view that came to its end, or a rollback.

    Instants are microseconds since 1970 UTC.

    From somewhere between ``published_at`` and ``finished_at`` on, readers have got what the
    warehouse said at ``clock`` of rows loaded up to ``watermark``. ``run`` is the number that the
    rows have which it wrote; of a rollback that of the last run over the generation. ``mode`` is
    full, incremental, compare or rollback. ``is_late`` if a later run noted it; then
    ``finished_at`` is not known better than ``published_at``.

    ``ttl`` is that of the generation, in microseconds. ``history`` is the fingerprint of the rows
    that the run saw, see ``layout.Generation``, empty where there is none. ``rule`` is one of what
    says which row is an entity's newest, ``columns`` one of all that ``history`` depends on.
    """

    view: str
    generation: int
    run: int
    mode: str
    clock: int
    watermark: int
    started_at: int
    published_at: int
    finished_at: int
    is_simulated: bool = False
    is_late: bool = False
    invocation_id: str = ""
    ttl: int | None = None
    history: str = ""
    rule: str = ""
    columns: str = ""

    @classmethod
    def of(cls, generation: layout.Generation, *, finished_at: int | None = None) -> "Note":
        """The last run over a generation."""
        return cls(
            view=generation.view,
            generation=generation.number,
            run=generation.run,
            mode=generation.mode,
            clock=generation.clock,
            watermark=generation.watermark,
            started_at=generation.started_at,
            published_at=generation.published_at,
            finished_at=finished_at or generation.published_at,
            is_simulated=generation.simulated,
            is_late=finished_at is None,
            invocation_id=generation.invocation_id,
            ttl=generation.ttl,
            history=generation.history,
            rule=rule_of(generation.declaration),
            columns=columns_of(generation.declaration),
        )


class PublicationLog:
    """That of one store."""

    def __init__(self, client: Any, names: layout.Names) -> None:
        self._client, self._names = client, names

    def note(self, generation: layout.Generation) -> None:
        """Add the run over a generation that has just come to its end."""
        note = Note.of(generation, finished_at=time.time_ns() // 1000)
        self._add(note, _mark(note))

    def note_rollback(self, generation: layout.Generation, *, at: int) -> None:
        """Add that a generation was put in service again, at an instant."""
        run = Note.of(generation, finished_at=time.time_ns() // 1000)
        note = msgspec.structs.replace(run, mode="rollback", started_at=at, published_at=at)
        # Its last run is not one that was killed.
        self._add(note, _mark(run))

    def note_missing(self, generation: layout.Generation) -> None:
        """Add the last run over the generation in service, if it is not there."""
        note, key = Note.of(generation), self._names.noted
        if note.run and self._write(key, lambda: self._client.hget(key, note.view)) != _mark(note):
            self._add(note, _mark(note))

    def _add(self, note: Note, mark: bytes) -> None:
        text, key, noted = msgspec.json.encode(note), self._names.publications, self._names.noted
        xadd, hset = self._client.xadd, self._client.hset
        self._write(key, lambda: xadd(key, {FIELD: text}, maxlen=_MOST, approximate=True))
        self._write(noted, lambda: hset(noted, note.view, mark))

    def _write(self, key: str, command: Any) -> Any:
        """What a command says; where the key holds something else, that goes."""
        try:
            return command()
        except redis.ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise
        self._client.unlink(key)
        return command()


def latest_notes(client: Any, names: layout.Names, count: int = 2_000) -> list[Note]:
    """The newest of them first; what is no note is left out. Raises redis-py's errors."""
    notes = []
    for _, fields in client.xrevrange(names.publications, count=count):
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            notes.append(msgspec.json.decode(fields.get(FIELD, b""), type=Note))
    return notes


def _mark(note: Note) -> bytes:
    return f"{note.run} {note.published_at}".encode()
