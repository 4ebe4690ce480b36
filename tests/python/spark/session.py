"""Spark, asked in the words of the other engines."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.engines import Engine, type_on

SCHEMA = "global_temp"
"""Where Spark has the views of a session, which are there for any thread of it."""


def start(folder: Path) -> Any:
    """A session with everything in one process; PySpark ships no types that help here."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.ansi.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "2g",
    }
    builder = SparkSession.builder.master("local[2]").appName("feature_warehouse")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


class Spark(Engine):
    """A session whose tables are views of the rows that they were given."""

    name = "spark"

    def __init__(self, session: Any) -> None:
        # Not as the others do, which set a time zone: Spark has to be in UTC.
        self.session = session
        self._types: dict[str, dict[str, str]] = {}
        self._rows: dict[str, list[str]] = {}

    def close(self) -> None:
        for table in self._types:
            self.ask(f"drop view if exists {SCHEMA}.{self.quote(table)}")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""
        return [tuple(row) for row in self.session.sql(query).collect()]

    def records(self, query: str) -> list[dict[str, Any]]:
        return [row.asDict() for row in self.session.sql(query).collect()]

    @contextmanager
    def changed(self, *statements: str) -> Iterator[None]:
        """Within the block rows may be inserted, afterwards there are none."""
        assert not statements, "there are no transactions"
        try:
            yield
        finally:
            for table in [table for table, rows in self._rows.items() if rows]:
                self.empty(table)

    def create(self, table: str, types: Mapping[str, str]) -> None:
        self._types[table] = {name: type_on(self.name, type_) for name, type_ in types.items()}
        self.empty(table)

    def empty(self, table: str) -> None:
        self._rows[table] = []
        self._show(table)

    def insert(self, table: str, rows: Iterable[Iterable[str]]) -> None:
        self._rows[table] += [f"({', '.join(row)})" for row in rows]
        self._show(table)

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def microseconds(self, expression: str) -> str:
        return f"unix_micros(cast({expression} as timestamp))"

    def columns(self, query: str) -> list[tuple[str, str]]:
        fields = self.session.sql(query).schema.fields
        return [(field.name, field.dataType.simpleString()) for field in fields]

    def _show(self, table: str) -> None:
        types, rows = self._types[table], self._rows[table]
        columns = ", ".join(
            f"cast({f'c{number}' if rows else 'null'} as {type_}) as {self.quote(name)}"
            for number, (name, type_) in enumerate(types.items())
        )
        names = ", ".join(f"c{number}" for number in range(len(types)))
        source = f"from values {', '.join(rows)} as given ({names})" if rows else "where false"
        self.ask(
            f"create or replace global temporary view {self.quote(table)} as"
            f" select {columns} {source}"
        )
