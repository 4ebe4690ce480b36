"""DuckDB: a read-only connection to the file dbt wrote."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import duckdb
import pyarrow as pa

from feature_warehouse.errors import BusyError, UnreachableError, UsageError
from feature_warehouse.registry import FeatureView
from feature_warehouse.warehouse import BATCH_ROWS, Counts, sql

__all__ = ["DuckDBWarehouse"]


class DuckDBWarehouse:
    """See ``Warehouse``. No other process can write while this is open, so the snapshot is one."""

    def __init__(self, credentials: Any) -> None:
        """``credentials`` are dbt-duckdb's, with its attachments, extensions and secrets."""
        self._connection = _connect(credentials)

    def counts(self, view: FeatureView, clock: int) -> Counts:
        return Counts(*self._query(sql.counts_query(view, clock), view).fetchall()[0])

    @contextmanager
    def newest_rows(self, view: FeatureView, clock: int) -> Iterator[pa.RecordBatchReader]:
        query = sql.newest_rows_query(view, clock, bytewise="")
        with self._query(query, view).to_arrow_reader(BATCH_ROWS) as reader:
            yield reader

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _query(self, query: str, view: FeatureView) -> duckdb.DuckDBPyRelation:
        try:
            return self._connection.sql(query)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            first = str(error).partition("\n")[0]
            raise UsageError(
                f"feature view {view.name!r} is not in the warehouse as declared ({first});"
                " run `dbt build`"
            ) from None


def _connect(credentials: Any) -> duckdb.DuckDBPyConnection:
    from dbt.adapters.duckdb.environments import Environment

    if credentials.path == ":memory:":
        raise UsageError(
            "the DuckDB path is :memory:, which ends with dbt; set a file in the profile"
        )
    for attachment in credentials.attach or []:
        attachment.read_only = True
    options = {**(credentials.config_options or {}), "access_mode": "READ_ONLY"}
    try:
        connection: duckdb.DuckDBPyConnection = Environment.initialize_db(
            dataclasses.replace(credentials, config_options=options)
        )
        Environment.initialize_cursor(credentials, connection)
    except duckdb.Error as error:
        first = str(error).partition("\n")[0]
        if "Could not set lock" in first:
            raise BusyError(
                f"{credentials.path} is open in another process, such as dbt; try again when it has"
                " finished, or pass --wait"
            ) from None
        raise UnreachableError(f"DuckDB cannot open {credentials.path}: {first}") from None
    connection.execute("set TimeZone = 'UTC'")
    return connection
