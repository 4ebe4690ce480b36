"""Reading the warehouse that dbt built, as Arrow batches."""

from contextlib import AbstractContextManager
from typing import Protocol, Self

import msgspec
import pyarrow as pa

from feature_warehouse.registry import FeatureView
from feature_warehouse.warehouse.profile import Profile

__all__ = ["BATCH_ROWS", "Counts", "Warehouse", "open_warehouse"]

BATCH_ROWS = 10_000
"""Rows that are turned into bytes and sent at a time."""


class Counts(msgspec.Struct, frozen=True):
    """Rows of a view at a clock. Rows without keys or event timestamp can never be served."""

    rows: int
    without_keys: int
    without_event: int
    not_yet_available: int


class Warehouse(Protocol):
    """One connection that changes nothing, and one consistent snapshot of the data."""

    def counts(self, view: FeatureView, clock: int) -> Counts:
        """Count rows; ``clock`` in microseconds since 1970 UTC."""

    def newest_rows(
        self, view: FeatureView, clock: int
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """The newest row per entity that is available at the clock, by the point-in-time law.

        Columns by position: join keys, features, event timestamp in UTC and, where the view
        declares one, created timestamp in UTC. Rows past their ttl are among them.
        """

    def load(self, name: str, table: pa.Table) -> None:
        """Make a table that this connection alone sees, and that ends with it."""

    def rows(self, query: str, what: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """What a query gives; ``what`` names it in messages."""

    def close(self) -> None:
        """Close the connection."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def open_warehouse(profile: Profile) -> Warehouse:
    """Connect as dbt did. Raises UsageError, UnreachableError or BusyError."""
    if profile.adapter == "duckdb":
        from feature_warehouse.warehouse.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(profile.credentials)
    from feature_warehouse.warehouse.postgres import PostgresWarehouse

    return PostgresWarehouse(profile.credentials)
