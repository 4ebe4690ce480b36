"""DuckDB: a read-only connection to the file dbt wrote."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from feature_warehouse.codec.arrow import number_as_text
from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.codec.stored_types import Kind
from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines import columns, queries
from feature_warehouse.engines.arrow import is_of_a_file, plain_array, plain_reader, plain_type
from feature_warehouse.engines.dialect import Dialect, quote
from feature_warehouse.engines.duckdb_append import DuckDBTables, stored_as
from feature_warehouse.engines.duckdb_target import connected, credentials_of, file_of
from feature_warehouse.engines.protocol import BATCH_ROWS, Inspection
from feature_warehouse.engines.sort_keys import (
    FLOAT,
    NUMBERS,
    bytewise,
    compared,
    scalar_of,
    shared_keys,
)
from feature_warehouse.errors import BusyError, UnreachableError, UsageError
from feature_warehouse.util.signals import cancelled_by_signals, received

__all__ = [
    "DIALECT",
    "connect",
    "connect_to_append",
    "credentials_of",
    "file_of",
    "plain_column",
]

# What DuckDB hashes as equal is equal for readers too. Not so in anything nested, in an interval,
# and in an enum, of which the place among the others is hashed.
_HASHABLE = re.compile(
    r"(u?(tiny|small|big|huge)?int|u?integer|int[1248]|bool|boolean|date|time|timestamp\w*"
    r"|timestamp with time zone|(numeric|decimal|text|string|varchar|char|bpchar)\s*(\(.*\))?"
    r"|json|uuid|bytea|blob)"
)
_HUGE = {"hugeint", "uhugeint"}
_FLOAT = re.compile(r"(double|double precision|real|float[48]?)(\[\d*\])?")


_MAGIC = slice(8, 12)
_IDENTIFIER = slice(124, 140)


class DuckDBWarehouse:
    """See ``Warehouse``. No other process can write while this is open, so the snapshot is one."""

    def __init__(self, credentials: Any, folder: Path = Path()) -> None:
        """``credentials`` are dbt-duckdb's, with its attachments, extensions and secrets.

        Whatever is relative, be it in the profile or in a view over files, is so to ``folder``.
        """
        self.dialect = DIALECT
        self._folder = folder.absolute()
        self._place = file_of(credentials)
        self._path, self._schema = self._folder / self._place, credentials.schema
        self._file = _inode(self._path)
        with chdir(self._folder):
            self._connection = connected(credentials)

    def inspect(
        self, view: FeatureView, clock: int, watermark: int, last: tuple[int, int] | None
    ) -> Inspection:
        query = queries.inspection_query(view, clock, watermark, last, self.dialect)
        with self._explained(f"feature view {view.name!r}"):
            return Inspection(*self._connection.sql(query).fetchall()[0])

    def newest_load(self, view: FeatureView, clock: int) -> int:
        with self._explained(f"feature view {view.name!r}"):
            query = queries.newest_load_query(view, clock, self.dialect)
            [(newest,)] = self._connection.sql(query).fetchall()
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
        # Without it 128-bit integers, bits and times with a zone arrive as something else.
        self._connection.execute("set arrow_lossless_conversion = true")
        with self.rows(query, f"feature view {view.name!r}") as reader:
            yield reader

    def newest_query(self, view: FeatureView, clock: int, since: int | None = None) -> str:
        return queries.newest_rows_query(view, clock, since, dialect=self.dialect)

    def identity(self) -> list[str]:
        if self._file is None:
            return [f"duckdb {self._place} {self._schema}"]
        found = [f"duckdb {self._path.resolve()} {self._schema}"]
        # DuckDB gives each file one (since 1.4): the main header has it, behind magic and versions.
        with self._path.open("rb") as file:
            header = file.read(_IDENTIFIER.stop)
        if header[_MAGIC] == b"DUCK" and any(header[_IDENTIFIER]):
            found.append(f"duckdb {header[_IDENTIFIER].hex()} {self._schema}")
        return found

    def refresh(self) -> None:
        """Nobody else can write while the file is open, but put another one in its place.

        BusyError then: what was deleted, and perhaps forgotten, is still in ours.
        """
        if _inode(self._path) != self._file:
            raise BusyError(
                f"the DuckDB file {self._path.name} was replaced while this run had it open; run"
                " again"
            )

    def holds(self, view: FeatureView, entity: Mapping[str, str]) -> int:
        values = list(entity.values())
        with self._explained(f"feature view {view.name!r}"):
            try:
                if values:
                    query = queries.values_query(view, entity, self.dialect)
                    self._connection.execute(query, values).fetchall()
            except (duckdb.ConversionException, duckdb.OutOfRangeException):
                return 0
            query = queries.holds_query(view, entity, self.dialect)
            [(count,)] = self._connection.execute(query, values).fetchall()
        return int(count)

    def tables_of(self, schema: str) -> dict[str, list[str]]:
        return columns.tables_of(schema, self)

    def column_names(self, relation: str) -> list[str]:
        return columns.column_names(relation, self)

    def load(self, name: str, table: pa.Table) -> None:
        self._connection.register(name, table)

    @contextmanager
    def rows(
        self, query: str, what: str, values: Sequence[str] = ()
    ) -> Iterator[pa.RecordBatchReader]:
        with (
            self._explained(what),
            self._connection.sql(query, params=list(values) or None).to_arrow_reader(
                BATCH_ROWS
            ) as reader,
        ):
            fields = [field.with_type(plain_type(field, _plain)) for field in reader.schema]
            with plain_reader(reader, pa.schema(fields), _converted) as plain:
                yield plain

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            with cancelled_by_signals(self._connection.interrupt), chdir(self._folder):
                yield
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise UsageError(
                f"{what} is not in the warehouse as declared"
                f" ({_first_line(error)}); run `dbt build`"
            ) from None
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if received:
                raise KeyboardInterrupt from None
            if is_of_a_file(error):
                raise
            # A file, a bucket or a server that a view reads, or MotherDuck.
            is_away = isinstance(error, duckdb.IOException | duckdb.ConnectionException)
            kind = UnreachableError if is_away else UsageError
            raise kind(f"{what} cannot be read: {_first_line(error)}") from None


def _inode(path: Path) -> tuple[int, int] | None:
    """That of a file, None where the path is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def plain_column(field: pa.Field, array: pa.Array) -> tuple[pa.Field, pa.Array]:
    """A column as DuckDB gives it, as the engine delivers it."""
    plain = field.with_type(plain_type(field, _plain))
    return plain, plain_array(array, plain.type, _converted)


def _plain(field: pa.Field) -> pa.DataType | None:
    is_huge = isinstance(field.type, pa.OpaqueType) and field.type.type_name in _HUGE
    return number_as_text(Kind("bigint")) if is_huge else None


def _converted(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Integers of 128 bits, which arrive as their bytes, as text."""
    signed = array.type.type_name == "hugeint"
    texts = [
        None if value is None else str(int.from_bytes(value, "little", signed=signed))
        for value in array.storage.to_pylist()
    ]
    return pa.ExtensionArray.from_storage(kind, pa.array(texts, pa.string()))


def _hashed(columns: Sequence[Column]) -> str:
    return f"hash({', '.join(map(_hashable, columns))})"


def _hashable(column: Column) -> str:
    name = quote(column.name)
    if _HASHABLE.fullmatch(column.data_type):
        return name
    found = _FLOAT.fullmatch(column.data_type)
    if found is None:
        return f"cast({name} as text)"
    # The sign tells -0.0 from 0.0; a list of NULLs hashes like an empty one.
    is_list = found[2] is not None
    signs = f"[signbit(x) for x in {name}], len({name})" if is_list else f"signbit({name})"
    return f"{name}, {signs}"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _sort_keys(column: Column) -> list[str]:
    """The expressions to sort by; downwards the greatest value is first."""
    name = quote(column.name)
    if (shared := shared_keys(column)) is not None:
        return shared
    scalar, is_list = scalar_of(column)
    if FLOAT.fullmatch(scalar) and not is_list:
        return [name, f"not signbit({name})"]
    if scalar in NUMBERS and not is_list:
        return [name]
    return [name if is_list else bytewise(name, scalar), f'cast({name} as text) collate "C"']


connect = DuckDBWarehouse
connect_to_append = DuckDBTables
DIALECT = Dialect(
    type_of="typeof",
    sort_keys=_sort_keys,
    hashed=_hashed,
    compared=compared,
    stored_as=stored_as,
)
