"""Batches of the newest rows of a view as Redis keys and values."""

import re
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from feature_warehouse.codec.arrow import (
    check_keys,
    check_values,
    instants,
    row_keys,
    stored_values,
)
from feature_warehouse.codec.rows import encode_rows
from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.publishing.writer import Rows
from feature_warehouse.redis_store import layout

__all__ = ["RowEncoder"]

_REFUSES: Final = re.compile("date|time|interval|decimal|map<")


class RowEncoder:
    """Encodes rows of one run for one generation, and counts them.

    ``read`` counts entities, ``expired`` those past their ttl, ``bytes`` what keys and values come
    to. ``newest_event`` is the greatest event timestamp, in microseconds since 1970 UTC.
    """

    def __init__(
        self,
        names: layout.Names,
        view: FeatureView,
        generation: layout.Generation,
        *,
        run: int,
        clock: int,
    ) -> None:
        self._view, self._generation, self.run, self._clock = view, generation, run, clock
        self._prefix = names.row_prefix(view.name, generation.number)
        self.newest_event = generation.newest_event
        self.read = self.expired = self.bytes = 0

    def check(self, batch: pa.RecordBatch) -> None:
        """Raise UnservableError for a value that ``encode`` would refuse."""
        width = len(self._generation.keys)
        check_keys([key.name for key in self._generation.keys], batch.columns[:width])
        for feature, column in zip(self._generation.features, batch.columns[width:], strict=False):
            check_values(feature.name, column, feature.type)

    @property
    def refuses_values(self) -> bool:
        """Whether there are types of which some values cannot be served."""
        kinds = [key.type for key in self._generation.keys]
        kinds += [feature.type for feature in self._generation.features]
        return any(map(_REFUSES.search, kinds)) or any(
            # A numeric(n, 0), which a generation calls an int, may be NaN.
            stored.type == "int" and "int" not in declared.data_type
            for stored, declared in zip(self._generation.keys, self._view.join_keys, strict=False)
        )

    def encode(self, batch: pa.RecordBatch) -> Rows:
        """Columns as ``Warehouse.newest_rows`` gives them. Rows past ttl and grace are left out."""
        view, generation = self._view, self._generation
        width = len(generation.keys)
        event_at = width + len(generation.features)
        self.read += batch.num_rows
        events = instants(view.event_timestamp.name, batch.column(event_at))
        if generation.ttl is not None:
            ends = pc.add(events, generation.ttl)
            self.expired += int(pc.sum(pc.less(ends, self._clock)).as_py() or 0)
            kept = pc.greater_equal(pc.add(ends, generation.grace), self._clock)
            batch, events = batch.filter(kept), events.filter(kept)
        if batch.num_rows == 0:
            return Rows([], [], [])
        created: list[Any] = [None] * batch.num_rows
        if view.created_timestamp:
            created = instants(view.created_timestamp.name, batch.column(event_at + 1)).to_pylist()
        texts = row_keys(
            self._prefix,
            [key.name for key in generation.keys],
            [batch.column(index) for index in range(width)],
        )
        keys = [text.encode() for text in texts]
        values = encode_rows(
            keys,
            events.to_pylist(),
            created,
            self.run,
            generation.schema,
            [
                stored_values(feature.name, batch.column(width + index), feature.type)
                for index, feature in enumerate(generation.features)
            ],
        )
        newest = pc.max(events).as_py()
        self.newest_event = max(newest, self.newest_event or newest)
        rows = Rows(keys, values, self._expiries(events))
        self.bytes += sum(map(len, rows.keys)) + sum(map(len, rows.values))
        return rows

    def _expiries(self, events: pa.Array) -> list[bytes]:
        """When Redis may drop each row. Simulated time stands still: nothing ever expires then."""
        if self._generation.ttl is None or self._generation.simulated:
            return []
        ends = pc.add(events, self._generation.ttl + self._generation.grace)
        texts: list[bytes] = pc.divide(ends, 1000).cast(pa.string()).cast(pa.binary()).to_pylist()
        return texts
