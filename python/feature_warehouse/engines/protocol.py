"""What the rest of the package asks an engine."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self

import msgspec
import pyarrow as pa

from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.engines.dialect import Dialect

__all__ = ["BATCH_ROWS", "Engine", "Inspection", "Tables", "Warehouse"]

BATCH_ROWS = 10_000
"""Rows that are turned into bytes and sent at a time."""


class Inspection(msgspec.Struct, frozen=True):
    """What a view holds at a clock. Rows without keys or event timestamp can never be served.

    ``behind`` counts the rows that became available since the last watermark. ``history`` is a
    fingerprint of the rows that a run sees, ``history_then`` one of those the last run must have
    seen: their number and hash, of rows loaded before the watermark and, behind a blank, after it.
    Both are empty where the view has no created timestamp.
    """

    rows: int
    without_keys: int
    without_event: int
    not_yet_available: int
    behind: int
    history_then: str
    history: str


class Warehouse(Protocol):
    """One connection that changes nothing, and one consistent snapshot of the data.

    What it delivers is plain Arrow, see ``engines.arrow``.
    """

    dialect: Dialect

    def inspect(
        self, view: FeatureView, clock: int, watermark: int, last: tuple[int, int] | None
    ) -> Inspection:
        """Look at a whole view once; all instants in microseconds since 1970 UTC.

        ``last`` are clock and watermark of the last run, if there was one.
        """

    def newest_load(self, view: FeatureView, clock: int) -> int:
        """When the newest row that is available at the clock was loaded; 0 without any."""

    def schema(self, view: FeatureView) -> pa.Schema:
        """The columns of ``newest_rows``.

        UnservableError for a seed or snapshot whose columns are not of the declared types.
        """

    def newest_rows(
        self, view: FeatureView, clock: int, since: int | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """The newest row per entity that is available at the clock, by the point-in-time rule.

        With ``since`` only of those entities of which a row became available after that instant.
        Columns by position: join keys, features, event timestamp in UTC and, where the view
        declares one, created timestamp in UTC. Rows past their ttl are among them.
        """

    def newest_query(self, view: FeatureView, clock: int, since: int | None = None) -> str:
        """The query of ``newest_rows``; its columns are named c0, c1 and so on."""

    def identity(self) -> list[str]:
        """What tells this warehouse from others: it is the same where one of these is."""

    def refresh(self) -> None:
        """Begin another snapshot: what was committed until now is seen from now on."""

    def holds(self, view: FeatureView, entity: Mapping[str, str]) -> int:
        """How many rows a view has of join key values, given as texts."""

    def tables_of(self, schema: str) -> dict[str, list[str]]:
        """The tables of a schema, each with its columns in order; none where none takes rows."""

    def column_names(self, relation: str) -> list[str]:
        """The columns of a table or view, named as in the manifest; none if it is not there."""

    def load(self, name: str, table: pa.Table) -> None:
        """Make a table that this connection alone sees, and that ends with it."""

    def rows(
        self, query: str, what: str, values: Sequence[str] = ()
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """What a query gives; ``what`` names it in messages, ``values`` are texts for $1, $2 ..."""

    def close(self) -> None:
        """Close the connection."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Tables(Protocol):
    """One connection that adds rows to tables of the target's schema, and takes rows from them."""

    def relation(self, table: str) -> str:
        """A table's name in SQL."""

    def columns(self, table: str) -> dict[str, str]:
        """The types of a table's columns by their names, as the engine writes them.

        None at all if there is no such table.
        """

    def create(self, statements: Sequence[str]) -> None:
        """Run statements that create tables or columns, all or none of them."""

    def append(
        self,
        table: str,
        rows: pa.Table,
        key: Sequence[str],
        confirm: Callable[[], None] = lambda: None,
    ) -> int:
        """Add rows, but those whose key is there; how many were added.

        They are committed when this returns. ``key`` are the columns of the primary key.
        ``confirm`` is called when all is done but that, and nothing is added if it raises. Raises
        UnservableError for a value that the table cannot hold.
        """

    def delete(
        self, table: str, condition: str, values: Sequence[str], *, wait: bool = False
    ) -> int:
        """Remove the rows of a condition in SQL, and how many that were, committed.

        ``values`` are texts for ``Dialect.parameter``. Rows that others are adding meanwhile are
        waited for, and are then among them. Raises BusyError if that takes longer than some
        seconds, unless told to ``wait``.
        """

    def count(self, table: str, condition: str, values: Sequence[str]) -> int:
        """How many rows there are of a condition."""

    def close(self) -> None:
        """Close the connection."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Engine(Protocol):
    """A module of this folder, by the name of dbt's adapter."""

    DIALECT: Dialect

    def connect(self, credentials: Any, folder: Path = Path(), /) -> Warehouse:
        """Connect as dbt did, by the adapter's own credentials.

        Raises UsageError, UnreachableError or BusyError. Paths in the profile, and in views over
        files, are relative to ``folder``, the project's.
        """

    def connect_to_append(self, credentials: Any, folder: Path = Path(), /) -> Tables:
        """The same, to write."""

    def file_of(self, credentials: Any) -> str | None:
        """The file of the database, as the profile has it; None where it is none."""

    def credentials_of(self, output: dict[str, Any]) -> Any:
        """What dbt-core's adapter would make of a rendered target of a profile.

        Raises UsageError for what it has and this engine cannot do without dbt-core.
        """
