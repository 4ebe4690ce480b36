"""Spark by its method ``session``: tables of the session catalog, read through Parquet files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Never, Self

import pyarrow as pa
import pyarrow.parquet as pq

from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.engines import columns, queries
from feature_warehouse.engines.arrow import is_of_a_file
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.engines.protocol import Inspection
from feature_warehouse.engines.spark_arrow import arrow_schema, read_batches, unreadable
from feature_warehouse.engines.spark_dialect import DIALECT, NO_APPENDING
from feature_warehouse.engines.spark_files import State, lacks_files, state_of
from feature_warehouse.engines.spark_session import first_line, open_session
from feature_warehouse.errors import BusyError, UnreachableError, UsageError
from feature_warehouse.util.signals import cancelled_by_signals, received

__all__ = ["DIALECT", "connect", "connect_to_append", "credentials_of", "file_of"]

_DATA_EXCEPTION = "22"
"""How the SQLSTATEs of values that do not fit begin."""


def file_of(_credentials: Any) -> None:
    """A warehouse is a folder of many files."""


def credentials_of(_output: dict[str, Any]) -> Never:
    """See ``Engine``."""
    raise UsageError(
        "Spark is read with dbt-core and dbt-spark only; pip install 'feature-warehouse[spark]'"
    )


def connect_to_append(_credentials: Any, _folder: Path = Path()) -> Never:
    """UsageError: no table of Parquet files takes rows one by one."""
    raise UsageError(NO_APPENDING)


class SparkWarehouse:
    """See ``Warehouse``. What a view consists of must stay while it is read, see ``state_of``."""

    def __init__(self, credentials: Any, folder: Path = Path()) -> None:
        """``credentials`` are dbt-spark's; a relative metastore or warehouse lies in ``folder``."""
        self.dialect: Dialect = DIALECT
        self._schema = credentials.schema
        self._opened = open_session(credentials, folder)
        self._session = self._opened.session
        self._states: dict[str, State] = {}
        self._loaded = TemporaryDirectory(prefix="feature-warehouse-")

    def inspect(
        self, view: FeatureView, clock: int, watermark: int, last: tuple[int, int] | None
    ) -> Inspection:
        query = queries.inspection_query(view, clock, watermark, last, self.dialect)
        with self._one_state(view), self.rows(query, _named(view)) as reader:
            columns_found = reader.read_all().columns
        return Inspection(*(value for column in columns_found for value in column.to_pylist()))

    def newest_load(self, view: FeatureView, clock: int) -> int:
        query = queries.newest_load_query(view, clock, self.dialect)
        with self._one_state(view), self.rows(query, _named(view)) as reader:
            [newest] = reader.read_all().column(0).cast(pa.int64()).to_pylist()
        return newest or 0

    def schema(self, view: FeatureView) -> pa.Schema:
        columns.refuse_other_types(view, self)
        with self._explained(_named(view)):
            return arrow_schema(self._session.sql(self.newest_query(view, 0)).schema)

    @contextmanager
    def newest_rows(
        self, view: FeatureView, clock: int, since: int | None = None
    ) -> Iterator[pa.RecordBatchReader]:
        query = self.newest_query(view, clock, since)
        with ExitStack() as stack:
            with self._one_state(view):
                reader = stack.enter_context(self.rows(query, _named(view)))
            # All rows lie beside us by now, and nothing of them was sent yet.
            yield reader

    def newest_query(self, view: FeatureView, clock: int, since: int | None = None) -> str:
        return queries.newest_rows_query(view, clock, since, dialect=self.dialect)

    def identity(self) -> list[str]:
        with self._explained("the schema of the target"):
            place = self._session.catalog.getDatabase(self._schema).locationUri
        return [f"spark {place}"]

    def refresh(self) -> None:
        from pyspark.errors import AnalysisException

        # Spark remembers which files a table has, and would go on with those that are gone.
        for relation in self._states:
            with self._explained(relation), suppress(AnalysisException):  # the table may be gone
                self._session.sql(f"refresh table {relation}")
        self._states.clear()

    def holds(self, view: FeatureView, entity: Mapping[str, str]) -> int:
        values = list(entity.values())
        if values and not self._takes(view, entity):
            return 0
        query = queries.holds_query(view, entity, self.dialect)
        with self.rows(query, _named(view), values) as reader:
            [count] = reader.read_all().column(0).to_pylist()
        return int(count)

    def _takes(self, view: FeatureView, entity: Mapping[str, str]) -> bool:
        """Whether the texts are values of the join keys' types."""
        from pyspark.errors import PySparkException

        query = queries.values_query(view, entity, self.dialect)
        with self._explained(_named(view)):
            try:
                self._session.sql(query, args=_named_values([*entity.values()])).collect()
            except PySparkException as error:
                if not (error.getSqlState() or "").startswith(_DATA_EXCEPTION):
                    raise
                return False
        return True

    def tables_of(self, schema: str) -> dict[str, list[str]]:
        del schema  # none takes rows one by one
        return {}

    def column_names(self, relation: str) -> list[str]:
        with self._explained(f"the columns of {relation}"):
            if not self._session.catalog.tableExists(relation):
                return []
            return list(self._session.table(relation).columns)

    def load(self, name: str, table: pa.Table) -> None:
        file = Path(self._loaded.name) / f"{name}.parquet"
        pq.write_table(_as_spark_has_it(table), file)
        with self._explained("the labels"):
            self._session.read.parquet(file.as_uri()).createOrReplaceTempView(name)

    @contextmanager
    def rows(
        self, query: str, what: str, values: Sequence[str] = ()
    ) -> Iterator[pa.RecordBatchReader]:
        with self._explained(what):
            frame = self._session.sql(query, args=_named_values(values))
            schema = arrow_schema(frame.schema)
            if found := unreadable(schema):
                raise UsageError(
                    f"{what} has column {', '.join(found)}, which cannot be read from Spark; cast"
                    " it in the model"
                )
            with read_batches(frame, schema) as reader:
                yield reader

    def close(self) -> None:
        self._opened.close()
        self._loaded.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _one_state(self, view: FeatureView) -> Iterator[None]:
        """Within the block the view is what it was when it was first looked at, or BusyError."""
        self._refuse_another_state(view)
        try:
            yield
        except UsageError:
            self._refuse_another_state(view)
            raise
        self._refuse_another_state(view)

    def _refuse_another_state(self, view: FeatureView) -> None:
        known = self._states.get(view.relation)
        try:
            with self._explained(_named(view)):
                frame = self._session.sql(f"select * from {view.relation}")
                state = state_of(frame, _named(view))
        except UsageError:
            if known is None:
                raise
            state = None  # dbt drops a table before it makes it anew
        if state is None or state != (known or state) or lacks_files(state):
            raise BusyError(
                f"{_named(view)} was written while it was read, and its tables have no versions to"
                " go on with; run again when dbt has finished"
            )
        self._states[view.relation] = state

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        from py4j.protocol import Py4JError, Py4JNetworkError
        from pyspark.errors import AnalysisException, PySparkException

        try:
            with cancelled_by_signals(self._session.sparkContext.cancelAllJobs):
                yield
        except AnalysisException as error:
            raise UsageError(
                f"{what} is not in the warehouse as declared ({first_line(error)}); run `dbt build`"
            ) from None
        except (Py4JNetworkError, ConnectionError) as error:
            if received:
                raise KeyboardInterrupt from None
            raise UnreachableError(
                f"{what} cannot be read: Spark's process has ended ({first_line(error)}); run again"
            ) from None
        except (PySparkException, Py4JError, pa.ArrowException, OSError) as error:
            if received:
                raise KeyboardInterrupt from None
            if is_of_a_file(error):
                raise
            raise UsageError(f"{what} cannot be read: {first_line(error)}") from None


def _named(view: FeatureView) -> str:
    return f"feature view {view.name!r}"


def _named_values(values: Sequence[str]) -> dict[str, str]:
    return {f"p{place}": value for place, value in enumerate(values, 1)}


def _as_spark_has_it(table: pa.Table) -> pa.Table:
    """Instants without a time zone are in UTC, and ids are texts."""
    columns = map(_column_as_spark_has_it, table.columns)
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _column_as_spark_has_it(column: pa.ChunkedArray) -> Any:
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is None:
        return column.cast(pa.timestamp(kind.unit, tz="UTC"))
    if isinstance(kind, pa.UuidType):
        return [None if value is None else str(value) for value in column.to_pylist()]
    return column


connect = SparkWarehouse
