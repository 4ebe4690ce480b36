"""Expressions as Python functions of one row. They are made once, when a service is first read."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from math import ceil, copysign, floor, sqrt
from operator import itemgetter
from typing import Any, Final

from feature_warehouse.on_demand.expressions import (
    FIRST_INSTANT,
    GREATEST,
    LAST_INSTANT,
    LEAST,
    MOST,
    TINIEST,
    Node,
    scale_of,
)

__all__ = ["Closure", "closure"]

Closure = Callable[[Sequence[Any]], Any]
"""From a row of values, in the forms of this package, to a value."""

_MICROSECONDS: Final = 1_000_000.0
_HOUR: Final = 3_600_000_000
_DAY: Final = 24 * _HOUR
_EPOCH: Final = date(1970, 1, 1).toordinal()


def closure(node: Node, places: Mapping[str, int]) -> Closure:
    """The function of an expression, given the place of each name in the row."""
    if node.call == "name":
        return itemgetter(places[str(node.value)])
    if node.call == "literal":
        value = _literal(node)
        return lambda _: value
    if node.call == "shift":
        return _shift(closure(node.args[0], places), int(node.value or 0))
    args = [closure(arg, places) for arg in node.args]
    kind = node.args[0].type
    if node.call in _MANY:
        return _MANY[node.call](args)
    if node.call in _OF_ONE:
        return _of_one(_OF_ONE[node.call](kind, node.type), *args)
    return _OF_TWO[node.call](kind, *args)


def _literal(node: Node) -> Any:
    if node.value is None:
        return None
    read: Mapping[str, Callable[[str], Any]] = {
        "integer": int,
        "double": float,
        "boolean": "true".__eq__,
        "text": str,
    }
    return read[node.type](node.value)


def _of_one(function: Callable[[Any], Any], arg: Closure) -> Closure:
    """A function of a value that is not NULL."""

    def evaluate(row: Sequence[Any]) -> Any:
        value = arg(row)
        return None if value is None else function(value)

    return evaluate


def _of_two(function: Callable[[Any, Any], Any], first: Closure, last: Closure) -> Closure:
    """A function of two values, NULL if one of them is."""

    def evaluate(row: Sequence[Any]) -> Any:
        one = first(row)
        if one is None:
            return None
        other = last(row)
        return None if other is None else function(one, other)

    return evaluate


def _whole(value: int) -> int | None:
    return value if LEAST <= value <= GREATEST else None


# Doubles in few calls, for these are what most expressions are made of.


def _plus(kind: str, first: Closure, last: Closure) -> Closure:
    if kind == "integer":
        return _of_two(lambda one, other: _whole(one + other), first, last)
    if kind != "double":
        return _of_two(lambda one, other: one + other, first, last)

    def evaluate(row: Sequence[Any]) -> Any:
        one, other = first(row), last(row)
        if one is None or other is None or not (abs(one) <= MOST and abs(other) <= MOST):
            return None
        return one + other

    return evaluate


def _minus(kind: str, first: Closure, last: Closure) -> Closure:
    if kind == "integer":
        return _of_two(lambda one, other: _whole(one - other), first, last)
    if kind != "double":
        return _of_two(lambda one, other: one - other, first, last)

    def evaluate(row: Sequence[Any]) -> Any:
        one, other = first(row), last(row)
        if one is None or other is None or not (abs(one) <= MOST and abs(other) <= MOST):
            return None
        return one - other

    return evaluate


def _times(kind: str, first: Closure, last: Closure) -> Closure:
    if kind == "integer":
        return _of_two(lambda one, other: _whole(one * other), first, last)

    def evaluate(row: Sequence[Any]) -> Any:
        one, other = first(row), last(row)
        if one is None or other is None:
            return None
        if (one == 0 or TINIEST <= abs(one) <= MOST) and (
            other == 0 or TINIEST <= abs(other) <= MOST
        ):
            return one * other
        return None

    return evaluate


def _divided(_: str, first: Closure, last: Closure) -> Closure:
    def evaluate(row: Sequence[Any]) -> Any:
        one, other = first(row), last(row)
        if one is None or other is None:
            return None
        if (one == 0 or TINIEST <= abs(one) <= MOST) and TINIEST <= abs(other) <= MOST:
            return one / other
        return None

    return evaluate


# NaN equals itself and is greater than all other numbers, as in both warehouses.


def _equal(kind: str) -> Callable[[Any, Any], bool]:
    if kind == "double":
        return lambda one, other: one == other or (one != one and other != other)
    return lambda one, other: bool(one == other)


def _less(kind: str) -> Callable[[Any, Any], bool]:
    if kind == "double":
        return lambda one, other: one < other or (other != other and one == one)
    return lambda one, other: bool(one < other)


def _not_equal(kind: str) -> Callable[[Any, Any], bool]:
    equal = _equal(kind)
    return lambda one, other: not equal(one, other)


def _greater(kind: str) -> Callable[[Any, Any], bool]:
    if kind == "double":
        return lambda one, other: one > other or (one != one and other == other)
    return lambda one, other: bool(one > other)


def _not_greater(kind: str) -> Callable[[Any, Any], bool]:
    less = _less(kind)
    return lambda one, other: not less(other, one)


def _not_less(kind: str) -> Callable[[Any, Any], bool]:
    less = _less(kind)
    return lambda one, other: not less(one, other)


def _seconds_between(_: str, first: Closure, last: Closure) -> Closure:
    return _of_two(lambda one, other: float(other - one) / _MICROSECONDS, first, last)


def _compared(of_kind: Callable[[str], Callable[[Any, Any], bool]]) -> Callable[..., Closure]:
    """A comparison of two values."""
    return lambda kind, first, last: _of_two(of_kind(kind), first, last)


def _absolute(kind: str, _: str) -> Callable[[Any], Any]:
    return (lambda value: _whole(abs(value))) if kind == "integer" else abs


def _negative(kind: str, _: str) -> Callable[[Any], Any]:
    return (lambda value: _whole(-value)) if kind == "integer" else lambda value: -value


def _floor(kind: str, _: str) -> Callable[[Any], Any]:
    if kind == "integer":
        return lambda value: value
    return lambda value: copysign(float(floor(value)), value) if abs(value) <= MOST else None


def _ceil(kind: str, _: str) -> Callable[[Any], Any]:
    if kind == "integer":
        return lambda value: value
    return lambda value: copysign(float(ceil(value)), value) if abs(value) <= MOST else None


def _sign(_: str, __: str) -> Callable[[Any], int]:
    return lambda value: -1 if value < 0 else 0 if value == 0 else 1


def _root(_: str, __: str) -> Callable[[Any], Any]:
    return lambda value: sqrt(value) if 0 <= value <= MOST else None


def _as_double(kind: str, _: str) -> Callable[[Any], float]:
    one = 10 ** scale_of(kind)
    if one == 1:
        return float
    # Division of two int rounds once, to the nearest double.
    return lambda value: float(value / one)


def _as_decimal(kind: str, wanted: str) -> Callable[[Any], int]:
    times = 10 ** (scale_of(wanted) - scale_of(kind))
    return lambda value: int(value * times)


def _shift(arg: Closure, length: int) -> Closure:
    def later(value: int) -> int | None:
        return value + length if FIRST_INSTANT <= value + length <= LAST_INSTANT else None

    return _of_one(later, arg)


def _is_null(args: Sequence[Closure]) -> Closure:
    [arg] = args
    return lambda row: arg(row) is None


def _and(args: Sequence[Closure]) -> Closure:
    def evaluate(row: Sequence[Any]) -> bool | None:
        found: bool | None = True
        for arg in args:
            value = arg(row)
            if value is False:
                return False
            if value is None:
                found = None
        return found

    return evaluate


def _or(args: Sequence[Closure]) -> Closure:
    def evaluate(row: Sequence[Any]) -> bool | None:
        found: bool | None = False
        for arg in args:
            value = arg(row)
            if value is True:
                return True
            if value is None:
                found = None
        return found

    return evaluate


def _case(args: Sequence[Closure]) -> Closure:
    branches = list(zip(args[:-1:2], args[1::2], strict=True))
    otherwise = args[-1]

    def evaluate(row: Sequence[Any]) -> Any:
        for condition, value in branches:
            if condition(row):
                return value(row)
        return otherwise(row)

    return evaluate


def _coalesce(args: Sequence[Closure]) -> Closure:
    def evaluate(row: Sequence[Any]) -> Any:
        for arg in args:
            value = arg(row)
            if value is not None:
                return value
        return None

    return evaluate


def _least(args: Sequence[Closure]) -> Closure:
    return _extreme(args, lambda one, other: one < other or (other != other and one == one))


def _greatest(args: Sequence[Closure]) -> Closure:
    return _extreme(args, lambda one, other: one > other or (one != one and other == other))


def _extreme(args: Sequence[Closure], is_better: Callable[[Any, Any], bool]) -> Closure:
    """Of values that are not NULL; of equal ones the first."""

    def evaluate(row: Sequence[Any]) -> Any:
        found = None
        for arg in args:
            value = arg(row)
            if value is not None and (found is None or is_better(value, found)):
                found = value
        return found

    return evaluate


def _distinct(args: Sequence[Closure], kind: str) -> Closure:
    first, last = args
    equal = _equal(kind)

    def evaluate(row: Sequence[Any]) -> bool:
        one, other = first(row), last(row)
        if one is None or other is None:
            return one is not other
        return not equal(one, other)

    return evaluate


_MANY: Final[dict[str, Callable[[Sequence[Closure]], Closure]]] = {
    "is_null": _is_null,
    "and": _and,
    "or": _or,
    "case": _case,
    "coalesce": _coalesce,
    "least": _least,
    "greatest": _greatest,
    # Of all types: no other value than NaN differs from itself.
    "is_distinct": lambda args: _distinct(args, "double"),
}

_OF_ONE: Final[dict[str, Callable[[str, str], Callable[[Any], Any]]]] = {
    "not": lambda _, __: lambda value: not value,
    "negative": _negative,
    "abs": _absolute,
    "floor": _floor,
    "ceil": _ceil,
    "sign": _sign,
    "sqrt": _root,
    "hour": lambda _, __: lambda value: value // _HOUR % 24,
    "day_of_week": lambda _, __: lambda value: (value // _DAY + 3) % 7 + 1,
    "month": lambda _, __: lambda value: date.fromordinal(value // _DAY + _EPOCH).month,
    "double": _as_double,
    "decimal": _as_decimal,
}

_OF_TWO: Final[dict[str, Callable[[str, Closure, Closure], Closure]]] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _divided,
    "=": _compared(_equal),
    "<>": _compared(_not_equal),
    "<": _compared(_less),
    "<=": _compared(_not_greater),
    ">": _compared(_greater),
    ">=": _compared(_not_less),
    "seconds_between": _seconds_between,
}
