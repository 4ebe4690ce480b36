"""Requests that are looked at more closely: plain columns of them, and their table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from feature_warehouse.engines import Warehouse
from feature_warehouse.skew.judge import Version
from feature_warehouse.skew.log_table import ASKED, LogTable

__all__ = ["Columns", "columns", "load", "version"]

Columns = Mapping[str, Sequence[Any]]
"""Values by the name of the column; instants are microseconds since 1970 UTC."""


def columns(warehouse: Warehouse, query: str, what: str, cut: int, *values: str) -> Columns:
    """What a query gives, by names without their first ``cut`` characters."""
    with warehouse.rows(query, what, values) as reader:
        table = reader.read_all()
    found: dict[str, Sequence[Any]] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        is_instant = pa.types.is_timestamp(column.type)
        plain = column.cast(pa.timestamp("us")).cast(pa.int64()) if is_instant else column
        found[name[cut:]] = plain.to_pylist()
    return found


def version(event: int | None, created: int | None) -> Version | None:
    """Of a row, if there is one."""
    return None if event is None else Version(event, created)


def load(
    warehouse: Warehouse,
    table: LogTable,
    requests: Columns,
    numbers: Sequence[int],
    base: Sequence[int],
    upto: Sequence[int],
) -> None:
    """Make the table ``ASKED`` of the requests with these numbers, their places in ``requests``."""
    kind = pa.timestamp("us")
    columns = {
        "number": pa.array(numbers, pa.int64()),
        "read": pa.array([requests["read"][number] for number in numbers], pa.string()),
        "place": pa.array([requests["position"][number] for number in numbers], pa.int64()),
        "base": pa.array(base, pa.int64()).cast(kind),
        "upto": pa.array(upto, pa.int64()).cast(kind),
    }
    loaded = pa.table({f"{table.prefix}{name}": column for name, column in columns.items()})
    warehouse.load(ASKED, loaded)
