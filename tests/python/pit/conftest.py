"""The host project and the engines, once per test process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.servers import Postgres
from pit.engines import SCHEMA, DuckDB, Engine, PostgreSQL, create
from pit.project import compile_project, make_project
from pit.shapes import LABELS, VIEWS

Prepared = tuple[Engine, Path]
"""An engine with empty tables, and dbt's target folder with the SQL for it."""


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("point in time") / "host project")


@pytest.fixture(scope="session")
def duckdb_engine() -> Iterator[DuckDB]:
    engine = DuckDB()
    _create_tables(engine)
    yield engine
    engine.connection.close()


@pytest.fixture(scope="session")
def postgres_engine(postgres: Postgres) -> Iterator[PostgreSQL]:
    engine = PostgreSQL(postgres.uri)
    _create_tables(engine)
    yield engine
    engine.connection.close()


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def prepared(request: pytest.FixtureRequest, host: Path) -> Prepared:
    """Each engine in turn."""
    engine: Engine = request.getfixturevalue(f"{request.param}_engine")
    output = duckdb_output()
    if engine.name == "postgres":
        output = postgres_output(request.getfixturevalue("postgres"))
    return engine, compile_project(host, engine.name, output)


def _create_tables(engine: Engine) -> None:
    for view in VIEWS:
        create(engine, view.name, view.columns)
    for label_set in LABELS:
        create(engine, label_set.name, label_set.columns)


def duckdb_output() -> dict[str, Any]:
    return {"type": "duckdb", "path": ":memory:", "schema": SCHEMA, "threads": 1}


def postgres_output(server: Postgres) -> dict[str, Any]:
    return {
        "type": "postgres",
        "host": server.host,
        "port": server.port,
        "user": "postgres",
        "password": server.password,
        "dbname": "postgres",
        "schema": SCHEMA,
        "threads": 1,
    }
