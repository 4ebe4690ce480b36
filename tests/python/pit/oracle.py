"""The point-in-time law as a loop over rows, the way a person would check it by hand.

Written from the law's text alone. Rows are dicts, instants are microseconds since 1970 UTC.
"""

import math

from pit.declarations import Row, TrainingSet, Value, View


def answer(view: View, rows: list[Row], key: tuple[Value, ...], at: int | None) -> Row | None:
    """The row that counts for one key at an instant, None for no match."""
    chosen = newest(view, rows, key, at)
    if chosen is None or at is None or is_expired(view, chosen, at):
        return None
    return chosen


def newest(view: View, rows: list[Row], key: tuple[Value, ...], at: int | None) -> Row | None:
    """The newest row that was available, however old: ttl is checked after choosing."""
    if at is None or None in key:
        return None
    chosen: Row | None = None
    for row in rows:
        available_at = availability(view, row)
        if available_at is None or available_at > at:
            continue
        if any(row[column.name] != value for column, value in zip(view.keys, key, strict=True)):
            continue
        if chosen is None or is_newer(view, row, chosen):
            chosen = row
    return chosen


def availability(view: View, row: Row) -> int | None:
    """The instant from which a model could have known the row; never without an event."""
    event = instant(row[view.event.name])
    if event is None:
        return None
    known = event + (view.lag.microseconds if view.lag else 0)
    created = instant(row[view.created.name]) if view.created else None
    return known if created is None or created < known else created


def is_expired(view: View, row: Row, at: int) -> bool:
    event = instant(row[view.event.name])
    assert event is not None
    return view.ttl is not None and event < at - view.ttl.microseconds


def is_newer(view: View, row: Row, other: Row) -> bool:
    """By event, then created, then the tie-breakers; the greater wins and NULL loses."""
    order = [view.event.name]
    order += [view.created.name] if view.created else []
    order += view.tie_breakers
    for name in order:
        if is_greater(row[name], other[name]):
            return True
        if is_greater(other[name], row[name]):
            return False
    return False


def is_greater(one: Value, other: Value) -> bool:
    """Text by its bytes, NaN above all numbers, true above false, NULL below everything."""
    if one is None or other is None:
        return one is not None and other is None
    if isinstance(one, str) and isinstance(other, str):
        return one.encode() > other.encode()
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and not math.isnan(other)
        return one > other
    assert isinstance(one, int)
    assert isinstance(other, int)
    return one > other


def training_rows(training_set: TrainingSet, tables: dict[str, list[Row]]) -> list[list[Value]]:
    """Every label row with its features, by the spine law: none lost, none duplicated."""
    result: list[list[Value]] = []
    for label in tables[training_set.labels.name]:
        at = instant(label[training_set.labels.timestamp])
        values = [label[column.name] for column in training_set.labels.columns]
        for part in training_set.parts:
            key = tuple(label[name] for name in part.label_keys)
            row = answer(part.view, tables[part.view.name], key, at)
            for feature in part.outputs:
                default = part.view.defaults.get(feature) if training_set.typed else None
                values.append(default if row is None else row[feature])
        result.append(values)
    return result


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
