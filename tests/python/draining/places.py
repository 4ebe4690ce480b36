"""A warehouse of each engine that logged requests are drained into."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from feature_warehouse.draining.drain import Drain, Drained, logging_services
from feature_warehouse.engines import Tables, engine_of
from harness.engines import DuckDB, Engine, PostgreSQL
from harness.redis_fixture import NAMES
from harness.support import credentials_of
from local_postgres import Postgres

SCHEMA = "logged"


class Place(msgspec.Struct, frozen=True):
    """Where it is: an engine's name, what its profile would give, and a session of the test's."""

    engine: str
    credentials: Any
    ask: Callable[[], Engine]

    def open(self) -> Tables:
        return engine_of(self.engine).connect_to_append(self.credentials)

    def drain(
        self,
        client: Any,
        *,
        create: bool = True,
        tables: Any = None,
        publications: bool = False,
    ) -> list[Drained]:
        """Drain the logs of all services; ``tables`` is a connection that is open."""
        opened = tables or self.open()
        try:
            dialect = engine_of(self.engine).DIALECT
            work = Drain(client, NAMES, opened, dialect, create=create)
            found = [work.service(service) for service in logging_services(client, NAMES)]
            return [*found, work.publications()] if publications else found
        finally:
            opened.close()

    def rows(self, query: str) -> list[dict[str, Any]]:
        session = self.ask()
        try:
            return session.records(query)
        finally:
            session.close()

    def execute(self, statement: str) -> None:
        session = self.ask()
        try:
            session.ask(statement)
        finally:
            session.close()


def place_of(engine: str, folder: Path, server: Postgres | None) -> Iterator[Place]:
    """An empty schema."""
    if engine == "duckdb":
        file = folder / "a warehouse.duckdb"
        credentials = SimpleNamespace(
            path=str(file), database="a warehouse", schema=SCHEMA, config_options={}, extensions=[],
            settings={}, secrets=[], attach=[],
        )  # fmt: skip
        place = Place(engine, credentials, lambda: DuckDB(file, SCHEMA))
    else:
        assert server is not None
        credentials = credentials_of(server)
        credentials.schema = SCHEMA
        place = Place(engine, credentials, lambda: PostgreSQL(server.uri, SCHEMA))
        place.execute(f"drop schema {SCHEMA} cascade; create schema {SCHEMA}")
    place.execute("select 1")  # makes the file and the schema
    yield place
