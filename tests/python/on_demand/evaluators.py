"""All ways to evaluate an expression, with values in one form that can be compared to the bit."""

import math
import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

from feature_warehouse.on_demand.columns import Column
from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.on_demand.program import program
from feature_warehouse.on_demand.types import typed
from on_demand.oracle import Row
from on_demand.rows import COLUMNS

EPOCH = datetime(1970, 1, 1)

TYPES = {
    "bigint": "integer",
    "smallint": "integer",
    "integer": "integer",
    "double precision": "double",
    "real": "double",
    "date": "timestamp",
    "timestamptz": "timestamp",
}
NAMES = {
    f"{prefix}{name}": TYPES.get(kind, kind)
    for prefix in ("", "f_")
    for name, kind in COLUMNS.items()
} | {"request_time": "timestamp"}


def of_tree(tree: Any) -> Node:
    return typed(tree, NAMES)


def given(value: Any, kind: str) -> Any:
    """A value in the form that the evaluators of the package take."""
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    if isinstance(value, Decimal):
        with localcontext(prec=60):
            return int(value.scaleb(scale(kind)))
    return value


def scale(kind: str) -> int:
    return int(kind[8:-1].split(",")[1]) if kind.startswith("decimal") else 0


def taken(value: Any, kind: str) -> Any:
    """What an evaluator of the package gives, as plain Python has it."""
    if value is None:
        return None
    if kind == "timestamp":
        return EPOCH + timedelta(microseconds=value)
    if kind.startswith("decimal"):
        with localcontext(prec=60):
            return Decimal(value).scaleb(-scale(kind))
    return value


def given_rows(rows: Sequence[Row]) -> list[list[Any]]:
    """What the evaluators of the package are given of rows."""
    return [[given(row[name], kind) for name, kind in NAMES.items()] for row in rows]


def by_closures(node: Node, rows: Sequence[Sequence[Any]]) -> list[Any]:
    made = program([("made", node)], [*NAMES])
    found: list[Any] = []
    for row in rows:
        values = [*row]
        made.extend_row(values)
        found.append(taken(values[made.places["made"]], node.type))
    return found


def by_columns(node: Node, rows: Sequence[Sequence[Any]]) -> list[Any]:
    return _by_columns(node, [[*zip(*rows, strict=True)]])


def by_short_columns(node: Node, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Those of one row, many of which have no NULL and no extreme."""
    return _by_columns(node, [[[value] for value in row] for row in rows])


def _by_columns(node: Node, tables: Sequence[list[Column]]) -> list[Any]:
    made = program([("made", node)], [*NAMES])
    found: list[Any] = []
    for table in tables:
        columns = [*table]
        made.extend_columns(columns)
        found += [taken(value, node.type) for value in columns[made.places["made"]]]
    return found


EVALUATORS = (by_closures, by_columns, by_short_columns)


def bits(value: Any) -> Any:
    """What two values must share to be the same."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else struct.pack(">d", value)
    if isinstance(value, Decimal):
        with localcontext(prec=60):
            return Decimal, value.normalize().as_tuple() if value else 0
    return type(value), value
