"""Rule 4 as a loop, over words of its own: nothing here knows the package under test."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

Event = dict[str, Any]
"""Values by column; instants are microseconds since 1970 UTC."""


def _always(_: Event) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Window:
    """``(t - offset - length, t - offset]``, in microseconds; no length is all time."""

    asked: str | dict[str, str]
    suffix: str
    length: int | None
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """``asked`` is as a user writes it; ``of`` gives an event's value, and ``counts`` whether it
    is one of those that the aggregate looks at."""

    asked: dict[str, str]
    stem: str
    of: Callable[[Event], Any]
    counts: Callable[[Event], bool] = _always
    bytewise: bool = False
    windows: Sequence[Window] = ()
    """Its own, instead of the view's."""

    @property
    def function(self) -> str:
        return next(iter(self.asked))


@dataclass(frozen=True, kw_only=True)
class View:
    """A call of the macro: ``options`` as it is written, the rest what that means."""

    name: str
    keys: dict[str, str]
    event: str
    aggregates: Sequence[Aggregate]
    windows: Sequence[Window]
    created: str | None = None
    lag: int = 0
    tie: str | None = None
    counts: Callable[[Event], bool] = _always
    options: dict[str, str] = field(default_factory=dict)
    materialized: str = "view"

    @property
    def features(self) -> list[tuple[Aggregate, Window, str]]:
        return [
            (aggregate, window, f"{aggregate.stem}_{window.suffix}")
            for aggregate in self.aggregates
            for window in aggregate.windows or self.windows
        ]


def known_at(view: View, event: Event) -> int:
    due: int = event[view.event] + view.lag
    created = event[view.created] if view.created else None
    return due if created is None else max(due, created)


def events_by_entity(view: View, events: list[Event]) -> dict[tuple[Any, ...], list[Event]]:
    entities: dict[tuple[Any, ...], list[Event]] = {}
    for event in events:
        key = tuple(event[column] for column in view.keys.values())
        if None not in key and event[view.event] is not None and view.counts(event):
            entities.setdefault(key, []).append(event)
    return entities


def span(view: View, window: Window, event: Event) -> tuple[int, int | None]:
    """From when an event is in a window, and until when, that instant not included."""
    begin = max(known_at(view, event), event[view.event] + window.offset)
    length = window.length
    return begin, None if length is None else event[view.event] + window.offset + length


def within(view: View, window: Window, events: list[Event], instant: int) -> list[Event]:
    found = []
    for event in events:
        begin, end = span(view, window, event)
        if begin <= instant and (end is None or instant < end):
            found.append(event)
    return found


def instants(view: View, events: list[Event]) -> set[int]:
    """When an event enters a window or leaves it."""
    found: set[int] = set()
    for event in events:
        for _, window, _ in view.features:
            begin, end = span(view, window, event)
            if end is None:
                found.add(begin)
            elif begin < end:
                found |= {begin, end}
    return found


def value(view: View, aggregate: Aggregate, events: list[Event]) -> Any:
    """What an aggregate gives for these events; doubles as their exact sum and division."""
    events = [event for event in events if aggregate.counts(event)]
    function = aggregate.function
    if function in ("first", "last"):
        events = sorted(events, key=lambda event: _order(view, aggregate, event))
        return aggregate.of(events[0 if function == "first" else -1]) if events else None
    values = [one for event in events if (one := aggregate.of(event)) is not None]
    if function == "count":
        return len(values)
    if function == "count_distinct":
        return len({"NaN" if one != one else one for one in values})
    if not values:
        return None
    if function in ("min", "max"):
        key = _text_order if aggregate.bytewise else _number_order
        return (min if function == "min" else max)(values, key=key)
    if any(isinstance(one, float) and not math.isfinite(one) for one in values):
        return _not_finite(function, values)
    exact = [Fraction(one) for one in values]
    total = sum(exact, Fraction(0))
    if function == "sum":
        return float(total) if isinstance(values[0], float) else total
    if function == "stddev":
        return _deviation(exact, total)
    if function in ("avg", "share"):
        return float(total / len(exact))
    raise ValueError(f"there is no aggregate {function}")


def scale(aggregate: Aggregate, events: list[Event]) -> float:
    """How large the numbers are of which a result in doubles is made."""
    values = [aggregate.of(event) for event in events if aggregate.counts(event)]
    finite = [abs(float(one)) for one in values if isinstance(one, int | float | Decimal)]
    return math.fsum(one for one in finite if math.isfinite(one))


def _deviation(exact: list[Fraction], total: Fraction) -> float | None:
    if len(exact) < 2:
        return None
    mean = total / len(exact)
    return math.sqrt(sum((one - mean) ** 2 for one in exact) / (len(exact) - 1))


def _not_finite(function: str, values: list[float]) -> float | None:
    if function == "stddev":
        return math.nan if len(values) > 1 else None
    kinds = {one for one in values if math.isinf(one)}
    if any(math.isnan(one) for one in values) or len(kinds) > 1:
        return math.nan
    return kinds.pop()


def _order(view: View, aggregate: Aggregate, event: Event) -> tuple[Any, ...]:
    """By event, tie breaker and value, NULL before all."""
    last = [event[view.tie]] if view.tie else []
    one = aggregate.of(event)
    key = None if one is None else _text_order(one) if aggregate.bytewise else _number_order(one)
    ties = [(x is not None, _text_order(x) if isinstance(x, str) else x or 0) for x in last]
    return (event[view.event], *ties, one is not None, key)


def _text_order(text: str) -> bytes:
    return text.encode()


def _number_order(number: Any) -> tuple[bool, Any, float]:
    """NaN is above all numbers, and 0.0 above -0.0."""
    return (True, 0, 0) if number != number else (False, number, math.copysign(1, number))
