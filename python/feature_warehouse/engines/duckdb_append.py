"""DuckDB: adding rows to tables of the file that dbt writes, and removing them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from feature_warehouse.codec.stored_types import Kind
from feature_warehouse.engines.appending import as_texts, insert_statement, relation_of
from feature_warehouse.engines.dialect import quote
from feature_warehouse.engines.duckdb_target import connected, file_of
from feature_warehouse.errors import UnreachableError, UnservableError, UsageError
from feature_warehouse.util.signals import cancelled_by_signals, received

__all__ = ["DuckDBTables", "stored_as"]

_TYPES = {
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "uint": "UBIGINT",
    "bigint": "HUGEINT",
    "float": "DOUBLE",
    "float32": "FLOAT",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "interval": "INTERVAL",
    "uuid": "UUID",
}
_MOST_DIGITS = 38
_STAGE = "feature_warehouse_rows"


class DuckDBTables:
    """See ``Tables``. While it is open no other process can open the file."""

    def __init__(self, credentials: Any, folder: Path = Path()) -> None:
        """``credentials`` are dbt-duckdb's; what is relative is so to ``folder``."""
        self._credentials, path = credentials, file_of(credentials)
        # It would be made.
        if path != ":memory:" and ":" not in path and not (folder / path).exists():
            raise UsageError(f"there is no DuckDB file {path}; run `dbt build`")
        with chdir(folder.absolute()):
            self._connection = connected(credentials, writes=True)

    def relation(self, table: str) -> str:
        return relation_of(self._credentials, table)

    def columns(self, table: str) -> dict[str, str]:
        query = (
            "select column_name, data_type from duckdb_columns()"
            " where database_name = current_database() and schema_name = ? and table_name = ?"
            " order by column_index"
        )
        with self._explained(table):
            return dict(
                self._connection.execute(query, [self._credentials.schema, table]).fetchall()
            )

    def create(self, statements: Sequence[str]) -> None:
        with self._explained("a table"), self._transaction():
            for statement in statements:
                self._connection.execute(statement)

    def append(
        self,
        table: str,
        rows: pa.Table,
        key: Sequence[str],
        confirm: Callable[[], None] = lambda: None,
    ) -> int:
        types = self.columns(table)
        for place, field in enumerate(rows.schema):
            if pa.types.is_decimal256(field.type):
                rows = rows.set_column(place, field.name, as_texts(rows.column(place)))
        with self._explained(table), self._transaction():
            self._connection.register(_STAGE, rows)
            statement = insert_statement(self.relation(table), _STAGE, rows, types, key)
            [(count,)] = self._connection.execute(statement).fetchall()
            self._connection.unregister(_STAGE)
            confirm()
        return int(count)

    def delete(
        self, table: str, condition: str, values: Sequence[str], *, wait: bool = False
    ) -> int:
        del wait  # nobody else has the file
        statement = f"delete from {self.relation(table)} where {condition}"
        with self._explained(table), self._transaction():
            [(count,)] = self._connection.execute(statement, list(values)).fetchall()
        return int(count)

    def count(self, table: str, condition: str, values: Sequence[str]) -> int:
        query = f"select count(*) from {self.relation(table)} where {condition}"
        with self._explained(table):
            [(count,)] = self._connection.execute(query, list(values)).fetchall()
        return int(count)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.begin()
        try:
            yield
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise

    @contextmanager
    def _explained(self, table: str) -> Iterator[None]:
        try:
            with cancelled_by_signals(self._connection.interrupt):
                yield
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error as error:
            if received:
                raise KeyboardInterrupt from None
            reason = " ".join(str(error).split())
            if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
                raise UnservableError(f"{table} cannot hold a value: {reason}") from None
            is_away = isinstance(error, duckdb.IOException | duckdb.ConnectionException)
            kind = UnreachableError if is_away else UsageError
            raise kind(f"{table} cannot be written: {reason}") from None

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def stored_as(kind: Kind) -> str:
    """See ``Dialect``."""
    if kind.name == "list":
        return f"{stored_as(kind.parts[0])}[]"
    if kind.name == "map":
        key, value = map(stored_as, kind.parts)
        return f"MAP({key}, {value})"
    if kind.name == "struct":
        named = zip(kind.fields, map(stored_as, kind.parts), strict=True)
        return f"STRUCT({', '.join(f'{quote(name)} {part}' for name, part in named)})"
    if kind.name == "decimal":
        precision, scale = kind.digits or (0, 0)
        # DuckDB has no decimals without a scale, and none of more digits.
        fits = 0 < precision <= _MOST_DIGITS
        return f"DECIMAL({precision},{scale})" if fits else "VARCHAR"
    return _TYPES[kind.name]
