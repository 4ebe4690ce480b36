"""The host project, built once on each engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.support import dbt, run
from local_postgres import Postgres
from watching import project
from watching.rows import Reading, Request, readings, requests


class Watched(msgspec.Struct, frozen=True):
    """A built project. ``readings`` and ``requests`` are the rows it was built from."""

    engine: str
    folder: Path
    env: dict[str, str]
    server: Postgres
    readings: list[Reading]
    requests: list[Request]

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with project.connected(self.engine, self.folder, self.server) as cursor:
            cursor.execute(query)
            return [tuple(row) for row in cursor.fetchall()]

    def drift(self, *arguments: str) -> Any:
        """What the command line prints, and its exit code."""
        return run("feature-warehouse", "drift", *arguments, cwd=self.folder, env=self.env)


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[Watched]:
    engine = request.param
    folder = project.write_project(tmp_path_factory.mktemp("watching") / "host of meters")
    env = project.environment(folder, engine, project.output(engine, folder, postgres))
    rows, asked = readings(), requests()
    with project.connected(engine, folder, postgres) as cursor:
        project.load(cursor, rows, asked)
    dbt("--quiet", "run", project=folder, env=env)
    yield Watched(engine, folder, env, postgres, rows, asked)
    with project.connected(engine, folder, postgres) as cursor:
        cursor.execute(f"drop schema {project.SCHEMA} cascade")
