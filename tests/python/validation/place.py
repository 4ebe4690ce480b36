"""A tiny project on either warehouse, whose rows are given as Python values."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import open_warehouse
from feature_warehouse.engines.profile import Profile
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.validation.gate import Gate
from feature_warehouse.validation.results import GateResult
from harness.mini import NOW, Columns, Mini
from harness.publishers import materialize, profile_of
from harness.support import credentials_of
from local_postgres import Postgres

Row = Sequence[Any]
Expectations = list[dict[str, Any]]
EARLY = datetime(2026, 1, 1, 10)


class Place:
    """A ``Mini`` project with tables in DuckDB or, if there is a server, in PostgreSQL."""

    def __init__(self, folder: Path, server: Postgres | None) -> None:
        self.mini = Mini(folder)
        self.server = server
        self.engine = "postgres" if server else "duckdb"
        self.mini.adapter = self.engine
        self.execute("drop schema if exists gate cascade", "create schema gate")

    @property
    def profile(self) -> Profile:
        if self.server is None:
            return profile_of(self.mini)
        return Profile("mini", "dev", "postgres", credentials_of(self.server))

    def execute(self, *statements: str) -> None:
        if self.server is None:
            with duckdb.connect(str(self.mini.database)) as connection:
                for statement in statements:
                    connection.execute(statement)
            return
        with closing(psycopg2.connect(self.server.uri)) as session, session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            session.commit()

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Rows into a table that is there."""
        for row in rows:
            marks = ", ".join(_literal(value) for value in row)
            self.execute(f'insert into gate."{table}" values ({marks})')

    def table(self, name: str, columns: Mapping[str, str], rows: Iterable[Row]) -> str:
        """A table of rows; its address."""
        types = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        listed = [f"({', '.join(map(_literal, row))})" for row in rows]
        made = [f'drop table if exists gate."{name}"', f'create table gate."{name}" ({types})']
        if listed:
            made.append(f'insert into gate."{name}" values {", ".join(listed)}')
        self.execute(*made)
        return f'"gate"."{name}"'

    def view(self, name: str, columns: Columns, rows: Iterable[Row], **block: Any) -> None:
        """A feature view of these rows; see ``Mini.view``."""
        types = {
            column: kind if isinstance(kind, str) else kind["data_type"]
            for column, kind in columns.items()
        }
        self.mini.view(name, columns, relation=self.table(name, types, rows), **block)

    def publish(
        self, client: Any, clock: Clock | datetime = NOW, **options: Any
    ) -> dict[str, ViewResult]:
        """A run as the command line makes it."""
        return materialize(self.mini, client, clock, profile=self.profile, **options)[0]

    def check(
        self, name: str = "scores", clock: datetime = NOW, gate: Gate | None = None, **options: Any
    ) -> GateResult:
        """What the gate says of a view, without Redis."""
        registry = read_registry(self.mini.write(), self.mini.folder)
        with open_warehouse(self.profile) as warehouse:
            now = Clock.at(clock).now
            return (gate or Gate()).check(registry.views[name], warehouse, now, **options)


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, float):
        return f"cast('{value!r}' as double precision)"
    return "'" + str(value).replace("'", "''") + "'"


SCORES: Columns = {"id": "bigint", "ts": "timestamp", "score": "double precision"}


def scores(place: Place, *values: float | None, name: str = "scores", **block: Any) -> None:
    """A view of one row for each score, of the entities 0, 1, 2 and so on."""
    rows = [(number, EARLY, value) for number, value in enumerate(values)]
    place.view(name, SCORES, rows, **block)
