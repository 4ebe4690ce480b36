"""PostgreSQL: adding rows to tables, by binary COPY into a temporary one, and removing them."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import adbc_driver_manager as adbc
import adbc_driver_postgresql.dbapi as postgres
import pyarrow as pa

from feature_warehouse.codec.stored_types import NESTED, Kind
from feature_warehouse.engines.appending import as_texts, insert_statement, relation_of
from feature_warehouse.engines.dialect import quote
from feature_warehouse.engines.postgres_target import address, reason
from feature_warehouse.errors import BusyError, UnreachableError, UnservableError, UsageError
from feature_warehouse.util.signals import cancelled_by_signals, received

__all__ = ["PostgresTables", "stored_as"]

_TYPES = {
    "bool": "boolean",
    "int": "bigint",
    "uint": "numeric(20,0)",
    "bigint": "numeric(39,0)",
    "float": "double precision",
    "float32": "real",
    "string": "text",
    "binary": "bytea",
    "date": "date",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "interval": "interval",
    "uuid": "uuid",
}
_STAGE = "feature_warehouse_rows"
_PATIENCE_MS = 10_000
"""For how long others may be adding rows to a table that rows are removed from."""

_LOCK_NOT_AVAILABLE = "55P03"
_DATA_EXCEPTION = "22"
_CONNECTION_LOST = ("08", "57P")
"""How the SQLSTATEs of values that do not fit, and of connections that end, begin."""


class PostgresTables:
    """See ``Tables``."""

    def __init__(self, credentials: Any, _folder: Path = Path()) -> None:
        """``credentials`` are dbt-postgres's; nothing is relative to a folder."""
        self._credentials = credentials
        try:
            self._connection = postgres.connect(address(credentials))
        except adbc.Error as error:
            raise self._unreachable("refused the connection", error) from None

    def relation(self, table: str) -> str:
        return relation_of(self._credentials, table)

    def columns(self, table: str) -> dict[str, str]:
        query = (
            "select attname::text, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum"
        )
        with self._transaction(table) as cursor:
            cursor.execute(query, (self.relation(table),))
            return dict(cursor.fetchall())

    def create(self, statements: Sequence[str]) -> None:
        with self._transaction("a table") as cursor:
            for statement in statements:
                cursor.execute(statement)

    def append(
        self,
        table: str,
        rows: pa.Table,
        key: Sequence[str],
        confirm: Callable[[], None] = lambda: None,
    ) -> int:
        types = self.columns(table)
        for place, field in enumerate(rows.schema):
            if (texts := _staged(rows.column(place), field.type)) is not None:
                rows = rows.set_column(place, field.name, texts)
        statement = insert_statement(self.relation(table), _STAGE, rows, types, key)
        with self._transaction(table) as cursor:
            cursor.adbc_ingest(_STAGE, rows, mode="create", temporary=True)
            cursor.execute(statement)
            count = cursor.rowcount
            cursor.execute(f"drop table {_STAGE}")
            confirm()
        return int(count)

    def delete(
        self, table: str, condition: str, values: Sequence[str], *, wait: bool = False
    ) -> int:
        relation = self.relation(table)
        with self._transaction(table) as cursor:
            cursor.execute(f"set local lock_timeout = {0 if wait else _PATIENCE_MS}")
            # Nobody adds rows from now on, and what was being added is there.
            cursor.execute(f"lock table {relation} in share row exclusive mode")
            # The driver does not count the rows of a statement with parameters.
            cursor.execute(
                f"with gone as (delete from {relation} where {condition} returning 1)"
                " select count(*) from gone",
                tuple(values) or None,
            )
            return int(cursor.fetchone()[0])

    def count(self, table: str, condition: str, values: Sequence[str]) -> int:
        query = f"select count(*) from {self.relation(table)} where {condition}"
        with self._transaction(table) as cursor:
            cursor.execute(query, tuple(values) or None)
            return int(cursor.fetchone()[0])

    @contextmanager
    def _transaction(self, table: str) -> Iterator[Any]:
        """A cursor; what it did is committed at the end, or not at all."""
        try:
            with self._connection.cursor() as cursor, cancelled_by_signals(cursor.adbc_cancel):
                cursor.execute("set local time zone 'UTC'")
                if role := self._credentials.role:
                    cursor.execute(f"set local role {quote(role)}")
                yield cursor
                self._connection.commit()
        except (adbc.Error, pa.ArrowException, OSError) as error:
            if received:
                raise KeyboardInterrupt from None
            try:
                self._connection.rollback()
            except adbc.Error:
                raise self._unreachable("ended the connection", error) from None
            if str(getattr(error, "sqlstate", None) or "").startswith(_CONNECTION_LOST):
                raise self._unreachable("ended the connection", error) from None
            why = reason(error, self._credentials.password)
            if getattr(error, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise BusyError(
                    f"another process is writing to {table}; try again when it has finished, or"
                    " pass --wait"
                ) from None
            if str(getattr(error, "sqlstate", None) or "").startswith(_DATA_EXCEPTION):
                raise UnservableError(f"{table} cannot hold a value: {why}") from None
            raise UsageError(f"{table} cannot be written: {why}") from None
        except BaseException:
            with suppress(adbc.Error):
                self._connection.rollback()
            raise

    def _unreachable(self, what: str, error: Exception) -> UnreachableError:
        known = self._credentials
        why = reason(error, known.password)
        return UnreachableError(f"PostgreSQL at {known.host}:{known.port} {what}: {why}")

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def stored_as(kind: Kind) -> str:
    """See ``Dialect``."""
    if kind.name == "list" and kind.parts[0].name not in NESTED:
        return f"{stored_as(kind.parts[0])}[]"
    if kind.name in NESTED:
        return "jsonb"
    if kind.name == "decimal":
        return "numeric({},{})".format(*kind.digits) if kind.digits else "numeric"
    return _TYPES[kind.name]


def _staged(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array | None:
    """The texts of a column that the driver (ADBC 1.13) cannot write, or writes wrongly."""
    if pa.types.is_decimal(kind) or pa.types.is_uint64(kind):
        return as_texts(column)
    if pa.types.is_struct(kind) or pa.types.is_map(kind) or _is_deep(kind):
        values = column.to_pylist(maps_as_pydicts="strict")
        return pa.array([None if value is None else _json(value) for value in values], pa.string())
    if pa.types.is_list(kind) and (
        pa.types.is_decimal(kind.value_type) or pa.types.is_uint64(kind.value_type)
    ):
        return pa.array([_array(value) for value in column.to_pylist()], pa.string())
    return None


def _is_deep(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) and (
        pa.types.is_nested(kind.value_type) and not isinstance(kind.value_type, pa.ExtensionType)
    )


def _json(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, default=str)


def _plain(value: Any) -> Any:
    """A value that JSON has; what it lacks becomes a text."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    is_number = isinstance(value, int | bool) or (isinstance(value, float) and math.isfinite(value))
    return value if value is None or is_number or isinstance(value, str) else str(value)


def _array(values: Any) -> str | None:
    """A list of numbers as PostgreSQL writes an array."""
    if values is None:
        return None
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"
