"""Expressions as functions of one row. They are made once, when a service is first read."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.on_demand.scalars import (
    OF_ONE,
    OF_TWO,
    equal,
    greater,
    later,
    less,
    literal,
)

__all__ = ["Closure", "closure"]

Closure = Callable[[Sequence[Any]], Any]
"""From a row of values, in the forms of this package, to a value."""


def closure(node: Node, places: Mapping[str, int]) -> Closure:
    """The function of an expression, given the place of each name in the row."""
    if node.call == "name":
        return itemgetter(places[str(node.value)])
    if node.call == "literal":
        value = literal(node)
        return lambda _: value
    args = [closure(arg, places) for arg in node.args]
    if node.call == "shift":
        return _of_one(later(int(node.value or 0)), *args)
    kind = node.args[0].type
    if node.call in OF_ONE:
        return _of_one(OF_ONE[node.call](kind, node.type), *args)
    if node.call in OF_TWO:
        return _of_two(OF_TWO[node.call](kind), *args)
    return _OF_MANY[node.call](args)


def _of_one(function: Callable[[Any], Any], arg: Closure) -> Closure:
    """A function of a value that is not NULL."""

    def evaluate(row: Sequence[Any]) -> Any:
        value = arg(row)
        return None if value is None else function(value)

    return evaluate


def _of_two(function: Callable[[Any, Any], Any], first: Closure, last: Closure) -> Closure:
    """A function of two values, NULL if one of them is."""

    def evaluate(row: Sequence[Any]) -> Any:
        one, other = first(row), last(row)
        return None if one is None or other is None else function(one, other)

    return evaluate


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


def _extreme(is_better: Callable[[Any, Any], bool], args: Sequence[Closure]) -> Closure:
    """Of values that are not NULL; of equal ones the first."""

    def evaluate(row: Sequence[Any]) -> Any:
        found = None
        for arg in args:
            value = arg(row)
            if value is not None and (found is None or is_better(value, found)):
                found = value
        return found

    return evaluate


def _is_distinct(args: Sequence[Closure]) -> Closure:
    first, last = args

    def evaluate(row: Sequence[Any]) -> bool:
        one, other = first(row), last(row)
        if one is None or other is None:
            return one is not other
        return not equal(one, other)

    return evaluate


_OF_MANY: Final[dict[str, Callable[[Sequence[Closure]], Closure]]] = {
    "is_null": _is_null,
    "and": _and,
    "or": _or,
    "case": _case,
    "coalesce": _coalesce,
    "least": lambda args: _extreme(less, args),
    "greatest": lambda args: _extreme(greater, args),
    "is_distinct": _is_distinct,
}
