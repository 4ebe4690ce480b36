"""The host project and the engines, once per test process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.support import postgres_output
from local_postgres import Postgres
from pit.engines import SCHEMA, DuckDB, Engine, PostgreSQL, create
from pit.label_sets import LABELS
from pit.project import compile_project, make_project
from pit.servers import dictionary_postgres, older_servers
from pit.views import VIEWS

Prepared = tuple[Engine, Path]
"""An engine with empty tables, and dbt's target folder with the SQL for it."""

OLDER = older_servers()


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


@pytest.fixture(scope="session")
def older_engine() -> Iterator[Callable[[str], PostgreSQL]]:
    """Each older server by its name, started when it is first asked for."""
    with ExitStack() as servers:

        @cache
        def start(name: str) -> PostgreSQL:
            server = servers.enter_context(dictionary_postgres(OLDER[name]))
            engine = PostgreSQL(server.uri, older=True)
            servers.callback(engine.connection.close)
            _create_tables(engine)
            return engine

        yield start


@pytest.fixture(scope="session")
def duckdb_target(host: Path) -> Path:
    return compile_project(host, "duckdb", duckdb_output())


@pytest.fixture(scope="session")
def postgres_target(host: Path, postgres: Postgres) -> Path:
    return compile_project(host, "postgres", postgres_output(postgres, SCHEMA))


@pytest.fixture(scope="session", params=["duckdb", "postgres", *OLDER])
def prepared(request: pytest.FixtureRequest) -> Prepared:
    """Each engine in turn. Older servers get the SQL that was compiled for the bundled one."""
    if request.param in OLDER:
        engine = request.getfixturevalue("older_engine")(request.param)
        return engine, request.getfixturevalue("postgres_target")
    engine = request.getfixturevalue(f"{request.param}_engine")
    return engine, request.getfixturevalue(f"{request.param}_target")


def _create_tables(engine: Engine) -> None:
    for view in VIEWS:
        create(engine, view.name, view.columns)
    for label_set in LABELS:
        create(engine, label_set.name, label_set.columns)


def duckdb_output() -> dict[str, Any]:
    return {"type": "duckdb", "path": ":memory:", "schema": SCHEMA, "threads": 1}
