"""The host project and the engines, once per test process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path

import pytest

from harness.engines import ENGINES, DuckDB, Engine, PostgreSQL
from harness.older_postgres import dictionary_postgres, older_servers
from local_postgres import Postgres
from point_in_time.answers import create
from point_in_time.declarations import PUBLICATION_COLUMNS, PUBLICATION_LOG
from point_in_time.label_sets import LABELS
from point_in_time.project import SCHEMA, compile_project, make_project
from point_in_time.views import VIEWS

Prepared = tuple[Engine, Path]
"""An engine with empty tables, and dbt's target folder with the SQL for it."""

OLDER = older_servers()


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("point in time"))


@pytest.fixture(scope="session")
def duckdb_engine() -> Iterator[Engine]:
    with closing(with_tables(DuckDB())) as engine:
        yield engine


@pytest.fixture(scope="session")
def postgres_engine(postgres: Postgres) -> Iterator[Engine]:
    with closing(with_tables(PostgreSQL(postgres.uri, SCHEMA))) as engine:
        yield engine


@pytest.fixture(scope="session")
def older_engine() -> Iterator[Callable[[str], Engine]]:
    """Each older server by its name, started when it is first asked for."""
    with ExitStack() as servers:

        @cache
        def start(name: str) -> Engine:
            server = servers.enter_context(dictionary_postgres(OLDER[name]))
            engine = with_tables(PostgreSQL(server.uri, SCHEMA, older=True))
            return servers.enter_context(closing(engine))

        yield start


@pytest.fixture(scope="session")
def duckdb_target(host: Path) -> Path:
    return compile_project(host, "duckdb", None)


@pytest.fixture(scope="session")
def postgres_target(host: Path, postgres: Postgres) -> Path:
    return compile_project(host, "postgres", postgres)


@pytest.fixture(scope="session", params=[*ENGINES, *OLDER])
def prepared(request: pytest.FixtureRequest) -> Prepared:
    """Each engine in turn. Older servers get the SQL that was compiled for the bundled one."""
    if request.param in OLDER:
        engine = request.getfixturevalue("older_engine")(request.param)
        return engine, request.getfixturevalue("postgres_target")
    engine = request.getfixturevalue(f"{request.param}_engine")
    return engine, request.getfixturevalue(f"{request.param}_target")


def with_tables(engine: Engine) -> Engine:
    for view in VIEWS:
        create(engine, view.name, view.columns)
    for label_set in LABELS:
        create(engine, label_set.name, label_set.columns)
    create(engine, PUBLICATION_LOG, PUBLICATION_COLUMNS)
    return engine
