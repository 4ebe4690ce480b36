"""Rows of a view as tuples, as SQL, and what the rules say of them as loops."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from feature_warehouse.declarations.model import Column

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
NAN = float("nan")


class Row(NamedTuple):
    """Instants are hours since ``START``."""

    id: int | None
    ts: int | None
    loaded: int | None
    x: float | None
    t: str | None


def micros(hours: int) -> int:
    return (int(START.timestamp()) + 3600 * hours) * 1_000_000


def literal(value: Any, kind: str) -> str:
    if value is None:
        return f"cast(null as {kind})"
    if kind == "timestamp":
        return f"timestamp_micros({micros(value)})"
    return f"cast('{value}' as {kind})"


KINDS = {"id": "bigint", "ts": "timestamp", "loaded": "timestamp", "x": "double", "t": "string"}
LOADED = Column("loaded", "timestamp")
FEATURES = (Column("x", "double"), Column("t", "string"))


def query(rows: Iterable[Row]) -> str:
    values = ", ".join(f"({', '.join(map(literal, row, KINDS.values()))})" for row in rows)
    return f"select * from values {values} as given ({', '.join(KINDS)})"


def random_rows(seed: int) -> list[Row]:
    random = Random(seed)
    texts = [None, "", "B", "a", "é", "z"]
    numbers = [None, -0.0, 0.0, 1.0, NAN, -math.inf]
    return [
        Row(
            random.choice([None, 1, 2, 3, 4, 5]),
            random.choice([None, *range(6)]),
            random.choice([None, *range(8)]),
            random.choice(numbers),
            random.choice(texts),
        )
        for _ in range(120)
    ]


def available(row: Row, lag: int, *, created: bool) -> int:
    assert row.ts is not None
    known = row.ts + lag
    return max(known, row.loaded) if created and row.loaded is not None else known


def load(row: Row) -> int:
    """An event that does not say when it was loaded was so when it happened."""
    found = row.ts if row.loaded is None else row.loaded
    assert found is not None
    return found


def number_rank(value: float | None) -> tuple[float, ...]:
    """NULL is the least, NaN the greatest, and 0.0 greater than -0.0."""
    if value is None:
        return (0,)
    if math.isnan(value):
        return (2,)
    return (1, value, math.copysign(1, value))


def rank(row: Row, *, created: bool) -> tuple[Any, ...]:
    loaded = -1 if row.loaded is None else row.loaded
    text = (0, b"") if row.t is None else (1, row.t.encode())
    return (row.ts, loaded if created else 0, number_rank(row.x), text)


def newest(
    rows: list[Row], at: int, lag: int, *, created: bool, since: int | None = None
) -> dict[int, Row]:
    served = [row for row in rows if row.id is not None and row.ts is not None]
    seen = [row for row in served if available(row, lag, created=created) <= at]
    found: dict[int, Row] = {}
    for row in seen:
        assert row.id is not None
        if row.id not in found or rank(row, created=created) > rank(found[row.id], created=created):
            found[row.id] = row
    if since is None:
        return found
    touched = {row.id for row in seen if available(row, lag, created=created) > since}
    return {key: row for key, row in found.items() if key in touched}


def shown(values: Iterable[Any]) -> list[Any]:
    """Values that can be compared: NaN is NaN, and the sign of a zero counts."""
    return [
        repr(value.astimezone(UTC) if isinstance(value, datetime) else value) for value in values
    ]
