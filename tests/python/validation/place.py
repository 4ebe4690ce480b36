"""A tiny project on either warehouse, whose rows are given as Python values."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import open_warehouse
from feature_warehouse.engines.profile import Profile
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.validation.gate import Gate
from feature_warehouse.validation.results import GateResult
from harness.engines import DuckDB, Engine, PostgreSQL, literal, quote
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
        self.execute("drop schema gate cascade")

    @property
    def profile(self) -> Profile:
        if self.server is None:
            return profile_of(self.mini)
        return Profile("mini", "dev", "postgres", credentials_of(self.server))

    def _connect(self) -> Engine:
        if self.server is None:
            return DuckDB(self.mini.database, "gate")
        return PostgreSQL(self.server.uri, "gate")

    def execute(self, *statements: str) -> None:
        with closing(self._connect()) as session:
            for statement in statements:
                session.ask(statement)

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Rows into a table that is there."""
        with closing(self._connect()) as session:
            session.insert(table, (map(literal, row) for row in rows))

    def table(self, name: str, columns: Mapping[str, str], rows: Iterable[Row]) -> str:
        """A table of rows; its address."""
        with closing(self._connect()) as session:
            session.ask(f"drop table if exists {quote(name)}")
            session.create(name, columns)
            session.insert(name, (map(literal, row) for row in rows))
        return f'"gate".{quote(name)}'

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


SCORES: Columns = {"id": "bigint", "ts": "timestamp", "score": "double precision"}


def scores(place: Place, *values: float | None, name: str = "scores", **block: Any) -> None:
    """A view of one row for each score, of the entities 0, 1, 2 and so on."""
    rows = [(number, EARLY, value) for number, value in enumerate(values)]
    place.view(name, SCORES, rows, **block)
