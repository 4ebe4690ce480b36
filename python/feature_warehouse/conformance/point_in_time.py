"""Rules 1 and 2 as loops over rows, written from their text alone."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from feature_warehouse.conformance.declared import NOW, Part, Row, Split, TrainingSet, Value, View

__all__ = ["answer", "available_at", "newest", "order_of", "training_rows"]

Tables = Mapping[str, Sequence[Row]]


def available_at(view: View, row: Row, *, as_loaded: bool = True) -> int | None:
    """From when a row counts; None for one without an event timestamp.

    Without ``as_loaded`` nobody waits for when it was loaded.
    """
    event = _instant(row[view.event.name])
    if event is None:
        return None
    due = event + (view.lag.microseconds if view.lag else 0)
    loaded = _instant(row[view.created.name]) if view.created and as_loaded else None
    return due if loaded is None else max(due, loaded)


def newest(
    view: View,
    rows: Iterable[Row],
    key: tuple[Value, ...],
    clock: int,
    *,
    as_loaded: bool = True,
) -> Row | None:
    """The row of an entity that rule 1 prefers of those available at the clock, however old."""
    names = [column.name for column in view.keys]
    candidates = [
        row
        for row in rows
        if None not in key
        and tuple(row[name] for name in names) == key
        and (known := available_at(view, row, as_loaded=as_loaded)) is not None
        and known <= clock
    ]
    return max(candidates, key=lambda row: _rank(view, row), default=None)


def answer(
    view: View,
    rows: Iterable[Row],
    key: tuple[Value, ...],
    at: int | None,
    clock: int | None = None,
    *,
    as_loaded: bool = True,
) -> Row | None:
    """The row that counts at an instant; it was chosen at the ``clock``, by default then."""
    if at is None:
        return None
    found = newest(view, rows, key, at if clock is None else clock, as_loaded=as_loaded)
    if found is None or view.ttl is None:
        return found
    event = _instant(found[view.event.name])
    assert event is not None
    return None if event < at - view.ttl.microseconds else found


def order_of(value: Value) -> tuple[Any, ...]:
    """What a value is sorted by: NULL is least, texts go by their bytes, 0.0 is above -0.0."""
    if value is None:
        return (0,)
    if isinstance(value, str):
        return (1, value.encode())
    if isinstance(value, float):
        return (1, 1) if math.isnan(value) else (1, 0, value, math.copysign(1, value))
    return (1, value)


def training_rows(made: TrainingSet, columns: Sequence[str], tables: Tables) -> list[list[Value]]:
    """The label rows that the filters select, each with its features; ``columns`` are labels'."""
    return [
        [
            *(label[name] for name in columns),
            *([_split_of(made.split, _instant(label["asked_at"]))] if made.split else []),
            *(value for part in made.parts for value in _features(made, part, label, tables)),
        ]
        for label in tables[made.labels]
        if _is_selected(made, label)
    ]


def _rank(view: View, row: Row) -> tuple[Any, ...]:
    names = [view.event.name]
    names += [view.created.name] if view.created else []
    names += [view.tie_breaker] if view.tie_breaker else []
    names += [column.name for column in (*view.features, *view.extra)]
    return tuple(order_of(row[name]) for name in names)


def _features(made: TrainingSet, part: Part, label: Row, tables: Tables) -> list[Value]:
    view, at = part.view, _instant(label["asked_at"])
    rows: Iterable[Row] = tables[view.name]
    if made.as_of:
        limit = made.as_of.microseconds
        rows = [row for row in rows if _is_by(available_at(view, row), limit)]
    key = tuple(label[column.name] for column in view.keys)
    as_loaded = made.knowledge != "event_time"
    found = answer(view, rows, key, at, _clock(made, at), as_loaded=as_loaded)
    values: list[Value] = [
        view.defaults.get(column.name) if found is None else found[column.name]
        for column in view.features
    ]
    event = None if found is None else _instant(found[view.event.name])
    if part.event_timestamp:
        values.append(event)
    if part.age:
        values.append(None if at is None or event is None else (at - event) / 1_000_000)
    return values


def _clock(made: TrainingSet, at: int | None) -> int | None:
    """The clock of the last run that had come to its end; None where there are no runs."""
    if made.every is None or at is None:
        return None
    ended = at - (made.delay.microseconds if made.delay else 0)
    return ended - ended % made.every.microseconds


def _is_selected(made: TrainingSet, label: Row) -> bool:
    at = _instant(label["asked_at"])
    conditions: list[Callable[[int], bool]] = []
    if made.start:
        first = made.start.microseconds
        conditions.append(lambda at: at >= first)
    if made.end:
        last = made.end.microseconds
        conditions.append(lambda at: at < last)
    if made.as_of:
        limit = made.as_of.microseconds
        conditions.append(lambda at: at <= limit)
    if made.grows:
        conditions.append(lambda at: at < NOW)
    if at is None and conditions:
        return False
    if at is not None and not all(holds(at) for holds in conditions):
        return False
    return made.holds is None or made.holds(label)


def _split_of(split: Split, at: int | None) -> str | None:
    """``train`` before the first start, and no split within the embargo before a start."""
    if at is None:
        return None
    name = "train"
    for following, start in split.starts.items():
        if at >= start.microseconds:
            name = following
        elif at >= start.microseconds - split.embargo.microseconds:
            return None
    return name


def _is_by(moment: int | None, limit: int) -> bool:
    return moment is not None and moment <= limit


def _instant(value: Value) -> int | None:
    assert value is None or isinstance(value, int)
    return value
