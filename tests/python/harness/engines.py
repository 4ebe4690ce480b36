"""DuckDB and PostgreSQL, asked in the same words."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

ENGINES = ("duckdb", "postgres")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ON_SPARK = {
    "text": "string",
    "integer": "int",
    "double precision": "double",
    "real": "float",
    "numeric(6,2)": "decimal(6,2)",
    "numeric(8,2)": "decimal(8,2)",
    "numeric(20,4)": "decimal(20,4)",
    "timestamptz": "timestamp",
    "timestamp with time zone": "timestamp",
    "uuid": "string",
}
"""Types that are called otherwise there, or for which another stands in."""

NANOSECONDS = "timestamp_ns"
"""DuckDB's type; elsewhere a TIMESTAMP stands in for it."""

ZONE = "America/New_York"
"""The session's time zone, in which nothing may happen."""


class Engine:
    """One session; tables without a schema are those of one schema."""

    name: str
    older = False
    """A server beside the two that we bring along: it gets fewer cases."""

    def __init__(self, connection: Any, cursor: Any) -> None:
        self.connection = connection
        self._cursor = cursor
        self.ask(f"set time zone '{ZONE}'")

    def close(self) -> None:
        self.connection.close()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Run statements; the rows of the last one."""
        self._cursor.execute(query)
        return list(self._cursor.fetchall()) if self._cursor.description else []

    def records(self, query: str) -> list[dict[str, Any]]:
        rows = self.ask(query)
        names = [column[0] for column in self._cursor.description]
        return [dict(zip(names, row, strict=True)) for row in rows]

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

    def create(self, table: str, types: Mapping[str, str]) -> None:
        columns = ", ".join(f"{quote(name)} {type_}" for name, type_ in types.items())
        self.ask(f"create table {quote(table)} ({columns})")

    def insert(self, table: str, rows: Iterable[Iterable[str]]) -> None:
        """Rows of values that are written as SQL."""
        if lines := [f"({', '.join(row)})" for row in rows]:
            self.ask(f"insert into {quote(table)} values {', '.join(lines)}")

    def empty(self, table: str) -> None:
        self.ask(f"delete from {self.quote(table)}")

    def quote(self, name: str) -> str:
        """A name as an identifier."""
        return quote(name)

    def microseconds(self, expression: str) -> str:
        """SQL for microseconds since 1970 UTC."""
        raise NotImplementedError

    def columns(self, query: str) -> list[tuple[str, str]]:
        """Names and types, with precision, of what a query gives."""
        raise NotImplementedError


class DuckDB(Engine):
    """A file, or a database in memory."""

    name = "duckdb"

    def __init__(self, file: str | Path = ":memory:", schema: str = "main") -> None:
        connection = duckdb.connect(file)
        super().__init__(connection, connection)
        self.ask(f"create schema if not exists {quote(schema)}; use {quote(schema)}")

    def microseconds(self, expression: str) -> str:
        return f"epoch_us({expression})"

    def columns(self, query: str) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self.ask(f"describe {query}")]


class PostgreSQL(Engine):
    """A server, where transactions begin and end in the statements."""

    name = "postgres"

    def __init__(self, uri: str, schema: str = "public", *, older: bool = False) -> None:
        connection = psycopg2.connect(uri)
        connection.autocommit = True
        super().__init__(connection, connection.cursor())
        self.older = older
        self.ask(f"create schema if not exists {quote(schema)}; set search_path to {quote(schema)}")

    def microseconds(self, expression: str) -> str:
        return f"cast(extract(epoch from {expression}) * 1000000 as bigint)"

    def columns(self, query: str) -> list[tuple[str, str]]:
        self.ask(f"create temporary view described as {query}")
        columns = self.ask(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = 'described'::regclass order by attnum"
        )
        self.ask("drop view described")
        return [(row[0], row[1]) for row in columns]


def execute(uri: str, *statements: str) -> None:
    """Run statements on PostgreSQL, each in a transaction of its own."""
    with closing(PostgreSQL(uri)) as engine:
        for statement in statements:
            engine.ask(statement)


def type_on(engine: str, type_: str) -> str:
    """What an engine calls a type."""
    if type_ == NANOSECONDS and engine != "duckdb":
        return "timestamp"
    return ON_SPARK.get(type_, type_) if engine == "spark" else type_


def type_in_project(type_: str) -> str:
    """The same in a project that may be compiled for any engine."""
    if type_ == NANOSECONDS:
        return "{{ 'timestamp_ns' if target.type == 'duckdb' else 'timestamp' }}"
    if type_ in ON_SPARK:
        return f"{{{{ '{ON_SPARK[type_]}' if target.type == 'spark' else '{type_}' }}}}"
    return type_


def name_in_project(name: str) -> str:
    """A column's name in a model of such a project."""
    return f"{{{{ adapter.quote({name!r}) }}}}"


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """SQL of a Python value."""
    if value is None:
        return "null"
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, float):
        return f"cast('{value!r}' as double precision)"
    return "'" + str(value).replace("'", "''") + "'"


def instant(microseconds: int, type_: str) -> str:
    """The text that a type has of an instant, given in microseconds since 1970 UTC."""
    text = str(EPOCH + timedelta(microseconds=microseconds)).removesuffix("+00:00")
    if type_ == "date":
        return text[:10]
    return text if type_ in ("timestamp", "timestamp_ns") else f"{text}+00"
