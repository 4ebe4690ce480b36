"""Ad-hoc training sets: tables of labels, and what is asked for them."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pyarrow as pa

from training_sets.project import PARTS
from training_sets.rows import Row
from training_sets.tables import visits

KEYS = ["visit_id", "customer_id", "friend_id", "Group"]
SPLIT = {"by": ["visit_id"], "fractions": {"train": 0.5, "test": 0.5}}
ODD_KEYS = [
    {
        "view": "status",
        "join_keys": {"customer_id": "feature_warehouse_row"},
        "features": {"level": "New Level"},
    },
    {"view": "rate", "age": "Age"},
]

MICROSECONDS = pa.timestamp("us")


def simple(kind: pa.DataType = MICROSECONDS) -> pa.Table:
    """Keys and an instant, in an order of no meaning."""
    rows = visits()
    Random(1).shuffle(rows)
    columns = {name: pa.array([row[name] for row in rows]) for name in KEYS}
    return pa.table({**columns, "at": instants(rows, kind)})


def instants(rows: list[Row], kind: pa.DataType) -> pa.Array:
    at = [row["at"] for row in rows]
    if pa.types.is_date(kind):
        return pa.array([moment and moment.date() for moment in at], kind)
    if kind.tz:
        return pa.array([moment and moment.replace(tzinfo=UTC) for moment in at], kind)
    return pa.array(at, kind)


NUMBERS = (
    pa.int8(),
    pa.uint8(),
    pa.uint16(),
    pa.uint32(),
    pa.uint64(),
    pa.float64(),
    pa.decimal128(19, 0),
)
TEXTS = (
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.large_string()),
)


def numbered(kind: pa.DataType) -> pa.Table:
    """The same labels, with customers of another numeric type."""
    labels = simple()
    return labels.set_column(1, "customer_id", labels["customer_id"].cast(kind))


def worded(kind: pa.DataType) -> pa.Table:
    """The same labels, with groups of another type of text."""
    labels = simple()
    return labels.set_column(3, "Group", labels["Group"].cast(kind))


def nameless() -> pa.Table:
    """The same labels, with keys that are all NULL."""
    labels = simple()
    for place in (1, 2, 3):
        labels = labels.set_column(place, KEYS[place], pa.nulls(labels.num_rows))
    return labels


def rich() -> pa.Table:
    """Columns of every kind that a label table may bring along."""
    table = simple(pa.timestamp("ns"))
    count = table.num_rows
    group = table["Group"].combine_chunks().dictionary_encode()
    table = table.set_column(3, "Group", group)
    return (
        table.append_column("feature_warehouse_row", pa.array(range(count, 0, -1)))
        .append_column("tags", pa.array([["a", None], None, []] * count)[:count])
        .append_column("place", pa.array([{"x": 1, "y": None}, None] * count)[:count])
        .append_column("Select", pa.array([b"\x00", None] * count)[:count])
        .append_column("when", pa.array([datetime(2024, 1, 1), None] * count)[:count])
        .append_column("nothing", pa.nulls(count))
    )


BUILDS: dict[str, tuple[pa.Table, dict[str, Any]]] = {
    "service": (simple(), {"service": "main_set"}),
    "rich": (rich(), {"features": PARTS, "timestamp": "at"}),
    "zoned": (simple(pa.timestamp("ms", "Asia/Tokyo")), {"service": "main_set"}),
    "event_time": (simple(), {"service": "early_set", "knowledge": "event_time"}),
    "served": (
        simple(),
        {
            "features": PARTS,
            "knowledge": "served",
            "served": {"every": "1 day", "delay": "5 hours", "log": True},
        },
    ),
    "as_of": (simple(), {"service": "main_set", "as_of": "2024-01-15T12:00:00Z"}),
    "split": (simple(), {"service": "split_set", "split": SPLIT}),
    "dates": (simple(pa.date32()), {"features": ["rate", "balance:amount"], "timestamp": "at"}),
    "midnights": (
        simple(pa.date32()).set_column(4, "at", simple(pa.date32())["at"].cast(pa.timestamp("s"))),
        {"features": ["rate", "balance:amount"]},
    ),
    "one": (
        simple(),
        {"features": "rate:rate"},
    ),
    "odd": (
        pa.table({"feature_warehouse_row": [1, None, 2], "Order": [datetime(2024, 1, 9)] * 3}),
        {"features": ODD_KEYS},
    ),
}

ASKED = [
    *BUILDS.values(),
    *((numbered(kind), BUILDS["service"][1]) for kind in NUMBERS),
    *((worded(kind), BUILDS["service"][1]) for kind in TEXTS),
    (nameless(), BUILDS["service"][1]),
    (simple(pa.timestamp("ns")), BUILDS["service"][1]),
]
"""All that the tests ask of dbt."""
