"""The project `lab` as built on one engine, and ways to break its tables for a moment."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copyfile
from typing import Any, Self

import duckdb
import psycopg2

from local_postgres import Postgres

ZONE = "America/New_York"
"""The session's time zone, in which nothing may happen."""

Rows = list[tuple[Any, ...]]


class Lab:
    """Queries go to the tables that dbt built, on DuckDB to a copy of its file."""

    def __init__(self, engine: str, project: Path, env: dict[str, str], connection: Any) -> None:
        self.engine = engine
        self.project = project
        self.env = env
        self._connection = connection
        self.target = project / engine

    @classmethod
    @contextmanager
    def on_duckdb(cls, project: Path, env: dict[str, str]) -> Iterator[Self]:
        """A connection to a copy, for dbt may want the file."""
        copy = project / "copy" / f"{project.name}.duckdb"
        copy.parent.mkdir()
        copyfile(project / copy.name, copy)
        with duckdb.connect(str(copy)) as connection:
            connection.execute(f"set TimeZone = '{ZONE}'")
            yield cls("duckdb", project, env, connection)

    @classmethod
    @contextmanager
    def on_postgres(cls, project: Path, env: dict[str, str], server: Postgres) -> Iterator[Self]:
        with closing(psycopg2.connect(server.uri)) as connection:
            connection.autocommit = True
            lab = cls("postgres", project, env, connection.cursor())
            lab.ask(f"set time zone '{ZONE}'; set search_path to {project.name}")
            yield lab

    def ask(self, query: str) -> Rows:
        """Run statements; the rows of the last one."""
        self._connection.execute(query)
        return [tuple(row) for row in self._connection.fetchall()] if self._has_rows() else []

    def records(self, query: str) -> list[dict[str, Any]]:
        rows = self.ask(query)
        names = [column[0] for column in self._connection.description or []]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _has_rows(self) -> bool:
        return self._connection.description is not None

    @contextmanager
    def changed(self, *statements: str) -> Iterator[None]:
        """Within the block the statements hold, afterwards they never were."""
        self.ask("begin")
        try:
            for statement in statements:
                self.ask(statement)
            yield
        finally:
            self.ask("rollback")

    def model(self, name: str) -> str:
        return (self._compiled / "models" / f"{name}.sql").read_text()

    def test(self, name: str) -> str:
        return (self._compiled / "models" / "models.yml" / f"{name}.sql").read_text()

    def failures(self, test: str) -> list[dict[str, Any]]:
        """The rows that a generic test finds now."""
        return self.records(self.test(test))

    def columns(self, table: str) -> list[str]:
        return [
            row[0]
            for row in self.ask(
                "select column_name from information_schema.columns"
                f" where table_name = '{table}' and table_schema in ('main', 'lab')"
                " order by ordinal_position"
            )
        ]

    def results(self) -> dict[str, Any]:
        """What `dbt build` said of each node."""
        content = json.loads((self.target / "run_results.json").read_text())
        return {result["unique_id"].split(".")[2]: result for result in content["results"]}

    @property
    def _compiled(self) -> Path:
        return self.target / "compiled" / self.project.name


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def state(lab: Lab) -> Any:
    """Everything in the warehouse's catalog, and every file of the project.

    Not temporary tables: PostgreSQL drops those of a closed session a moment later.
    """
    if lab.engine == "postgres":
        lasting = "select relname, relfilenode from pg_class where relpersistence <> 't'"
        catalog: Any = sorted(lab.ask(lasting), key=str)
    else:
        catalog = (lab.project / "lab.duckdb").read_bytes()
    files = {path: path.lstat().st_mtime_ns for path in lab.project.rglob("*")}
    return catalog, files
