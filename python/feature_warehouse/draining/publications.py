"""The publication log as a table: a row for each run over a view that came to its end."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa

from feature_warehouse.redis_store.publication_log import Note
from feature_warehouse.request_log.tables import TableColumn

__all__ = [
    "PUBLICATIONS",
    "PUBLICATIONS_IN_DBT",
    "PUBLICATION_COLUMNS",
    "PUBLICATION_KEY",
    "publications_table",
    "read_note",
]

PUBLICATIONS: Final = "feature_warehouse_publications"
"""The name of the table."""

PUBLICATIONS_IN_DBT: Final = "publications"
"""Its name in dbt: for a longer one dbt has no unit tests on PostgreSQL."""

PUBLICATION_KEY: Final = ("view", "run", "published_at")
"""A number may come twice where a server was emptied, not in the same microsecond."""

PUBLICATION_COLUMNS: Final = (
    TableColumn("view", "string", "The feature view."),
    TableColumn("generation", "int", "The generation in service from then on."),
    TableColumn("run", "int", "The number of the run; of a rollback that of the last run before."),
    TableColumn("mode", "string", "full, incremental, compare or rollback."),
    TableColumn("clock", "timestamp", "The instant that the run called now, in UTC."),
    TableColumn("watermark", "timestamp", "It saw all rows loaded up to this instant, in UTC."),
    TableColumn("started_at", "timestamp", "When it began, by the publisher's clock, in UTC."),
    TableColumn("published_at", "timestamp", "When all rows were written, in UTC."),
    TableColumn("finished_at", "timestamp", "By when all readers got them, in UTC."),
    TableColumn("is_simulated", "bool", "Whether readers lived at the clock from then on."),
    TableColumn("is_late", "bool", "Whether a later run noted it, since this one was killed."),
    TableColumn("invocation_id", "string", "dbt's, of the build that was published."),
    TableColumn("ttl", "int", "The view's ttl, in microseconds; NULL for none."),
    TableColumn("history", "string", "A fingerprint of the rows that the run saw."),
    TableColumn("rule", "string", "A fingerprint of what says which row is an entity's newest."),
    TableColumn("columns", "string", "A fingerprint of the columns that history depends on."),
)


def read_note(text: bytes) -> Note | None:
    """A note; None for what is none."""
    try:
        return msgspec.json.decode(text, type=Note)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def publications_table(notes: Sequence[Note]) -> pa.Table:
    """The columns above."""
    return pa.table({column.name: _array(notes, column) for column in PUBLICATION_COLUMNS})


def _array(notes: Sequence[Note], column: TableColumn) -> Any:
    values = [getattr(note, column.name) for note in notes]
    if column.kind == "timestamp":
        return pa.array(values, pa.int64()).cast(pa.timestamp("us"))
    return pa.array(values, pa.int64() if column.kind == "int" else None)
