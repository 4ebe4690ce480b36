"""The newest rows of a view, as a source of figures."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import pyarrow as pa

from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines import Warehouse
from feature_warehouse.engines.columns import published_type
from feature_warehouse.validation.sql.binding import Binder

__all__ = ["Rows"]


class Rows(msgspec.Struct, frozen=True):
    """Newest rows of a view: all of them or, with ``since``, of entities that got a row then."""

    view: FeatureView
    warehouse: Warehouse
    clock: int
    since: int | None = None

    @property
    def columns(self) -> dict[str, Column]:
        """By name, with the types they are published with."""
        return {
            column.name: msgspec.structs.replace(
                column, data_type=published_type(self.view, column)
            )
            for column in self.view.columns
        }

    def select(self, what: str) -> str:
        """A query over them, which are called ``published_rows``."""
        newest = self.warehouse.newest_query(self.view, self.clock, self.since)
        quote = self.warehouse.dialect.quote
        names = ", ".join(
            f"c{number} as {quote(column.name)}" for number, column in enumerate(self.view.columns)
        )
        source = f"(select {names} from ({newest}) as newest_rows) as published_rows"
        return what.replace("<rows>", source, 1)

    @contextmanager
    def read(self, what: str, values: Sequence[str] = ()) -> Iterator[pa.RecordBatchReader]:
        name = f"feature view {self.view.name!r}"
        with self.warehouse.rows(self.select(what), name, values) as reader:
            yield reader

    def fetch(self, what: str, binder: Binder | None = None) -> list[tuple[Any, ...]]:
        """All that a query gives, as Python values."""
        with self.read(what, binder.values if binder else ()) as reader:
            table = reader.read_all()
        columns = [column.to_pylist() for column in table.columns]
        return list(zip(*columns, strict=True))

    def personal(self, names: Iterable[str]) -> bool:
        """Whether one of the columns has personal data."""
        return any(self.columns[name].pii for name in names if name in self.columns)
