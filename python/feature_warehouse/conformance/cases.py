"""Random rows that collide: few keys, and instants on the bounds of the rules and beside them.

A case is one number in the column ``case_id`` of each table. So a warehouse answers all cases by
the same statements, and a difference has few rows.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Final

import msgspec

from feature_warehouse.conformance.declared import Column, Row, Value, View
from feature_warehouse.conformance.point_in_time import available_at
from feature_warehouse.conformance.shapes import (
    ANCHOR,
    ARRIVALS,
    DAY,
    HOUR,
    LABELS,
    LOOKBACK,
    MINUTE,
    Shapes,
)

__all__ = ["BATCHES", "Cases", "make_cases"]

BATCHES: Final = 3
"""In how many runs of dbt the tables grow."""

_OF_WORLD: Final = 25
"""So many cases have rows of a view without keys, for all labels see them."""

_LEAP_DAY: Final = 1_709_164_800_000_000
_ANCHORS: Final = (ANCHOR, ANCHOR, ANCHOR, 0, _LEAP_DAY)
_FUTURE: Final = 32_472_144_000_000_000
"""The year 2999: after each clock of a build."""

_VALUES: Final[Mapping[str, tuple[Value, ...]]] = {
    "bigint": (1, 2, 9_007_199_254_740_993, -(2**62), None),
    "integer": (0, 1, 2, -3, None),
    "boolean": (True, False, None),
    "text": ("1", "11", "a", "B", "é", "", "a|b, c", "\ue000", "\U0001f600", None),
    "double": (0.5, -1.25, 0.1, 0.0, -0.0, float("nan"), 1e300, None),
    "decimal": (Decimal("1.50"), Decimal("1.49"), Decimal("-0.07"), Decimal("99999.99"), None),
    "date": (0, _LEAP_DAY, -365 * DAY, None),
    "timestamp": (ANCHOR, ANCHOR + 1, 0, -1, None),
}
_KEYS: Final[Mapping[str, tuple[Value, ...]]] = {
    "k": (1, 1, 1, 2, 2, None),
    "word": ("a", "a", "B", "é", "", None),
}


class Cases(msgspec.Struct, frozen=True):
    """Rows by the name of their table, which are those of all cases; ``count`` of them."""

    count: int
    tables: Mapping[str, Sequence[Row]]


def make_cases(shapes: Shapes, count: int, seed: int) -> Cases:
    """The cases from 0 on; the same for the same number and seed."""
    tables: dict[str, list[Row]] = {
        name: [] for name in ("fwc_labels", "fwc_events", "fwc_arrivals")
    }
    tables |= {view.name: [] for view in shapes.views}
    world = Random(f"conformance {seed}")
    for number in range(count):
        random = Random(f"conformance {seed} {number}")
        instants = _instants(random)
        given: list[tuple[View, Row]] = []
        for view in shapes.views:
            if view.keys:
                rows = _rows(random, view, number, instants)
                given += ((view, row) for row in rows)
                tables[view.name] += rows
            elif number < _OF_WORLD:
                tables[view.name] += _rows(world, view, number, _instants(world))[:2]
        tables["fwc_labels"] += _labels(random, given, number, instants)
        tables["fwc_events"] += _events(random, number)
        tables["fwc_arrivals"] += _arrivals(random, number)
    return Cases(count, tables)


def _some(random: Random, choices: Sequence[int]) -> int:
    return random.choice(choices)


def _instants(random: Random) -> list[int]:
    """A few instants of a coarse grid, and some a microsecond beside it."""
    anchor = random.choice(_ANCHORS)
    step = random.choice((HOUR, 30 * MINUTE, 10 * MINUTE, 1))
    grid = [anchor + step * number for number in range(-1, 5)]
    return [random.choice(grid) + random.choice((0, 0, 0, 1, -1)) for _ in range(5)]


def _rows(random: Random, view: View, case: int, instants: Sequence[int]) -> list[Row]:
    """Some rows of a view, of which a few tie, and a few are there twice."""
    rows: list[Row] = []
    for _ in range(_some(random, (0, 1, 2, 3, 5))):
        row = _row(random, view, case, instants)
        if rows and random.random() < 0.3:
            names = [column.name for column in (*view.features, *view.extra)]
            other = random.choice(rows)
            row = {name: row[name] if name in names else other[name] for name in row}
            if random.random() < 0.2:
                row = dict(other)
        rows.append(row)
    return rows


def _row(random: Random, view: View, case: int, instants: Sequence[int]) -> Row:
    event = _perhaps(random, random.choice(instants), 0.04)
    if isinstance(event, int) and random.random() < 0.02:
        event = _FUTURE
    if isinstance(event, int) and view.event.kind == "date":
        event -= event % DAY
    row: Row = {}
    for column in view.columns:
        if column == view.event:
            row[column.name] = event
        elif column == view.created:
            row[column.name] = _loaded_at(random, event, instants)
        else:
            row[column.name] = _value(random, column, case)
    return row


def _loaded_at(random: Random, event: Value, instants: Sequence[int]) -> int | None:
    if random.random() < 0.1:
        return None
    begin = event if isinstance(event, int) and random.random() < 0.6 else random.choice(instants)
    return begin + random.choice((0, 0, HOUR, HOUR, -HOUR, 2 * HOUR, 30 * MINUTE + 1, DAY))


def _value(random: Random, column: Column, case: int) -> Value:
    if column.name == "case_id":
        return case
    return random.choice(_KEYS.get(column.name) or _VALUES[column.kind])


def _labels(
    random: Random, given: Sequence[tuple[View, Row]], case: int, instants: Sequence[int]
) -> list[Row]:
    """Labels, many on the bounds of a row and beside them; some are there twice, in all columns."""
    labels: list[Row] = []
    for number in range(_some(random, (1, 2, 3, 5))):
        label = {column.name: _value(random, column, case) for column in LABELS}
        at: Value = random.choice(instants) + random.choice((0, HOUR, 10 * MINUTE))
        if given and random.random() < 0.7:
            view, row = random.choice(given)
            at = random.choice(_bounds(view, row)) or at
            label |= {column.name: row[column.name] for column in view.keys}
        label["label_id"] = number
        label["asked_at"] = _perhaps(random, at, 0.04)
        label["note"] = random.choice(("x", "y", None))
        label["batch_no"] = random.randint(1, BATCHES)
        labels.append(label)
        if random.random() < 0.15:
            labels.append(label | {"batch_no": random.randint(1, BATCHES)})
    return labels


def _bounds(view: View, row: Row) -> list[int | None]:
    """When a row becomes available, and when it expires, with the microseconds around."""
    event, known = row[view.event.name], available_at(view, row)
    bounds = [known, known, known]
    if view.ttl and isinstance(event, int):
        bounds.append(event + view.ttl.microseconds)
    return [
        None if at is None or at > _FUTURE else at + step for at in bounds for step in (-1, 0, 0, 1)
    ]


def _events(random: Random, case: int) -> list[Row]:
    """Events of window views, so that windows begin and end at once; they arrive in any order."""
    anchor = random.choice(_ANCHORS)
    grid = random.choice((12 * HOUR, 12 * HOUR, 3 * HOUR, 1))
    events: list[Row] = []
    for _ in range(_some(random, (1, 2, 3, 5, 8))):
        at = anchor + grid * random.randrange(10)
        delay = random.choice((0, 0, 1, grid, 5 * HOUR, DAY, 2 * DAY, -DAY, 4 * DAY))
        events.append(
            {
                "case_id": case,
                "k": random.choice((1, 1, 1, 1, 2, None)),
                "happened_at": _perhaps(random, at, 0.02),
                "loaded_at": _perhaps(random, at + delay, 0.1),
                "i": random.choice((*range(-3, 6), None)),
                "d": _perhaps(random, Decimal(random.randrange(-9999, 9999)).scaleb(-2), 0.15),
                "f": random.choice((0.0, -0.0, 0.1, 0.2, -0.3, 1e15, 3.5, 1 / 3, None)),
                "t": random.choice(("a", "B", "b", "é", "", "a:b", None)),
                "flag": random.choice((True, False, None)),
                "seq": random.randrange(3),
                "batch_no": random.randint(1, BATCHES),
            }
        )
    return events


def _arrivals(random: Random, case: int) -> list[Row]:
    """Rows that land in the order of their load times, or no more than the lookback behind."""
    lookback, length = LOOKBACK.microseconds, 3 * HOUR
    rows: list[Row] = []
    for _ in range(_some(random, (1, 2, 3, 5))):
        loaded = _perhaps(random, ANCHOR + MINUTE * random.randrange(BATCHES * 180), 0.05)
        batch = random.randint(1, BATCHES)
        if isinstance(loaded, int):
            landed = loaded + random.choice((0, 0, lookback, random.randint(0, lookback)))
            batch = min(1 + (landed - ANCHOR) // length, BATCHES)
            if random.random() < 0.02:
                loaded = _FUTURE
        row = {column.name: _value(random, column, case) for column in ARRIVALS.columns[:2]}
        row |= {
            "happened_at": _perhaps(random, ANCHOR + HOUR * random.randrange(9), 0.05),
            "loaded_at": loaded,
            "a": random.choice((1, 2, None)),
            "b": random.choice(("a", "", None)),
            "batch_no": batch,
        }
        rows.append(row)
        if random.random() < 0.2:
            rows.append(dict(row))
    return rows


def _perhaps(random: Random, value: Value, share: float) -> Value:
    """The value; NULL for a share of the rows."""
    return None if random.random() < share else value
