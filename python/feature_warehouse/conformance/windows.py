"""Rule 4 as a loop: which events are in a window at an instant, and what they amount to."""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from feature_warehouse.conformance.declared import Aggregate, Row, Value, Window, WindowView
from feature_warehouse.conformance.point_in_time import order_of

__all__ = ["features", "steps"]

Exact = Value | Fraction


def features(view: WindowView) -> list[tuple[Aggregate, Window, str]]:
    """Aggregate, window and name of each feature, in the order of the view's columns."""
    return [
        (aggregate, window, f"{aggregate.stem}_{window.suffix}")
        for aggregate in view.aggregates
        for window in view.windows
    ]


def steps(view: WindowView, events: Sequence[Row]) -> dict[int, dict[str, tuple[Exact, float]]]:
    """The rows of one entity by their instants: of each feature a value, and the size of its terms.

    Sums of doubles are exact here, and so differ from a warehouse's by a share of that size.
    """
    events = [event for event in events if event["happened_at"] is not None]
    spans = {id(window): _spans(view, window, events) for window in view.windows}
    instants = {
        instant
        for window in view.windows
        for _, begin, end in spans[id(window)]
        for instant in (begin, end)
        if instant is not None
    }
    found: dict[int, dict[str, tuple[Exact, float]]] = {}
    for at in sorted(instants):
        found[at] = {}
        for aggregate, window, name in features(view):
            inside = [
                event
                for event, begin, end in spans[id(window)]
                if begin <= at and (end is None or at < end)
                if aggregate.where is None or event[aggregate.where] is True
            ]
            found[at][name] = (_value(view, aggregate, inside), _size(aggregate, inside))
    return found


def _spans(
    view: WindowView, window: Window, events: Sequence[Row]
) -> list[tuple[Row, int, int | None]]:
    """Events that are ever in the window, with the instants at which they enter and leave it."""
    spans: list[tuple[Row, int, int | None]] = []
    for event in events:
        happened, loaded = event["happened_at"], event["loaded_at"] if view.created else None
        assert isinstance(happened, int)
        known = happened + (view.lag.microseconds if view.lag else 0)
        if isinstance(loaded, int):
            known = max(known, loaded)
        begin = max(known, happened + window.offset)
        end = None if window.length is None else happened + window.offset + window.length
        if end is None or begin < end:
            spans.append((event, begin, end))
    return spans


def _value(view: WindowView, aggregate: Aggregate, events: Sequence[Row]) -> Exact:
    function, name = aggregate.function, aggregate.of
    if name is None:
        return len(events)
    if function in ("first", "last"):
        order = sorted(events, key=lambda event: _place(view, name, event))
        return order[0 if function == "first" else -1][name] if order else None
    values = [value for event in events if (value := event[name]) is not None]
    if function == "count":
        return len(values)
    if function == "count_distinct":
        return len(set(values))
    if not values:
        return None
    if function in ("min", "max"):
        return (min if function == "min" else max)(values, key=order_of)
    return _of_numbers(function, values)


def _of_numbers(function: str, values: Sequence[Value]) -> Exact:
    exact = [Fraction(_number(value)) for value in values]
    total = sum(exact, Fraction(0))
    if function == "sum":
        return float(total) if isinstance(values[0], float) else total
    if function in ("avg", "share"):
        return float(total / len(exact))
    if function == "stddev":
        mean = total / len(exact)
        squares = sum(((one - mean) ** 2 for one in exact), Fraction(0))
        return math.sqrt(squares / (len(exact) - 1)) if len(exact) > 1 else None
    raise ValueError(f"there is no aggregate {function}")


def _size(aggregate: Aggregate, events: Sequence[Row]) -> float:
    """The sum of all absolute values, for what the roundings of a sum of doubles come to."""
    if aggregate.of is None:
        return 0.0
    values = [event[aggregate.of] for event in events]
    return math.fsum(abs(float(one)) for one in values if isinstance(one, int | float | Decimal))


def _place(view: WindowView, name: str, event: Row) -> tuple[Any, ...]:
    """By event, then by the tie-breaker and the value; NULL is first."""
    ties = [order_of(event[view.tie_breaker])] if view.tie_breaker else []
    return (order_of(event["happened_at"]), *ties, order_of(event[name]))


def _number(value: Value) -> int | float | Decimal:
    assert isinstance(value, int | float | Decimal)
    return value
