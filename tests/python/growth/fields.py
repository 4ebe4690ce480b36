"""Engines with the farm's tables and nothing in them, for compiled SQL and many small cases."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from growth.views import GROWING, KEPT, STAMPED
from harness.engines import DuckDB, Engine, quote
from point_in_time.answers import create
from point_in_time.declarations import Column, Row, Value

Table = Counter[tuple[Value, ...]]


def in_memory() -> Engine:
    """DuckDB with a database in memory that is called as the farm's file is."""
    engine = DuckDB()
    engine.ask("attach ':memory:' as farm; use farm")
    for growing in GROWING:
        create(engine, growing.source, growing.view.columns)
        create(engine, growing.view.name, growing.view.columns)
    for view in STAMPED:
        create(engine, view.name, view.columns)
        create(engine, f"raw_{view.name}", given_columns(view.columns, view.created))
    for view in KEPT:
        create(engine, view.name, view.columns)
    return engine


def emptied(engine: Engine) -> Engine:
    """The server on which the farm was built, without what it has grown."""
    for growing in GROWING:
        clear(engine, growing.source, growing.view.name)
    for view in STAMPED:
        clear(engine, f"raw_{view.name}", view.name)
    return engine


def given_columns(columns: Iterable[Column], without: Column | None) -> tuple[Column, ...]:
    return tuple(column for column in columns if column != without)


def clear(engine: Engine, *tables: str) -> None:
    for table in tables:
        engine.ask(f"delete from {quote(table)}")


def append(engine: Engine, table: str, query: str, *, crash: bool = False) -> None:
    """What dbt does with the SQL of an incremental model."""
    try:
        engine.ask(f"begin; insert into {quote(table)} {query}")
    except Exception:
        engine.ask("rollback")
        raise
    engine.ask("rollback" if crash else "commit")


def as_table(rows: Iterable[Iterable[Any]]) -> Table:
    """Rows as `once` has them; of those that differ in the sign of a zero alone one is kept."""
    return Counter(
        tuple(0.0 if value in ("0.0", "-0.0") else value for value in row) for row in rows
    )


def once(rows: Iterable[Row], columns: tuple[Column, ...]) -> Table:
    """Every row once, in the form that answers have: NaN equals itself, true is not 1."""
    return Counter({tuple(_plain(row[column.name]) for column in columns): 1 for row in rows})


def _plain(value: Value) -> Value:
    if isinstance(value, float):
        return "NaN" if value != value else value
    return str(value).lower() if isinstance(value, bool) else value
