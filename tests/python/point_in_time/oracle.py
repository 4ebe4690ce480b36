"""Rules 1 and 2 as a loop over rows, the way a person would check it by hand.

Written from the text of the rules alone. Rows are dicts, instants are microseconds since 1970 UTC.
"""

import math
import struct
from collections.abc import Callable
from hashlib import md5
from itertools import accumulate
from time import time

from point_in_time.clock_oracle import clock_of
from point_in_time.declarations import Column, Row, Split, TrainingSet, Value, View

NOW = int(time() * 1_000_000)
"""For what goes by the clock: examples have rows long before and long after it."""

Known = Callable[[View, Row], int | None]
"""From when a row counts."""


def availability(view: View, row: Row) -> int | None:
    """The instant from which a model could have known the row; never without an event."""
    event = due(view, row)
    created = instant(row[view.created.name]) if view.created else None
    return event if event is None or created is None or created < event else created


def due(view: View, row: Row) -> int | None:
    """The same if rows were known without waiting for when they were created."""
    event = instant(row[view.event.name])
    lag = view.lag.microseconds if view.lag else 0
    return None if event is None else event + lag


def answer(
    view: View,
    rows: list[Row],
    key: tuple[Value, ...],
    at: int | None,
    known: Known = availability,
    clock: int | None = None,
) -> Row | None:
    """The row that counts for one key at an instant, None for no match.

    The ``clock`` is when it was chosen, the same instant for one who sees what was known then.
    """
    chosen = newest(view, rows, key, at if clock is None else clock, known)
    if chosen is None or at is None or is_expired(view, chosen, at):
        return None
    return chosen


def newest(
    view: View,
    rows: list[Row],
    key: tuple[Value, ...],
    at: int | None,
    known: Known = availability,
) -> Row | None:
    """The newest row that was available, however old: ttl is checked after choosing."""
    if at is None or None in key:
        return None
    chosen: Row | None = None
    for row in rows:
        available_at = known(view, row)
        if available_at is None or available_at > at:
            continue
        if any(row[column.name] != value for column, value in zip(view.keys, key, strict=True)):
            continue
        if chosen is None or is_newer(view, row, chosen):
            chosen = row
    return chosen


def is_expired(view: View, row: Row, at: int) -> bool:
    event = instant(row[view.event.name])
    assert event is not None
    return view.ttl is not None and event < at - view.ttl.microseconds


def is_newer(view: View, row: Row, other: Row) -> bool:
    """By event, then created, then the tie-breakers; the greater wins and NULL loses.

    What no model sees comes last: it decides which row `latest` shows.
    """
    order = [view.event.name]
    order += [view.created.name] if view.created else []
    order += [*view.tie_breakers, *(column.name for column in view.extra)]
    for name in order:
        if is_greater(row[name], other[name]):
            return True
        if is_greater(other[name], row[name]):
            return False
    return False


def is_greater(one: Value, other: Value) -> bool:
    """Text by its bytes, NaN above all numbers, 0.0 above -0.0, true above false, NULL lowest."""
    if one is None or other is None:
        return one is not None and other is None
    if isinstance(one, str) and isinstance(other, str):
        return one.encode() > other.encode()
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and not math.isnan(other)
        return (one, math.copysign(1, one)) > (other, math.copysign(1, other))
    assert isinstance(one, int)
    assert isinstance(other, int)
    return one > other


def training_rows(training_set: TrainingSet, tables: dict[str, list[Row]]) -> list[list[Value]]:
    """Every selected label row with its features, by rule 2: none lost, none duplicated."""
    known = due if training_set.knowledge == "event_time" else availability
    rows = {view.name: known_rows(training_set, view, tables) for view in training_set.views}
    result: list[list[Value]] = []
    for label in tables[training_set.labels.name]:
        at = instant(label[training_set.labels.timestamp])
        if training_set.typed and not is_selected(training_set, label, at):
            continue
        values = [label[column.name] for column in training_set.labels.columns]
        if training_set.split:
            values.append(split_of(training_set.split, training_set.labels.columns, label, at))
        for part in training_set.parts:
            key = tuple(label[name] for name in part.label_keys)
            clock = clock_of(training_set, part.view, at, tables)
            row = answer(part.view, rows[part.view.name], key, at, known, clock)
            for feature in part.outputs:
                default = part.view.defaults.get(feature) if training_set.typed else None
                values.append(default if row is None else row[feature])
            event = None if row is None else instant(row[part.view.event.name])
            if part.event_timestamp_column:
                values.append(event)
            if part.age_column:
                values.append(None if at is None or event is None else (at - event) / 1_000_000)
        result.append(values)
    return result


def known_rows(training_set: TrainingSet, view: View, tables: dict[str, list[Row]]) -> list[Row]:
    """The rows that were there to be joined: with ``as_of`` those that were available by then."""
    as_of = training_set.as_of
    if as_of is None:
        return tables[view.name]
    return [
        row
        for row in tables[view.name]
        if is_at_or_before(availability(view, row), as_of.microseconds)
    ]


def is_selected(training_set: TrainingSet, label: Row, at: int | None) -> bool:
    """Whether a label row is in the training set: by label columns alone."""
    start, end, as_of = training_set.start, training_set.end, training_set.as_of
    known_at, maturity = training_set.labels.known_at, training_set.labels.maturity
    clock = as_of.microseconds if as_of else NOW
    if start and (at is None or at < start.microseconds):
        return False
    if end and (at is None or at >= end.microseconds):
        return False
    if as_of and not is_at_or_before(at, clock):
        return False
    if as_of and known_at and not is_at_or_before(instant(label[known_at]), clock):
        return False
    if maturity and not is_at_or_before(at, clock - maturity.microseconds):
        return False
    return all(condition.holds(label) for condition in training_set.where)


def is_at_or_before(moment: int | None, clock: int) -> bool:
    return moment is not None and moment <= clock


def split_of(split: Split, columns: tuple[Column, ...], label: Row, at: int | None) -> str | None:
    """The row's split; in none if by time it is in an embargo, or hash and time disagree."""
    by_hash = split_by_hash(split, columns, label) if split.fractions else None
    by_time = split_by_time(split, at) if split.starts else None
    if split.fractions and split.starts:
        return by_hash if by_hash == by_time else None
    return by_hash if split.fractions else by_time


def split_by_hash(split: Split, columns: tuple[Column, ...], label: Row) -> str:
    """Of the interval from 0 to 1 every split has its fraction, and every hash is a point."""
    types = dict(columns)
    texts = [] if split.salt is None else [split.salt]
    texts += [as_text(label[name], types[name]) for name in split.by if label[name] is not None]
    digest = md5("|".join(texts).encode(), usedforsecurity=False).hexdigest()
    point = int(digest[:8], 16)
    *ends, _ = accumulate(split.fractions.values())
    for name, end in zip(split.fractions, ends, strict=False):
        if point < round(end * 2**32):
            return name
    return list(split.fractions)[-1]


def split_by_time(split: Split, at: int | None) -> str | None:
    """``train`` until the first start, and in none for the length of an embargo before a start."""
    embargo = split.embargo.microseconds if split.embargo else 0
    if at is None:
        return None
    name = "train"
    for next_name, start in split.starts.items():
        if at < start.microseconds:
            return name if at < start.microseconds - embargo else None
        name = next_name
    return name


def as_text(value: Value, type_: str) -> str:
    """Instants as microseconds, dates as days since 1970, doubles as the integer of their bits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        bits = struct.pack("<f" if type_ == "real" else "<d", value)
        return str(int.from_bytes(bits, "little", signed=True))
    if isinstance(value, int) and type_ == "date":
        return str(value // 86_400_000_000)
    if isinstance(value, int) and type_.startswith("numeric"):
        return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"
    return str(value)


def entities(view: View, rows: list[Row]) -> list[tuple[Value, ...]]:
    """The keys that occur, each once. A global view has the one entity without a name."""
    keys = (tuple(row[column.name] for column in view.keys) for row in rows)
    return [key for key in dict.fromkeys(keys) if None not in key]


def all_newest(view: View, rows: list[Row], clock: int) -> list[Row]:
    """The newest available row of every entity, expired ones included."""
    found = (newest(view, rows, key, clock) for key in entities(view, rows))
    return [row for row in found if row is not None]


def all_answers(view: View, rows: list[Row], clock: int) -> list[Row]:
    """The row that counts for every entity."""
    return [row for row in all_newest(view, rows, clock) if not is_expired(view, row, clock)]


def touched(view: View, rows: list[Row], since: int, clock: int) -> list[Row]:
    """The newest rows of the entities of which one became available after ``since``."""
    new = {
        tuple(row[column.name] for column in view.keys)
        for row in rows
        if (at := availability(view, row)) is not None and since < at <= clock
    }
    return [
        row
        for row in all_newest(view, rows, clock)
        if tuple(row[column.name] for column in view.keys) in new
    ]


def counts(view: View, rows: list[Row], clock: int) -> tuple[int, int, int, int]:
    """Rows in all, without keys, with keys but without event, with both but not yet available."""
    without_keys = without_event = not_yet = 0
    for row in rows:
        available_at = availability(view, row)
        if any(row[column.name] is None for column in view.keys):
            without_keys += 1
        elif available_at is None:
            without_event += 1
        elif available_at > clock:
            not_yet += 1
    return len(rows), without_keys, without_event, not_yet


def instant(value: Value) -> int | None:
    assert value is None or isinstance(value, int)
    return value
