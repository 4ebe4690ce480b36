"""The host project `growing`: training sets that get new label rows, and what must be in them."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from harness.engines import Engine, literal
from harness.host import Host, macro_call, write_host

START = datetime(2024, 1, 1)
DAY = timedelta(days=1)
TTL = timedelta(hours=40)
FEATURES = "features=[{'view': 'prices', 'event_timestamp': true, 'age': true}, 'stock:n']"
SPLIT = "split={'by': ['item'], 'fractions': {'train': 0.5, 'test': 0.5}}"
WHERE = "where=\"id <> case length('a\\nb') when 3 then 7 else 8 end -- isn't it\""
"""All but 7, if the literal of two lines stays as it is."""

INCREMENTAL = "{{ config(materialized='incremental') }}"

RAW = {
    "raw_prices": {
        "item": "bigint",
        "ts": "timestamp",
        "loaded_at": "timestamp",
        "price": "double precision",
        "note": "text",
    },
    "raw_stock": {"item": "bigint", "ts": "timestamp", "n": "integer"},
    "raw_asked": {
        "id": "integer",
        "item": "bigint",
        "asked_at": "timestamp",
        "y": "double precision",
    },
}
MODELS = {
    "prices": "select * from {{ target.schema }}.raw_prices",
    "stock": "select * from {{ target.schema }}.raw_stock",
    "asked": "select * from {{ target.schema }}.raw_asked",
    "grown": INCREMENTAL + macro_call(f"training_set(labels='asked', {FEATURES})"),
    "parted": INCREMENTAL
    + macro_call(f"training_set(labels='asked', {FEATURES}, {SPLIT}, {WHERE})"),
    "whole": "{{ config(materialized='table') }}"
    + macro_call(f"training_set(labels='asked', {FEATURES}, {SPLIT}, {WHERE})"),
    "waiting": INCREMENTAL
    + macro_call(f"training_set(labels='asked', {FEATURES}, label_delay='2 days')"),
}
UNIT_TEST = {
    "name": "only_new_labels_are_joined",
    "model": "grown",
    "overrides": {"macros": {"is_incremental": True}},
    "given": [
        {"input": "ref('prices')", "rows": []},
        {"input": "ref('stock')", "rows": [{"item": 1, "ts": "2024-01-01 10:00:00", "n": 5}]},
        {
            "input": "ref('asked')",
            "rows": [
                {"id": 1, "item": 1, "asked_at": "2024-01-01 11:00:00"},
                {"id": 2, "item": 1, "asked_at": "2024-01-01 12:00:00"},
            ],
        },
        {"input": "this", "rows": [{"id": 1, "item": 1, "asked_at": "2024-01-01 11:00:00"}]},
    ],
    "expect": {"rows": [{"id": 2, "item": 1, "n": 5}]},
}
GROWING = ("grown", "parted", "waiting")


def write_growing(folder: Path) -> Path:
    blocks: dict[str, dict[str, Any]] = {
        "prices": {
            "feature_view": {
                "join_keys": ["item"],
                "event_timestamp": "ts",
                "created_timestamp": "loaded_at",
            }
        },
        "stock": {
            "feature_view": {"join_keys": ["item"], "event_timestamp": "ts", "ttl": "40 hours"}
        },
        "asked": {"label_set": {"timestamp": "asked_at", "label": "y"}},
    }
    properties: list[dict[str, Any]] = [
        {
            "name": name,
            "config": {
                "materialized": "view",
                "contract": {"enforced": True},
                "meta": block,
            },
            "columns": [
                {"name": column, "data_type": type_} for column, type_ in RAW[f"raw_{name}"].items()
            ],
        }
        for name, block in blocks.items()
    ]
    test = "feature_warehouse.same_rows_as"
    properties += [{"name": name, "data_tests": [test]} for name in GROWING]
    return write_host(folder, MODELS, properties, {"unit_tests": [UNIT_TEST]})


class Price(NamedTuple):
    item: int | None
    ts: datetime
    loaded_at: datetime
    price: float | None
    note: str | None


class Stock(NamedTuple):
    item: int
    ts: datetime
    n: int | None


class Label(NamedTuple):
    id: int
    item: int | None
    asked_at: datetime | None
    y: float | None


class Load(NamedTuple):
    """What becomes known within one day."""

    prices: list[Price]
    stock: list[Stock]
    asked: list[Label]


def loads(seed: int, days: int) -> list[Load]:
    """Days of rows that are true before they are loaded, and of labels that come late or twice."""
    chance = random.Random(seed)

    def hour(day: int) -> datetime:
        return START + day * DAY + timedelta(hours=chance.randrange(24))

    found = []
    for day in range(days):
        prices = []
        for _ in range(chance.randrange(6)):
            loaded_at = hour(day)
            ts = loaded_at - timedelta(hours=chance.choice([0, 1, 30]))
            price = chance.choice([None, 1.5, -0.0, float("nan"), 1e300])
            note = chance.choice([None, "", "a", "ä'"])
            prices.append(Price(chance.choice([1, 2, 3, None]), ts, loaded_at, price, note))
        stock = [
            Stock(chance.choice([1, 2, 3]), hour(day), chance.choice([None, 5, 9]))
            for _ in range(chance.randrange(3))
        ]
        asked = []
        for _ in range(chance.randrange(7)):
            when = hour(day) - chance.choice([0, 0, 1, 5]) * DAY
            label = Label(
                chance.randrange(9),
                chance.choice([1, 2, 3, 4, None]),
                when,
                chance.choice([None, 1.0]),
            )
            asked += [label] * chance.choice([1, 1, 1, 2])
        found.append(Load(prices, stock, asked))
    return found


def insert(session: Engine, load: Load) -> None:
    tables: dict[str, Sequence[tuple[Any, ...]]] = load._asdict()
    for table, rows in zip(RAW, tables.values(), strict=True):
        session.insert(table, [[literal(value) for value in row] for row in rows])


def create(host: Host) -> None:
    with host.open() as session:
        for table, types in RAW.items():
            session.create(table, types)


def training_rows(loaded: list[Load]) -> Counter[tuple[str, ...]]:
    """Rules 1 and 2 as a loop over all that was loaded, as texts, so that -0.0 is not 0.0."""
    prices = [row for load in loaded for row in load.prices]
    stock = [row for load in loaded for row in load.stock]
    return Counter(
        texts(
            (
                *label,
                *_price(prices, label.item, label.asked_at),
                _stock(stock, label.item, label.asked_at),
            )
        )
        for load in loaded
        for label in load.asked
        if label.asked_at is not None and label.asked_at < datetime(2100, 1, 1)
    )


def texts(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(repr(float(value)) if isinstance(value, float) else str(value) for value in row)


def _price(rows: list[Price], item: int | None, at: datetime | None) -> tuple[Any, ...]:
    """The features, the event timestamp, and the age in seconds."""
    found = [row for row in rows if row.item == item and at and max(row.ts, row.loaded_at) <= at]
    if item is None or not found or at is None:
        return (None, None, None, None)
    best = max(found, key=lambda row: (row.ts, row.loaded_at, _rank(row.price), _rank(row.note)))
    return (best.price, best.note, best.ts, (at - best.ts).total_seconds())


def _stock(rows: list[Stock], item: int | None, at: datetime | None) -> int | None:
    found = [row for row in rows if row.item == item and at and row.ts <= at]
    if item is None or not found or at is None:
        return None
    best = max(found, key=lambda row: (row.ts, _rank(row.n)))
    return best.n if best.ts >= at - TTL else None


def _rank(value: Any) -> tuple[int, Any]:
    """NULL is the least, NaN the greatest number, and text goes by its bytes."""
    if value is None:
        return (0, 0)
    if isinstance(value, float) and value != value:
        return (2, 0)
    return (1, value.encode() if isinstance(value, str) else value)
