"""The project `twin`, built once for production on each engine."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.engines import ENGINES, DuckDB, Engine, PostgreSQL
from harness.support import dbt
from local_postgres import Postgres
from relations.project import write_twin

DAYS = ("--event-time-start", "2024-01-01", "--event-time-end", "2024-01-07")


class Twin:
    """The project on one engine; each environment is a schema."""

    def __init__(self, engine: str, project: Path, server: Postgres) -> None:
        self.engine = engine
        self.project = project
        self._server = server

    def dbt(self, environment: str, *arguments: str, fails: bool = False) -> str:
        """Run dbt; what it said. What it may defer to is production."""
        env = {
            "DBT_PROFILES_DIR": str(self.project),
            "DBT_TARGET": f"{self.engine}_{environment}",
            "DBT_TARGET_PATH": str(self.project / f"{self.engine} {environment}"),
            "DBT_LOG_PATH": str(self.project / "logs"),
        }
        if environment != "prod":
            env["DBT_DEFER_STATE"] = str(self.project / f"{self.engine} prod")
        if arguments[0] == "build":
            arguments = (*arguments, "--exclude-resource-type", "unit_test")
        elif arguments[0] == "test":
            # A node that was parsed in the same process holds classes of dbt's own.
            env["DBT_PARTIAL_PARSE"] = "false"
        result = dbt(*arguments, project=self.project, env=env, check=False)
        assert bool(result.returncode) is fails, result.stdout
        return result.stdout

    def rows(self, environment: str, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, whose tables are those of the environment."""
        with closing(self._connect(self._schema(environment))) as session:
            return session.ask(query)

    def drop(self, environment: str) -> None:
        """Drop all tables of an environment."""
        self.rows(environment, f"drop schema {self._schema(environment)} cascade")

    def execute(self, environment: str, statement: str) -> None:
        """Change what dbt has built; tables are those of the environment."""
        self.rows(environment, statement)

    def _schema(self, environment: str) -> str:
        return environment if self.engine == "duckdb" else f"twin_{environment}"

    def _connect(self, schema: str) -> Engine:
        if self.engine == "duckdb":
            return DuckDB(self.project / "twin.duckdb", schema)
        return PostgreSQL(self._server.uri, schema)


@pytest.fixture(scope="session")
def twin_project(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Path:
    return write_twin(tmp_path_factory.mktemp("relations") / "twin", postgres)


@pytest.fixture(scope="session", params=ENGINES)
def production(request: pytest.FixtureRequest, twin_project: Path, postgres: Postgres) -> Twin:
    """Built for production, on each engine in turn."""
    twin = Twin(request.param, twin_project, postgres)
    twin.dbt("prod", "build", *DAYS)
    return twin


@pytest.fixture
def twin(production: Twin) -> Twin:
    """Nothing is built in `dev`."""
    production.drop("dev")
    return production
