"""What the functions of expressions make of values that are not NULL, in the forms of this package.

Given are the types of the arguments and, of functions of one, that of the result. Sums, products
and quotients of doubles are in ``closures`` and ``columns``.
"""

import operator
from collections.abc import Callable
from datetime import date
from math import ceil, copysign, floor, sqrt
from typing import Any, Final

from feature_warehouse.on_demand.expressions import (
    FIRST_INSTANT,
    GREATEST,
    LAST_INSTANT,
    LEAST,
    MOST,
    Node,
    scale_of,
)
from feature_warehouse.on_demand.logarithms import exponential, logarithm

__all__ = ["OF_ONE", "OF_TWO", "equal", "greater", "later", "less", "literal"]

One = Callable[[Any], Any]
Two = Callable[[Any, Any], Any]

_MICROSECONDS: Final = 1_000_000.0
_HOUR: Final = 3_600_000_000
_DAY: Final = 24 * _HOUR
_EPOCH: Final = date(1970, 1, 1).toordinal()


def literal(node: Node) -> Any:
    """The value of a literal."""
    if node.value is None:
        return None
    read: dict[str, Callable[[str], Any]] = {
        "integer": int,
        "double": float,
        "boolean": "true".__eq__,
        "text": str,
    }
    return read[node.type](node.value)


def _whole(value: int) -> int | None:
    return value if LEAST <= value <= GREATEST else None


def _plus(kind: str) -> Two:
    return (lambda one, other: _whole(one + other)) if kind == "integer" else operator.add


def _minus(kind: str) -> Two:
    return (lambda one, other: _whole(one - other)) if kind == "integer" else operator.sub


def _times(_: str) -> Two:
    return lambda one, other: _whole(one * other)


# NaN equals itself and is greater than all other numbers, as in both warehouses. Values of other
# types are never unequal to themselves, so the same holds for them.


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same."""
    return bool(one == other or (one != one and other != other))


def less(one: Any, other: Any) -> bool:
    """Whether the first value is the smaller one."""
    return bool(one < other or (other != other and one == one))


def greater(one: Any, other: Any) -> bool:
    """Whether the first value is the greater one."""
    return bool(one > other or (one != one and other == other))


def _absolute(kind: str, _: str) -> One:
    return (lambda value: _whole(abs(value))) if kind == "integer" else abs


def _negative(kind: str, _: str) -> One:
    return (lambda value: _whole(-value)) if kind == "integer" else operator.neg


def _floor(kind: str, _: str) -> One:
    if kind == "integer":
        return lambda value: value
    return lambda value: copysign(float(floor(value)), value) if abs(value) <= MOST else None


def _ceil(kind: str, _: str) -> One:
    if kind == "integer":
        return lambda value: value
    return lambda value: copysign(float(ceil(value)), value) if abs(value) <= MOST else None


def _sign(_: str, __: str) -> One:
    return lambda value: -1 if value < 0 else 0 if value == 0 else 1


def _root(_: str, __: str) -> One:
    return lambda value: sqrt(value) if 0 <= value <= MOST else None


def _as_double(kind: str, _: str) -> One:
    one = 10 ** scale_of(kind)
    if one == 1:
        return float
    # Division of two int rounds once, to the nearest double.
    return lambda value: float(value / one)


def _as_decimal(kind: str, wanted: str) -> One:
    times = 10 ** (scale_of(wanted) - scale_of(kind))
    return lambda value: int(value * times)


def later(length: int) -> One:
    """So many microseconds later; None if that is none of the years 1 to 9999."""
    return lambda value: value + length if FIRST_INSTANT <= value + length <= LAST_INSTANT else None


OF_ONE: Final[dict[str, Callable[[str, str], One]]] = {
    "not": lambda _, __: operator.not_,
    "negative": _negative,
    "abs": _absolute,
    "floor": _floor,
    "ceil": _ceil,
    "sign": _sign,
    "sqrt": _root,
    "ln": lambda _, __: logarithm,
    "exp": lambda _, __: exponential,
    "hour": lambda _, __: lambda value: value // _HOUR % 24,
    "day_of_week": lambda _, __: lambda value: (value // _DAY + 3) % 7 + 1,
    "month": lambda _, __: lambda value: date.fromordinal(value // _DAY + _EPOCH).month,
    "double": _as_double,
    "decimal": _as_decimal,
}

OF_TWO: Final[dict[str, Callable[[str], Two]]] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "=": lambda _: equal,
    "<>": lambda _: lambda one, other: not equal(one, other),
    "<": lambda _: less,
    "<=": lambda _: lambda one, other: not less(other, one),
    ">": lambda _: greater,
    ">=": lambda _: lambda one, other: not less(one, other),
    "seconds_between": lambda _: lambda first, last: float(last - first) / _MICROSECONDS,
}
