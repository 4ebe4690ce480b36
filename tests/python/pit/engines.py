"""DuckDB and PostgreSQL with tables that hold an example's rows for as long as a query runs."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import duckdb
import psycopg2

from pit.declarations import Column, Row, Value

ZONE = "America/New_York"
"""The session's time zone, in which nothing may happen."""

SCHEMA = "pit"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Table = tuple[tuple[Column, ...], list[Row]]

NANOSECONDS = "timestamp_ns"
"""DuckDB's type; elsewhere a TIMESTAMP stands in for it."""


class Engine(Protocol):
    name: str
    older: bool
    """A server beside the two that we bring along: it gets fewer cases."""

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Run statements; the rows of the last one."""

    def microseconds(self, expression: str) -> str:
        """SQL for microseconds since 1970 UTC."""

    def columns(self, query: str) -> list[tuple[str, str]]:
        """Names and types, with precision, of what a query gives."""


class DuckDB:
    name = "duckdb"
    older = False

    def __init__(self, database: str = ":memory:") -> None:
        self.connection = duckdb.connect(database)
        self.ask(f"set TimeZone = '{ZONE}'; create schema if not exists {SCHEMA}")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def microseconds(self, expression: str) -> str:
        return f"epoch_us({expression})"

    def columns(self, query: str) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self.ask(f"describe {query}")]


class PostgreSQL:
    name = "postgres"

    def __init__(self, uri: str, *, older: bool = False) -> None:
        self.older = older
        self.connection = psycopg2.connect(uri)
        self.connection.autocommit = True  # transactions begin and end in the statements
        self.ask(f"set time zone '{ZONE}'; create schema if not exists {SCHEMA}")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall()) if cursor.description else []

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


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def create(engine: Engine, name: str, columns: tuple[Column, ...]) -> None:
    types = ", ".join(f"{quote(name)} {type_on(engine.name, type_)}" for name, type_ in columns)
    engine.ask(f"create table {SCHEMA}.{quote(name)} ({types})")


def type_on(engine: str, type_: str) -> str:
    return "timestamp" if type_ == NANOSECONDS and engine != "duckdb" else type_


def answers(
    engine: Engine, tables: dict[str, Table], *queries: tuple[str, Iterable[Column]]
) -> list[list[list[Value]]]:
    """What each query gives on these rows, which are gone afterwards."""
    inserts = [_insert(name, *table) for name, table in tables.items() if table[1]]
    found = []
    try:
        engine.ask("; ".join(["begin", *inserts]))
        for query, columns in queries:
            expressions = ", ".join(_readable(engine, column) for column in columns)
            rows = engine.ask(f"select {expressions} from ({query}\n) as result")
            found.append([[_comparable(value) for value in row] for row in rows])
    finally:
        engine.ask("rollback")
    return found


def difference(expected: list[list[Value]], found: list[list[Value]]) -> str:
    """What is missing and what is too much, as multisets of rows; empty if nothing."""
    rest = [[_comparable(value) for value in row] for row in expected]
    surplus = []
    for row in found:
        if row in rest:
            rest.remove(row)
        else:
            surplus.append(row)
    lines = [f"missing: {row}" for row in rest] + [f"surplus: {row}" for row in surplus]
    return "\n".join(lines)


def _comparable(value: Any) -> Value:
    """NaN equals itself here, 1 is not true and -0.0 not 0.0. An age of millennia has no
    microseconds."""
    if isinstance(value, float):
        if value == 0:
            return str(value)
        return "NaN" if math.isnan(value) else float(f"{value:.15g}")
    return str(value).lower() if isinstance(value, bool) else value


def _readable(engine: Engine, column: Column) -> str:
    """Instants without the time zones and year limits of a driver; decimals and ids exact."""
    name = f"result.{quote(column.name)}"
    if column.is_instant:
        return engine.microseconds(name)
    if column.type.startswith("numeric"):
        return f"cast({name} * 100 as bigint)"
    return f"cast({name} as text)" if column.type == "uuid" else name


def _insert(name: str, columns: tuple[Column, ...], rows: list[Row]) -> str:
    values = (
        "(" + ", ".join(_literal(row[column.name], column) for column in columns) + ")"
        for row in rows
    )
    return f"insert into {SCHEMA}.{quote(name)} values {', '.join(values)}"


def _literal(value: Value, column: Column) -> str:
    if value is None:
        return "null"
    text = str(value)
    if column.is_instant:
        assert isinstance(value, int)
        text = str(EPOCH + timedelta(microseconds=value))
        if column.type == "date":
            text = text[:10]
        elif column.type in ("timestamp", NANOSECONDS):
            text = text.removesuffix("+00:00")
    elif column.type.startswith("numeric"):
        assert isinstance(value, int)
        text = str(Decimal(value).scaleb(-2))
    return "'" + text.replace("'", "''") + "'"
