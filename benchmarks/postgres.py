"""A PostgreSQL server with a workload's tables, each once without and once with its index."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
from adbc_driver_postgresql import dbapi

from benchmarks import data
from benchmarks.workloads import Workload
from local_postgres import Postgres, local_postgres

__all__ = ["INDEXED", "SETTINGS", "create_indexes", "drop_indexes", "load", "profile", "server"]

SETTINGS = {
    "shared_buffers": "2GB",
    "work_mem": "256MB",
    "maintenance_work_mem": "512MB",
    "effective_cache_size": "8GB",
    "random_page_cost": "1.1",
    "max_wal_size": "8GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "TimeZone": "UTC",
}
"""For a machine with some memory to give; tables are analysed after loading."""

INDEXED = "indexed"
"""Schema of the tables with indexes; the plain ones are in the default one."""


@contextmanager
def server() -> Iterator[Postgres]:
    """Run an empty server, not durable, for the length of a ``with`` block."""
    with local_postgres(config=SETTINGS, durable=False) as postgres:
        yield postgres


def profile(postgres: Postgres) -> dict[str, Any]:
    """The output of a dbt profile that leads to the server."""
    return {
        "type": "postgres",
        "host": postgres.host,
        "port": postgres.port,
        "user": postgres.user,
        "password": postgres.password,
        "dbname": postgres.dbname,
        "schema": "public",
    }


def load(workload: Workload, address: str) -> None:
    """Put a workload's tables in the place of whatever is there."""
    with dbapi.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        for schema in ("public", INDEXED):
            cursor.execute(f"drop schema if exists {schema} cascade")
            cursor.execute(f"create schema {schema}")
        with duckdb.connect(data.database(workload), read_only=True) as source:
            for table in ["labels", *workload.view_names]:
                cursor.adbc_ingest(table, source.table(table).to_arrow_reader(), mode="create")
                cursor.execute(f"create table {INDEXED}.{table} as table public.{table}")
        for statement in create_indexes(workload):
            cursor.execute(statement)
        cursor.execute("vacuum analyze")


def create_indexes(workload: Workload) -> list[str]:
    """Statements that index every view by key and time."""
    return [
        f"create index {view}_key_and_time on {INDEXED}.{view} (k, ts)"
        for view in workload.view_names
    ]


def drop_indexes(workload: Workload) -> list[str]:
    """Statements that take these indexes away."""
    return [f"drop index {INDEXED}.{view}_key_and_time" for view in workload.view_names]
