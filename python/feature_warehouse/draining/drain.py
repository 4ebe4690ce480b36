"""Moving logged requests from their streams into tables of the warehouse.

Messages are read from the oldest on, added to the table in one transaction, and then deleted from
the stream. So one that was added and not yet deleted when we were killed comes again, and is known
by its key; nothing is lost, and nothing is there twice. A message that cannot be read stays where
it is. Before rows are committed we look whether `forget` has erased anything since their messages
were read; then they are read again.

A user of Redis for it needs, for the project ``flights`` and the environment ``prod`` (one line)::

    ACL SETUSER drain on >password resetkeys ~flights.prod:!requests* ~flights.prod:!publications
    %R~flights.prod:!warehouse -@all +smembers +xrange +get +xdel

and ``%R~feature_warehouse:stores``, if neither is named on the command line; in a cluster
``+command +cluster|slots``, elsewhere than in database 0 ``+select``.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

import msgspec
import pyarrow as pa

from feature_warehouse.draining.publications import (
    PUBLICATION_COLUMNS,
    PUBLICATION_KEY,
    PUBLICATIONS,
    publications_table,
    read_note,
)
from feature_warehouse.draining.tables import (
    Layout,
    create_statement,
    layout_of,
    missing_statements,
    refuse_other_meanings,
    table_of,
)
from feature_warehouse.engines import Tables
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.errors import FeatureWarehouseError, UnservableError, UsageError
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.redis_store.connection import reachable
from feature_warehouse.request_log import messages
from feature_warehouse.request_log.descriptions import Description
from feature_warehouse.request_log.stream import FIELD
from feature_warehouse.request_log.tables import Decoder, TableColumn

__all__ = ["Drain", "Drained", "logging_services"]

MESSAGES: Final = 100
"""Messages that are added at once."""

_NOTES: Final = 10_000
"""Of the publication log."""

_WRONG: Final = (
    *(ValueError, IndexError, KeyError, TypeError, OverflowError, pa.ArrowException),
    FeatureWarehouseError,
)
"""What decoding raises for bytes that are no read of their description."""

Progress = Callable[[str, int], None]


class _ErasedError(Exception):
    """What was read may have had an entity that is forgotten."""


class Drained(msgspec.Struct):
    """What became of the log of one service, or of the publication log.

    ``messages`` were drained, with ``rows`` that are new to the table and ``rows_known`` that it
    had already. ``unreadable`` messages stay in the stream.
    """

    service: str | None
    table: str = ""
    status: str = "success"
    message: str = ""
    exit_code: int = 0
    messages: int = 0
    rows: int = 0
    rows_known: int = 0
    unreadable: int = 0


def logging_services(client: Any, names: layout.Names) -> list[str]:
    """The services that have a request log."""
    with reachable(client):
        return sorted(cluster.members(client, names.logged_services))


class Drain:
    """Moves what is logged of one store into tables; ``create`` makes those that lack."""

    def __init__(
        self,
        client: Any,
        names: layout.Names,
        tables: Tables,
        dialect: Dialect,
        *,
        create: bool = False,
        progress: Progress = lambda *_: None,
    ) -> None:
        self._client, self._names, self._tables = client, names, tables
        self._dialect, self._create = dialect, create
        self._progress = progress
        self._decoders: dict[tuple[str, str], Decoder | None] = {}
        self._checked: dict[str, Layout] = {}

    def service(self, service: str) -> Drained:
        """Drain the log of a service until nothing is left that can be read."""
        result = Drained(service)
        with self._reported(result):
            result.table = table_of(service)
            self._run(result, service)
        return result

    def publications(self) -> Drained:
        """Drain the publication log."""
        result = Drained(None, PUBLICATIONS)
        with self._reported(result):
            self._run_publications(result)
        return result

    @contextmanager
    def _reported(self, result: Drained) -> Iterator[None]:
        """Errors go into the result, and that messages are left."""
        # What is decoded are many small lists without circles; to look for any would take longer.
        collects = gc.isenabled()
        gc.disable()
        try:
            with reachable(self._client):
                yield
        except FeatureWarehouseError as error:
            result.status, result.message, result.exit_code = "error", str(error), error.exit_code
        else:
            if result.unreadable:
                result.status, result.exit_code = "error", 1
                result.message = (
                    f"{result.unreadable} messages cannot be drained: they are damaged, of a later"
                    " version, have lost their description, or hold what the table cannot; they"
                    " stay in the stream"
                )
        finally:
            if collects:
                gc.enable()

    def _page(
        self, stream: str, start: str, count: int
    ) -> tuple[list[tuple[bytes, dict[bytes, bytes]]], str]:
        """Entries of a stream, the oldest first, and where the next begin.

        Those that are deleted meanwhile are gone.
        """
        page = cluster.entries(self._client, stream, start, count)
        return page, "(" + page[-1][0].decode() if page else start

    def _run(self, result: Drained, service: str) -> None:
        stream = self._names.requests(service)
        start = "-"
        while True:
            mark, before = self._erasures(service), result.unreadable
            page, end = self._page(stream, start, MESSAGES)
            if not page:
                return
            known = [(key, self._read(service, fields)) for key, fields in page]
            read = [(key, found) for key, found in known if found is not None]
            result.unreadable += len(known) - len(read)
            try:
                for description, group in groupby(read, lambda one: one[1].description):
                    decoder = self._decoder(service, description)
                    assert decoder is not None  # such messages were left out
                    self._move(result, stream, decoder, list(group), self._unless(service, mark))
            except _ErasedError:
                result.unreadable = before
            else:
                start = end

    def _erasures(self, service: str) -> bytes | None:
        """Another text after each `forget`, which sets it between the stream and the table."""
        return cluster.value(self._client, self._names.request_erasures(service))

    def _unless(self, service: str, mark: bytes | None) -> Callable[[], None]:
        """Raises _ErasedError if anything was erased since there was this mark."""

        def confirm() -> None:
            if self._erasures(service) != mark:
                raise _ErasedError

        return confirm

    def _run_publications(self, result: Drained) -> None:
        stream, start = self._names.publications, "-"
        while True:
            page, start = self._page(stream, start, _NOTES)
            if not page:
                return
            known = [(key, read_note(fields.get(FIELD, b""))) for key, fields in page]
            read = [(key, note) for key, note in known if note is not None]
            result.unreadable += len(known) - len(read)
            if read:
                table = publications_table([note for _, note in read])
                self._check(PUBLICATIONS, PUBLICATION_COLUMNS, PUBLICATION_KEY)
                added = self._tables.append(PUBLICATIONS, table, PUBLICATION_KEY)
                self._done(result, stream, [key for key, _ in read], table, added)

    def _read(self, service: str, fields: dict[bytes, bytes]) -> messages.Message | None:
        """A message that can be read; None for another."""
        found = messages.decode(fields.get(FIELD, b""))
        if found is None or self._decoder(service, found.description) is None:
            return None
        return found

    def _decoder(self, service: str, description: str) -> Decoder | None:
        key = (service, description)
        if key not in self._decoders:
            text = cluster.value(self._client, f"{self._names.requests(service)}@{description}")
            try:
                found = Decoder(msgspec.json.decode(text or b"", type=Description))
            except (msgspec.DecodeError, FeatureWarehouseError, ValueError, KeyError):
                found = None
            self._decoders[key] = found
        return self._decoders[key]

    def _move(
        self,
        result: Drained,
        stream: str,
        decoder: Decoder,
        group: Sequence[tuple[bytes, messages.Message]],
        confirm: Callable[[], None],
    ) -> None:
        """Add messages of one description to the table, and delete them."""
        done, table = self._decoded(decoder, group)
        result.unreadable += len(group) - len(done)
        if not done:
            return
        self._check(result.table, decoder.columns, decoder.key, decoder.own)
        try:
            added = self._tables.append(result.table, table, decoder.key, confirm)
        except UnservableError:
            if len(group) == 1:
                result.unreadable += 1
                return
            half = len(group) // 2
            self._move(result, stream, decoder, group[:half], confirm)
            self._move(result, stream, decoder, group[half:], confirm)
            return
        self._done(result, stream, done, table, added)

    def _done(
        self, result: Drained, stream: str, keys: Sequence[bytes], table: pa.Table, added: int
    ) -> None:
        """Delete what the table has, and count it."""
        self._client.xdel(stream, *keys)
        result.messages += len(keys)
        result.rows += added
        result.rows_known += table.num_rows - added
        self._progress(result.table, table.num_rows)

    def _decoded(
        self, decoder: Decoder, group: Sequence[tuple[bytes, messages.Message]]
    ) -> tuple[list[bytes], Any]:
        """The ids of messages that could be decoded, and the table of their rows."""
        try:
            reads = [read for _, message in group for read in message.reads]
            return [key for key, _ in group], decoder.table(reads)
        except _WRONG:
            if len(group) == 1:
                return [], None
        halves = group[: len(group) // 2], group[len(group) // 2 :]
        parts = [self._decoded(decoder, half) for half in halves]
        tables = [table for _, table in parts if table is not None]
        return [key for keys, _ in parts for key in keys], pa.concat_tables(tables)

    def _check(
        self,
        table: str,
        columns: Sequence[TableColumn],
        key: Sequence[str],
        own: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Hold the table against what is logged. Raises UsageError."""
        relation, wanted = self._tables.relation(table), layout_of(columns, self._dialect)
        if self._checked.get(table) == wanted:
            return
        found = self._tables.columns(table)
        if found:
            refuse_other_meanings(relation, own, wanted, found)
            statements = missing_statements(relation, wanted, found)
        else:
            statements = [create_statement(relation, wanted, key)]
        if statements and not self._create:
            lacks = f"lacks {len(statements)} columns" if found else "is not there"
            raise UsageError(
                f"the table {relation} {lacks}; pass --create, or run"
                f" {'; '.join(statements) if found else '`feature-warehouse requests`'}"
            )
        if statements:
            self._tables.create(statements)
        self._checked[table] = wanted
