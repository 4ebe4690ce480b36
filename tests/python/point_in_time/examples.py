"""Random rows that collide: few keys, and instants a microsecond around every bound.

Seeded by a name and a number, so a case can be had again by itself. Plain ``random`` rather than
Hypothesis, whose draws cost more than the queries and which likes variations of one example: in 40
of them it made not one row that came late. Failing cases are made small by leaving out rows.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from harness.engines import NANOSECONDS
from point_in_time.declarations import (
    PUBLICATION_LOG,
    Column,
    Part,
    Row,
    TrainingSet,
    Value,
    View,
)
from point_in_time.oracle import availability
from point_in_time.views import DAY

FIRST = -62_135_596_800_000_000
"""Year 1 begins."""
LAST = 253_402_300_799_999_999
"""Year 9999 ends."""

NANOSECOND_RANGE = (-9_223_286_400_000_000, 9_223_286_400_000_000)
"""What 64 bits hold if they count nanoseconds, to the day."""

CLOCK_CHANGES = (1_362_898_800_000_000, 1_383_458_400_000_000)
"""New York's in 2013: 10 March 07:00 UTC and 3 November 06:00 UTC."""

ANCHORS = (*CLOCK_CHANGES, 0, FIRST + DAY, LAST - DAY + 1, 1_709_208_000_000_000)

VALUES: dict[str, tuple[Value, ...]] = {
    "bigint": (1, 1, 2, None),
    "integer": (1, 2, None),
    "smallint": (0, 1, None),
    "boolean": (False, True, None),
    # By its bytes: upper case, lower case, beyond ASCII; the last two change places in UTF-16.
    "text": ("1", "11", "12", "2", "B", "a", "á", "", None, "\ue000", "\U0001f600"),
    "double precision": (0.5, -1.0, 0.0, -0.0, float("nan"), float("inf"), float("-inf"), None),
    "numeric(6,2)": (150, 149, -150, None),
    # Zeros, which are the same for whoever compares them.
    "real": (0.5, 0.0, -0.0, 0.0, -0.0, float("nan"), None),
    "uuid": (
        "00000000-0000-0000-0000-000000000001",
        "80000000-0000-0000-0000-000000000000",
        None,
    ),
}
KEY_TEXTS = ("1", "11", "12", "2", None)
"""("1", "12") and ("11", "2") are two keys."""


class Example(NamedTuple):
    """``loop_join``: DuckDB has a second ASOF algorithm, for small tables."""

    tables: dict[str, list[Row]]
    loop_join: bool


def training_example(training_set: TrainingSet, number: int) -> Example:
    """Rows for a label set and its views, around the bounds of one of the views and of the set."""
    random = Random(f"{training_set.name} {number}")
    label_set = training_set.labels
    views = training_set.views
    used = [*label_set.columns, *(column for view in views for column in view.columns)]
    midnight = any(column.type == "date" for column in used)
    bounds = bounds_of(training_set)
    palette = _palette(random, random.choice(views), bounds or ANCHORS, midnight=midnight)
    palette += [_clamped(bound + random.choice((0, 0, 1, -1))) for bound in bounds]
    label_keys = {name for part in training_set.parts for name in part.label_keys}
    tables = {view.name: _view_rows(random, view, palette) for view in views}
    labels = _rows(random, label_set.columns, label_keys, palette)
    for part in training_set.parts:
        rows = tables[part.view.name]
        labels = [
            _label_for(random, training_set, part, random.choice(rows), label)
            if rows and random.random() < 0.5
            else label
            for label in labels
        ]
    tables[label_set.name] = labels
    if training_set.logged:
        tables[PUBLICATION_LOG] = _runs(random, views, palette)
    return Example(tables, random.random() < 0.5)


def _runs(random: Random, views: Sequence[View], palette: list[int]) -> list[Row]:
    """Runs over the views, and over another one; some end at once, or begin with an old clock."""
    runs: list[Row] = []
    names = [*(view.name for view in views), "another"]
    for run in range(random.choice((0, 1, 3, 6, 12))):
        clock = random.choice(palette)
        finished = clock if random.random() < 0.5 else random.choice(palette)
        runs.append(
            {
                "view": random.choice(names),
                "run": run,
                "clock": clock,
                "finished_at": finished,
                "is_simulated": random.random() < 0.2,
            }
        )
    return runs


def _label_for(random: Random, training_set: TrainingSet, part: Part, row: Row, label: Row) -> Row:
    """The label changed so as to have the row's keys, about when the row becomes available."""
    label = label | {
        name: row[key.name] for name, key in zip(part.label_keys, part.view.keys, strict=True)
    }
    at = availability(part.view, row)
    types = dict(training_set.labels.columns)
    name = training_set.labels.timestamp
    if at is not None and types[name] != "date" and random.random() < 0.5:
        label[name] = _clamped(at + random.choice((0, 0, 1, -1)), types[name])
    return label


def bounds_of(training_set: TrainingSet) -> list[int]:
    """The instants at which a label row is taken in, left out or put in another split.

    And the events that are just too old for the first label.
    """
    split = training_set.split
    starts = list(split.starts.values()) if split else []
    moments = (training_set.start, training_set.end, training_set.as_of, *starts)
    bounds = [moment.microseconds for moment in moments if moment]
    if split and split.embargo:
        bounds += [start.microseconds - split.embargo.microseconds for start in starts]
    if training_set.as_of and training_set.labels.maturity:
        maturity = training_set.labels.maturity.microseconds
        bounds.append(training_set.as_of.microseconds - maturity)
    if training_set.schedule:
        every, delay = training_set.schedule
        ready = every.microseconds * (ANCHORS[0] // every.microseconds)
        bounds += [ready, ready + (delay.microseconds if delay else 0)]
    if training_set.start:
        ttls = [view.ttl.microseconds for view in training_set.views if view.ttl]
        bounds += [training_set.start.microseconds - ttl for ttl in ttls]
    return bounds


def view_example(view: View, anchors: Sequence[int], number: int) -> Example:
    """Rows of a view around instants at which it is asked for."""
    random = Random(f"{view.name} {number}")
    palette = _palette(random, view, anchors, midnight=False)
    return Example({view.name: _view_rows(random, view, palette)}, loop_join=False)


def smallest(example: Example, fails: Callable[[Example], object]) -> Example:
    """The example without all rows that are not needed for it to fail."""
    for name, rows in example.tables.items():
        for number in reversed(range(len(rows))):
            fewer = rows[:number] + rows[number + 1 :]
            candidate = example._replace(tables={**example.tables, name: fewer})
            if fails(candidate):
                return smallest(candidate, fails)
    return example


def _palette(random: Random, view: View, anchors: Sequence[int], *, midnight: bool) -> list[int]:
    """Some instants in steps of a length that decides in the view, or a microsecond beside them."""
    anchor = random.choice(anchors)
    if midnight:
        anchor = anchor // DAY * DAY
    lag = view.lag.microseconds if view.lag else 0
    ttl = view.ttl.microseconds if view.ttl else 0
    step = random.choice([length for length in (lag, ttl, ttl - lag, 1) if length > 0])
    first = random.randint(-4, 0)
    distances = [number * step + random.choice((0, 0, 1, -1)) for number in range(first, first + 5)]
    distances += random.choices((lag, -lag, ttl, -ttl), k=2)
    palette = [anchor, *(anchor + distance for distance in distances)]
    if random.random() < 0.2:
        palette.append(random.choice((FIRST, LAST)))
    return [_clamped(instant) for instant in palette]


def _clamped(instant: int, type_: str = "timestamp") -> int:
    first, last = NANOSECOND_RANGE if type_ == NANOSECONDS else (FIRST, LAST)
    return min(max(instant, first), last)


def _view_rows(random: Random, view: View, palette: list[int]) -> list[Row]:
    keys = {key.name for key in view.keys}
    return _rows(random, view.columns, keys, palette)


def _rows(
    random: Random, columns: tuple[Column, ...], keys: set[str], palette: list[int]
) -> list[Row]:
    """Some rows, many of them like another one in all columns, or in all but one."""
    texts = random.choice((KEY_TEXTS, KEY_TEXTS[:2]))

    def value(column: Column) -> Value:
        if column.is_instant:
            return _instant(random, column, palette)
        is_text_key = column.name in keys and column.type == "text"
        return random.choice(texts if is_text_key else VALUES[column.type])

    rows: list[Row] = []
    for _ in range(random.choices((0, 1, 5, 9, 13, 17), (1, 1, 3, 5, 5, 5))[0]):
        if rows and random.random() < 0.6:
            row = dict(random.choice(rows))
            changed = random.sample(columns, random.choice((0, 1, 1, 1, 2)))
            rows.append(row | {column.name: value(column) for column in changed})
        else:
            rows.append({column.name: value(column) for column in columns})
    return rows


def _instant(random: Random, column: Column, palette: list[int]) -> int | None:
    if random.random() < 0.1:
        return None
    instant = random.choice(palette)
    return instant // DAY * DAY if column.type == "date" else _clamped(instant, column.type)
