"""PostgreSQL: binary COPY into Arrow through ADBC, in one repeatable-read transaction."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import adbc_driver_manager as adbc
import adbc_driver_postgresql.dbapi as postgres
import pyarrow as pa

from feature_warehouse.codec.arrow import number_as_text
from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.codec.stored_types import Kind
from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines import columns, queries
from feature_warehouse.engines.arrow import is_of_a_file, plain_reader, plain_type
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.engines.dialect import quote as quoted
from feature_warehouse.engines.postgres_append import PostgresTables, stored_as
from feature_warehouse.engines.postgres_target import address, credentials_of, reason
from feature_warehouse.engines.protocol import Inspection
from feature_warehouse.engines.sort_keys import (
    FLOAT,
    NUMBERS,
    bytewise,
    compared,
    scalar_of,
    shared_keys,
)
from feature_warehouse.errors import UnreachableError, UnservableError, UsageError
from feature_warehouse.util.signals import cancelled_by_signals, received

__all__ = ["DIALECT", "connect", "connect_to_append", "credentials_of", "file_of"]

_WITHOUT_ORDER = {
    *("json", "jsonb", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"),
}

# Money arrives as an integer of its smallest unit, which depends on the server's locale; the others
# as signed integers, which they are not.
_MISLEADING = {"money", "oid", "regproc"}

_VENDOR = "PostgreSQL"
_MANY_DIMENSIONS = re.compile(r"\]\s*\[")

_DATA_EXCEPTION = "22"
"""How the SQLSTATEs of values that do not fit begin."""


_LOOPBACK = ("", "localhost", "127.0.0.1", "::1")


def file_of(_credentials: Any) -> None:
    """A server has no file."""


class PostgresWarehouse:
    """See ``Warehouse``."""

    def __init__(self, credentials: Any, _folder: Path = Path()) -> None:
        """``credentials`` are dbt-postgres's; nothing is relative to a folder."""
        self.dialect = DIALECT
        self._password, self._role = credentials.password, credentials.role
        self._credentials = credentials
        try:
            self._connection = postgres.connect(address(credentials))
            self._begin()
        except adbc.Error as error:
            what = "refused the connection"
            if "statement timeout" in str(error):
                what = f"cancelled the query; raise statement_timeout for {credentials.user!r}"
            raise UnreachableError(
                f"PostgreSQL at {credentials.host}:{credentials.port} {what}:"
                f" {reason(error, credentials.password)}"
            ) from None

    def _begin(self, access: str = "read only") -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(f"set transaction isolation level repeatable read {access}")
            cursor.execute("set local time zone 'UTC'")
            if self._role:
                cursor.execute(f"set local role {quoted(self._role)}")

    def inspect(
        self, view: FeatureView, clock: int, watermark: int, last: tuple[int, int] | None
    ) -> Inspection:
        query = queries.inspection_query(view, clock, watermark, last, self.dialect)
        with self._cursor(_named(view)) as cursor:
            _refuse_dimensions(view, cursor)
            cursor.execute(query)
            return Inspection(*cursor.fetchone())

    def newest_load(self, view: FeatureView, clock: int) -> int:
        with self._cursor(_named(view)) as cursor:
            cursor.execute(queries.newest_load_query(view, clock, self.dialect))
            [newest] = cursor.fetchone()
        return to_microseconds(newest) if newest else 0

    def schema(self, view: FeatureView) -> pa.Schema:
        columns.refuse_other_types(view, self)
        with self.newest_rows(view, 0, limit=" limit 0") as reader:
            return reader.schema

    @contextmanager
    def newest_rows(
        self, view: FeatureView, clock: int, since: int | None = None, *, limit: str = ""
    ) -> Iterator[pa.RecordBatchReader]:
        query = self.newest_query(view, clock, since) + limit
        declared = [*view.join_keys, *view.features]
        with self._rows(query, _named(view), declared=declared) as reader:
            yield reader

    def newest_query(self, view: FeatureView, clock: int, since: int | None = None) -> str:
        return queries.newest_rows_query(view, clock, since, dialect=self.dialect)

    def identity(self) -> list[str]:
        known = self._credentials
        host, database, schema = known.host, known.database, known.schema
        address = f"postgres {host}:{known.port} {database} {schema}"
        with self._cursor("the server's identifier") as cursor:
            cursor.execute("select has_function_privilege('pg_control_system()', 'execute')")
            if not cursor.fetchone()[0]:
                return [address]
            cursor.execute("select system_identifier::text from pg_control_system()")
            found = [f"postgres {cursor.fetchone()[0]} {database} {schema}"]
        # Each machine has its own server under such an address.
        if host not in _LOOPBACK and not host.startswith("/"):
            found.append(address)
        return found

    def refresh(self, access: str = "read only") -> None:
        try:
            self._connection.rollback()
            self._begin(access)
        except adbc.Error as error:
            raise self._lost(error) from None

    def holds(self, view: FeatureView, entity: Mapping[str, str]) -> int:
        values = tuple(entity.values()) or None
        if values and not self._takes(view, entity):
            return 0
        query = queries.holds_query(view, entity, self.dialect)
        with self._cursor(_named(view)) as cursor:
            cursor.execute(query, values)
            return int(cursor.fetchone()[0])

    def _takes(self, view: FeatureView, entity: Mapping[str, str]) -> bool:
        """Whether the texts are values of the join keys' types."""
        query = queries.values_query(view, entity, self.dialect)
        with self._cursor(_named(view)) as cursor:
            try:
                cursor.execute(query, tuple(entity.values()))
                cursor.fetchone()
            except adbc.Error as error:
                if not (error.sqlstate or "").startswith(_DATA_EXCEPTION):
                    raise
            else:
                return True
        self.refresh()  # the transaction has failed
        return False

    def tables_of(self, schema: str) -> dict[str, list[str]]:
        return columns.tables_of(schema, self)

    def column_names(self, relation: str) -> list[str]:
        return columns.column_names(relation, self)

    def load(self, name: str, table: pa.Table) -> None:
        # A temporary table needs a transaction that may write; it is rolled back with the rest.
        self.refresh("read write")
        with self._cursor("the labels") as cursor:
            try:
                cursor.adbc_ingest(name, table, mode="create", temporary=True)
            except adbc.Error as error:
                forbidden = error.status_code == adbc.AdbcStatusCode.UNAUTHORIZED
                if not forbidden and "read-only transaction" not in str(error):
                    raise
                self.refresh()  # the transaction has failed
                role, database = self._role or self._credentials.user, self._credentials.database
                raise UsageError(
                    f"labels are sent in a temporary table, which {role!r} may not create: grant"
                    f" temporary on database {database} to it, on a server that can be written to"
                    f" ({reason(error, self._password)})"
                ) from None
            cursor.execute(f"analyze {quoted(name)}")

    @contextmanager
    def rows(
        self, query: str, what: str, values: Sequence[str] = ()
    ) -> Iterator[pa.RecordBatchReader]:
        with self._rows(query, what, values) as reader:
            yield reader

    @contextmanager
    def _rows(
        self,
        query: str,
        what: str,
        values: Sequence[str] = (),
        declared: Sequence[Column] = (),
    ) -> Iterator[pa.RecordBatchReader]:
        """``declared`` are the columns that the query's begin with."""
        with self._cursor(what) as cursor:
            cursor.execute(query, tuple(values) or None)
            with cursor.fetch_record_batch() as reader, _plainly(reader, declared) as plain:
                yield plain

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _cursor(self, what: str) -> Iterator[Any]:
        """A cursor; errors are in our words, and what comes next gets a new transaction."""
        try:
            with self._connection.cursor() as cursor, cancelled_by_signals(cursor.adbc_cancel):
                yield cursor
        except (adbc.Error, pa.ArrowException, OSError) as error:
            if received:
                raise KeyboardInterrupt from None
            if is_of_a_file(error):
                raise
            why = reason(error, self._password)
            try:
                self._connection.rollback()
            except adbc.Error:
                raise self._lost(error) from None
            with suppress(adbc.Error):
                self._begin()
            if isinstance(error, adbc.ProgrammingError):
                raise UsageError(
                    f"{what} is not in the warehouse as declared ({why}); run `dbt build`"
                ) from None
            raise UsageError(f"{what} cannot be read: {why}") from None

    def _lost(self, error: Exception) -> UnreachableError:
        """The error for a connection that not even a rollback gets through."""
        where = f"PostgreSQL at {self._credentials.host}:{self._credentials.port}"
        why = reason(error, self._password)
        return UnreachableError(f"the connection to {where} was lost: {why}; run again")


def _refuse_dimensions(view: FeatureView, cursor: Any) -> None:
    """The driver flattens an array of arrays, and nothing of a column's type tells of them."""
    arrays = [feature.name for feature in view.features if feature.data_type.endswith("]")]
    if not arrays:
        return
    counts = [f"count(*) filter (where array_ndims({quoted(name)}) > 1)" for name in arrays]
    cursor.execute(f"select {', '.join(counts)} from {view.relation}")
    for name, count in zip(arrays, cursor.fetchone(), strict=True):
        if count:
            raise UnservableError(
                f"column {name!r} holds arrays of arrays, which cannot be served; make it a flat"
                " array or jsonb in the model, or set `feature: false` in its meta"
            )


def _plainly(reader: pa.RecordBatchReader, declared: Sequence[Column]) -> pa.RecordBatchReader:
    """What the driver reads, in plain types; ``declared`` are the first columns."""
    fields = [field.with_type(plain_type(field, _plain)) for field in reader.schema]
    names = [field.name for field in fields]
    for number, column in enumerate(declared):
        names[number] = column.name
        # The driver makes one flat list of such an array.
        if _MANY_DIMENSIONS.search(column.data_type):
            kind = pa.opaque(fields[number].type, column.data_type, _VENDOR)
            fields[number] = fields[number].with_type(kind)

    def look(batch: pa.RecordBatch) -> None:
        for name, column in zip(names, batch.columns, strict=True):
            if _has_null_composite(column):
                raise UnservableError(
                    f"column {name!r} holds a composite that is NULL, after which PostgreSQL's"
                    " Arrow driver loses values; cast it to jsonb in the model"
                )

    return plain_reader(reader, pa.schema(fields), _converted, look)


def _plain(field: pa.Field) -> pa.DataType | None:
    metadata = field.metadata or {}
    name = metadata.get(b"POSTGRESQL:type", b"").decode()
    if isinstance(field.type, pa.OpaqueType) and field.type.type_name == "numeric":
        return number_as_text(Kind("decimal", digits=_digits(metadata)))
    return pa.opaque(field.type, name, _VENDOR) if name in _MISLEADING else None


def _converted(array: pa.Array, kind: pa.DataType) -> pa.Array:
    storage = array.storage if kind.storage_type != array.type else array
    return pa.ExtensionArray.from_storage(kind, storage)


def _digits(metadata: Mapping[bytes, bytes]) -> tuple[int, int] | None:
    """Precision and scale from PostgreSQL's type modifier: 16 bits and 11 signed ones, plus 4."""
    modifier = int(metadata.get(b"POSTGRESQL:typmod", -1)) - 4
    if modifier < 0:
        return None
    precision, scale = modifier >> 16, ((modifier & 0x7FF) ^ 0x400) - 0x400
    # A scale below zero rounds to tens, one above the precision begins behind zeros.
    return (precision - scale, 0) if scale < 0 else (max(precision, scale), scale)


def _has_null_composite(array: pa.Array) -> bool:
    """Whether a composite is NULL, in the array or in what it consists of.

    ADBC's driver for PostgreSQL (1.13) reads one, and then forgets that those after it are not:
    where there is any, none can be trusted.
    """
    if pa.types.is_list(array.type):
        return _has_null_composite(array.values)
    if not pa.types.is_struct(array.type):
        return False
    children = (array.field(index) for index in range(array.type.num_fields))
    return array.buffers()[0] is not None or any(map(_has_null_composite, children))


def _hashed(columns: Sequence[Column]) -> str:
    # The bytes that a client would get, which every type has: hashes of its own PostgreSQL has not
    # for each type, and those are the same for 1.0 and 1.00, or for a day and 24 hours.
    names = ", ".join(quoted(column.name) for column in columns)
    return f"hash_record_extended(row(record_send(row({names}))), 0)"


def _named(view: FeatureView) -> str:
    return f"feature view {view.name!r}"


def _sort_keys(column: Column) -> list[str]:
    """The expressions to sort by; downwards the greatest value is first."""
    name = quoted(column.name)
    if (shared := shared_keys(column)) is not None:
        return shared
    scalar, is_list = scalar_of(column)
    if FLOAT.fullmatch(scalar):
        if is_list:
            return [name, f'case when 0 = any({name}) then cast({name} as text) end collate "C"']
        return [name, f"({name} <> 0 or cast({name} as text) = '0')"]
    if scalar in NUMBERS and not is_list:
        return [name, f"scale({name})"]
    sent = f"record_send(row({name}))"
    if scalar in _WITHOUT_ORDER:
        return [sent]
    return [bytewise(name, scalar, is_list=is_list), sent]


connect = PostgresWarehouse
connect_to_append = PostgresTables
DIALECT = Dialect(
    type_of="pg_typeof",
    sort_keys=_sort_keys,
    hashed=_hashed,
    compared=compared,
    stored_as=stored_as,
)
