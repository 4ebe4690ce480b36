"""Copy the demo's Parquet files into the PostgreSQL schema that its dbt sources name.

DuckDB reads the files in place and needs none of this. Connection by the FEATURE_WAREHOUSE_PG_*
variables that `profiles.example.yml` reads.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import adbc_driver_postgresql.dbapi
import pyarrow.parquet as pq

SCHEMA = "nycflights13"
DATA = Path(__file__).parents[1] / "data" / SCHEMA


def load(uri: str) -> int:
    """Replace the five tables; returns the number of rows. One transaction: all or nothing."""
    rows = 0
    with adbc_driver_postgresql.dbapi.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(f'create schema if not exists "{SCHEMA}"')
        for file in sorted(DATA.glob("*.parquet")):
            # Cascade: dbt's staging views of an earlier run depend on the table.
            cursor.execute(f'drop table if exists "{SCHEMA}"."{file.stem}" cascade')
            with pq.ParquetFile(file) as source:
                cursor.adbc_ingest(file.stem, source.read(), mode="create", db_schema_name=SCHEMA)
                rows += source.metadata.num_rows
        connection.commit()
    return rows


def uri_of(environment: Mapping[str, str]) -> str:
    """The libpq URI of the FEATURE_WAREHOUSE_PG_* variables."""
    part = {
        name: quote(environment.get(f"FEATURE_WAREHOUSE_PG_{name}", default), safe="")
        for name, default in {
            "HOST": "localhost",
            "PORT": "5432",
            "USER": "postgres",
            "PASSWORD": "",
            "DATABASE": "postgres",
        }.items()
    }
    return "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{DATABASE}".format_map(part)


if __name__ == "__main__":
    print(f"{load(uri_of(os.environ)):,} rows in schema {SCHEMA}")
