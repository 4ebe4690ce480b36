"""Steps of expressions as functions of one row. They are made once, when a service is first read.

Sums, products, quotients and comparisons of doubles, which most expressions are made of, take one
call and no more.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from feature_warehouse.on_demand.expressions import MOST, TINIEST
from feature_warehouse.on_demand.scalars import (
    OF_ONE,
    OF_TWO,
    equal,
    greater,
    later,
    less,
)
from feature_warehouse.on_demand.steps import Step

__all__ = ["OfRow", "of_row"]

OfRow = Callable[[Sequence[Any]], Any]
"""From the values before a step, in the forms of this package, to its own."""


def of_row(step: Step) -> OfRow:
    """The function of a step."""
    node, args = step
    if node.call == "shift":
        return _of_one(later(int(node.value or 0)), *args)
    kind = node.args[0].type
    if kind == "double" and node.call in _OF_DOUBLES:
        return _OF_DOUBLES[node.call](*args)
    if node.call in OF_ONE:
        return _of_one(OF_ONE[node.call](kind, node.type), *args)
    if node.call in OF_TWO:
        return _of_two(OF_TWO[node.call](kind), *args)
    return _OF_MANY[node.call](args)


def _of_one(function: Callable[[Any], Any], place: int) -> OfRow:
    """A function of a value that is not NULL."""

    def evaluate(row: Sequence[Any]) -> Any:
        value = row[place]
        return None if value is None else function(value)

    return evaluate


def _of_two(function: Callable[[Any, Any], Any], first: int, last: int) -> OfRow:
    """A function of two values, NULL if one of them is."""

    def evaluate(row: Sequence[Any]) -> Any:
        one, other = row[first], row[last]
        return None if one is None or other is None else function(one, other)

    return evaluate


def _plus(first: int, last: int) -> OfRow:
    def evaluate(row: Sequence[Any]) -> float | None:
        one, other = row[first], row[last]
        if one is not None and other is not None and abs(one) <= MOST and abs(other) <= MOST:
            total: float = one + other
            return total
        return None

    return evaluate


def _minus(first: int, last: int) -> OfRow:
    def evaluate(row: Sequence[Any]) -> float | None:
        one, other = row[first], row[last]
        if one is not None and other is not None and abs(one) <= MOST and abs(other) <= MOST:
            difference: float = one - other
            return difference
        return None

    return evaluate


def _times(first: int, last: int) -> OfRow:
    def evaluate(row: Sequence[Any]) -> float | None:
        one, other = row[first], row[last]
        if (
            one is not None
            and other is not None
            and (TINIEST <= abs(one) <= MOST or one == 0)
            and (TINIEST <= abs(other) <= MOST or other == 0)
        ):
            product: float = one * other
            return product
        return None

    return evaluate


def _divided(first: int, last: int) -> OfRow:
    def evaluate(row: Sequence[Any]) -> float | None:
        one, other = row[first], row[last]
        if (
            one is not None
            and other is not None
            and TINIEST <= abs(other) <= MOST
            and (TINIEST <= abs(one) <= MOST or one == 0)
        ):
            quotient: float = one / other
            return quotient
        return None

    return evaluate


def _greater(first: int, last: int) -> OfRow:
    def evaluate(row: Sequence[Any]) -> bool | None:
        one, other = row[first], row[last]
        if one is None or other is None:
            return None
        return bool(one > other or (one != one and other == other))

    return evaluate


def _is_null(args: Sequence[int]) -> OfRow:
    [place] = args
    return lambda row: row[place] is None


def _and(args: Sequence[int]) -> OfRow:
    def evaluate(row: Sequence[Any]) -> bool | None:
        found: bool | None = True
        for place in args:
            value = row[place]
            if value is False:
                return False
            if value is None:
                found = None
        return found

    return evaluate


def _or(args: Sequence[int]) -> OfRow:
    def evaluate(row: Sequence[Any]) -> bool | None:
        found: bool | None = False
        for place in args:
            value = row[place]
            if value is True:
                return True
            if value is None:
                found = None
        return found

    return evaluate


def _case(args: Sequence[int]) -> OfRow:
    """Of conditions and values in turn, and what holds otherwise. No value fails: all are there."""
    branches = list(zip(args[:-1:2], args[1::2], strict=True))
    otherwise = args[-1]

    def evaluate(row: Sequence[Any]) -> Any:
        for condition, value in branches:
            if row[condition]:
                return row[value]
        return row[otherwise]

    return evaluate


def _coalesce(args: Sequence[int]) -> OfRow:
    def evaluate(row: Sequence[Any]) -> Any:
        for place in args:
            value = row[place]
            if value is not None:
                return value
        return None

    return evaluate


def _extreme(is_better: Callable[[Any, Any], bool], args: Sequence[int]) -> OfRow:
    """Of values that are not NULL; of equal ones the first."""

    def evaluate(row: Sequence[Any]) -> Any:
        found = None
        for place in args:
            value = row[place]
            if value is not None and (found is None or is_better(value, found)):
                found = value
        return found

    return evaluate


def _is_distinct(args: Sequence[int]) -> OfRow:
    first, last = args

    def evaluate(row: Sequence[Any]) -> bool:
        one, other = row[first], row[last]
        if one is None or other is None:
            return one is not other
        return not equal(one, other)

    return evaluate


_OF_DOUBLES: Final[dict[str, Callable[[int, int], OfRow]]] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _divided,
    ">": _greater,
    "<": lambda first, last: _greater(last, first),
}

_OF_MANY: Final[dict[str, Callable[[Sequence[int]], OfRow]]] = {
    "is_null": _is_null,
    "and": _and,
    "or": _or,
    "case": _case,
    "coalesce": _coalesce,
    "least": lambda args: _extreme(less, args),
    "greatest": lambda args: _extreme(greater, args),
    "is_distinct": _is_distinct,
}
