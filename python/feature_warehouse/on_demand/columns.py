"""Expressions as functions of columns, for many rows: half the time that closures take.

The operations of doubles, which most expressions are made of, are loops without a call for each
value.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import itemgetter
from typing import Any, Final

from feature_warehouse.on_demand.expressions import MOST, TINIEST, Node
from feature_warehouse.on_demand.scalars import (
    OF_ONE,
    OF_TWO,
    equal,
    greater,
    later,
    less,
    literal,
)

__all__ = ["Column", "OfColumns", "of_columns"]

Column = Sequence[Any]
"""Values in the forms of this package, None for NULL."""

_MICROSECONDS: Final = 1_000_000.0

OfColumns = Callable[[Sequence[Column]], Column]
"""From columns of equal length, of which there is at least one, to another."""


def of_columns(node: Node, places: Mapping[str, int]) -> OfColumns:
    """The function of an expression, given the place of each name among the columns."""
    if node.call == "name":
        return itemgetter(places[str(node.value)])
    if node.call == "literal":
        value = literal(node)
        return lambda columns: [value] * len(columns[0])
    args = [of_columns(arg, places) for arg in node.args]
    function = _function(node)
    if len(args) == 2:
        first, last = args
        return lambda columns: function(first(columns), last(columns))
    return lambda columns: function(*[arg(columns) for arg in args])


def _function(node: Node) -> Callable[..., Column]:
    """That of a call, from the columns of its arguments."""
    if node.call == "shift":
        return _each(later(int(node.value or 0)))
    kind = node.args[0].type
    if kind in ("double", "timestamp") and node.call in _COMMON:
        return _COMMON[node.call]
    if node.call in OF_ONE:
        return _each(OF_ONE[node.call](kind, node.type))
    if node.call in OF_TWO:
        return _pairs(OF_TWO[node.call](kind))
    return _OF_MANY[node.call]


def _each(function: Callable[[Any], Any]) -> Callable[[Column], Column]:
    """A function of values that are not NULL."""
    return lambda column: [None if one is None else function(one) for one in column]


def _pairs(function: Callable[[Any, Any], Any]) -> Callable[[Column, Column], Column]:
    """A function of two values, NULL if one of them is."""
    return lambda first, last: [
        None if one is None or other is None else function(one, other)
        for one, other in zip(first, last, strict=True)
    ]


def _plus(first: Column, last: Column) -> Column:
    return [
        one + other
        if one is not None and other is not None and abs(one) <= MOST and abs(other) <= MOST
        else None
        for one, other in zip(first, last, strict=True)
    ]


def _minus(first: Column, last: Column) -> Column:
    return [
        one - other
        if one is not None and other is not None and abs(one) <= MOST and abs(other) <= MOST
        else None
        for one, other in zip(first, last, strict=True)
    ]


def _times(first: Column, last: Column) -> Column:
    return [
        one * other
        if one is not None
        and other is not None
        and (TINIEST <= abs(one) <= MOST or one == 0)
        and (TINIEST <= abs(other) <= MOST or other == 0)
        else None
        for one, other in zip(first, last, strict=True)
    ]


def _divided(first: Column, last: Column) -> Column:
    return [
        one / other
        if one is not None
        and other is not None
        and TINIEST <= abs(other) <= MOST
        and (TINIEST <= abs(one) <= MOST or one == 0)
        else None
        for one, other in zip(first, last, strict=True)
    ]


def _greater(first: Column, last: Column) -> Column:
    return [
        None if one is None or other is None else one > other or (one != one and other == other)
        for one, other in zip(first, last, strict=True)
    ]


def _seconds_between(first: Column, last: Column) -> Column:
    return [
        None if one is None or other is None else float(other - one) / _MICROSECONDS
        for one, other in zip(first, last, strict=True)
    ]


def _is_null(column: Column) -> Column:
    return [one is None for one in column]


def _and(*columns: Column) -> Column:
    return [
        False if False in row else None if None in row else True
        for row in zip(*columns, strict=True)
    ]


def _or(*columns: Column) -> Column:
    return [
        True if True in row else None if None in row else False
        for row in zip(*columns, strict=True)
    ]


def _case(*columns: Column) -> Column:
    """Of conditions and values in turn, and what holds otherwise. No value fails: all are there."""
    *branches, found = columns
    for condition, value in zip(branches[-2::-2], branches[::-2], strict=True):
        found = [
            one if is_true else other
            for is_true, one, other in zip(condition, value, found, strict=True)
        ]
    return found


def _coalesce(*columns: Column) -> Column:
    return reduce(
        lambda first, last: [
            other if one is None else one for one, other in zip(first, last, strict=True)
        ],
        columns,
    )


def _extreme(is_better: Callable[[Any, Any], bool], columns: Sequence[Column]) -> Column:
    """Of values that are not NULL; of equal ones the first."""
    return reduce(
        lambda first, last: [
            one if other is None or not (one is None or is_better(other, one)) else other
            for one, other in zip(first, last, strict=True)
        ],
        columns,
    )


def _is_distinct(first: Column, last: Column) -> Column:
    return [
        one is not other if one is None or other is None else not equal(one, other)
        for one, other in zip(first, last, strict=True)
    ]


# Of doubles and instants: what is right for NaN is right for values that have none.
_COMMON: Final[dict[str, Callable[..., Column]]] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _divided,
    ">": _greater,
    "<": lambda first, last: _greater(last, first),
    "seconds_between": _seconds_between,
}

_OF_MANY: Final[dict[str, Callable[..., Column]]] = {
    "is_null": _is_null,
    "and": _and,
    "or": _or,
    "case": _case,
    "coalesce": _coalesce,
    "least": lambda *columns: _extreme(less, columns),
    "greatest": lambda *columns: _extreme(greater, columns),
    "is_distinct": _is_distinct,
}
