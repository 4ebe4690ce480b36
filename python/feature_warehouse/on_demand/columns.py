"""Expressions as NumPy computes them, for many rows at once.

A column is an array of values and one that says which of them are there; what stands in the place
of a NULL means nothing. Decimals are arrays of int, which have no limit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

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

__all__ = ["Column", "column_of", "evaluate", "values_of"]

_HOUR: Final = 3_600_000_000
_DAY: Final = 24 * _HOUR
_SAFE: Final = 2.0**62
"""No int64 below this in size is lost by the rounding of a double that estimates it."""

_DTYPES: Final = {
    "integer": np.dtype(np.int64),
    "timestamp": np.dtype(np.int64),
    "double": np.dtype(np.float64),
    "boolean": np.dtype(np.bool_),
}
_OBJECTS: Final = np.dtype(object)


class Column(NamedTuple):
    """``there`` is false where a value is NULL."""

    values: Any
    there: Any


def column_of(values: Sequence[Any], kind: str) -> Column:
    """A column of values in the forms of this package."""
    there = np.array([value is not None for value in values], dtype=np.bool_)
    dtype = _DTYPES.get(kind, _OBJECTS)
    blank = "" if kind == "text" else dtype.type(0) if dtype is not _OBJECTS else 0
    found = np.empty(len(values), dtype)
    found[:] = [blank if value is None else value for value in values]
    return Column(found, there)


def values_of(column: Column) -> list[Any]:
    """The values, None where one is NULL."""
    pairs = zip(column.values.tolist(), column.there.tolist(), strict=True)
    return [value if is_there else None for value, is_there in pairs]


def evaluate(node: Node, columns: Mapping[str, Column], count: int) -> Column:
    """The column of an expression for ``count`` rows."""
    with np.errstate(all="ignore"):
        return _evaluate(node, columns, count)


def _evaluate(node: Node, columns: Mapping[str, Column], count: int) -> Column:
    if node.call == "name":
        return columns[str(node.value)]
    if node.call == "literal":
        return column_of([_literal(node)] * count, node.type)
    args = [_evaluate(arg, columns, count) for arg in node.args]
    return _CALLS[node.call](node, args)


def _literal(node: Node) -> Any:
    if node.value is None or node.type == "text":
        return node.value
    if node.type == "boolean":
        return node.value == "true"
    return int(node.value) if node.type == "integer" else float(node.value)


def _fits(values: Any) -> Any:
    size = np.abs(values)
    return (values == 0) | ((size >= TINIEST) & (size <= MOST))


def _arithmetic(node: Node, args: Sequence[Column]) -> Column:
    one, other = args
    there = one.there & other.there
    kind = node.args[0].type
    if kind == "integer":
        return _whole(_EXACT[node.call], one.values, other.values, there)
    if kind != "double":
        return Column(_EXACT[node.call](one.values, other.values), there)
    a, b = one.values, other.values
    if node.call in ("+", "-"):
        return Column(_EXACT[node.call](a, b), there & (abs(a) <= MOST) & (abs(b) <= MOST))
    there = there & _fits(a) & _fits(b)
    if node.call == "*":
        return Column(a * b, there)
    there = there & (b != 0)
    return Column(np.divide(a, b, out=np.zeros_like(a), where=there), there)


def _whole(function: Callable[[Any, Any], Any], one: Any, other: Any, there: Any) -> Column:
    """Whole numbers: with doubles it is estimated whether 64 bits are enough."""
    estimate = np.abs(function(one.astype(np.float64), other.astype(np.float64)))
    if not there.any() or (estimate[there] < _SAFE).all():
        return Column(function(one, other), there)
    exact = function(one.astype(object), other.astype(object))
    fits = np.array([LEAST <= value <= GREATEST for value in exact], dtype=np.bool_)
    return Column(np.where(fits, exact, 0).astype(np.int64), there & fits)


_EXACT: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
}


def _equals(one: Any, other: Any) -> Any:
    """NaN equals itself; no other value differs from itself."""
    return np.asarray((one == other) | ((one != one) & (other != other)), dtype=np.bool_)


def _is_less(one: Any, other: Any) -> Any:
    return np.asarray((one < other) | ((other != other) & (one == one)), dtype=np.bool_)


_COMPARED: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": _equals,
    "<>": lambda one, other: ~_equals(one, other),
    "<": _is_less,
    "<=": lambda one, other: ~_is_less(other, one),
    ">": lambda one, other: _is_less(other, one),
    ">=": lambda one, other: ~_is_less(one, other),
}


def _comparison(node: Node, args: Sequence[Column]) -> Column:
    one, other = args
    return Column(_COMPARED[node.call](one.values, other.values), one.there & other.there)


def _distinct(_: Node, args: Sequence[Column]) -> Column:
    one, other = args
    both = one.there & other.there
    differs = np.where(both, ~_equals(one.values, other.values), one.there != other.there)
    return Column(differs, np.ones_like(both))


def _is_null(_: Node, args: Sequence[Column]) -> Column:
    return Column(~args[0].there, np.ones_like(args[0].there))


def _and(_: Node, args: Sequence[Column]) -> Column:
    is_false = np.logical_or.reduce([arg.there & ~arg.values for arg in args])
    return Column(~is_false, is_false | np.logical_and.reduce([arg.there for arg in args]))


def _or(_: Node, args: Sequence[Column]) -> Column:
    is_true = np.logical_or.reduce([arg.there & arg.values for arg in args])
    return Column(is_true, is_true | np.logical_and.reduce([arg.there for arg in args]))


def _chosen(where: Any, one: Column, other: Column) -> Column:
    return Column(
        np.where(where, one.values, other.values), np.where(where, one.there, other.there)
    )


def _case(_: Node, args: Sequence[Column]) -> Column:
    found = args[-1]
    for place in range(len(args) - 3, -1, -2):
        condition = args[place]
        found = _chosen(condition.there & condition.values, args[place + 1], found)
    return found


def _coalesce(_: Node, args: Sequence[Column]) -> Column:
    found = args[-1]
    for arg in args[-2::-1]:
        found = _chosen(arg.there, arg, found)
    return found


def _extreme(node: Node, args: Sequence[Column]) -> Column:
    found = args[0]
    for arg in args[1:]:
        pair = (arg.values, found.values) if node.call == "least" else (found.values, arg.values)
        found = _chosen(arg.there & (~found.there | _is_less(*pair)), arg, found)
    return found


def _negative(node: Node, args: Sequence[Column]) -> Column:
    [arg] = args
    if node.type != "integer":
        return Column(-arg.values, arg.there)
    return Column(-arg.values, arg.there & (arg.values != LEAST))


def _absolute(node: Node, args: Sequence[Column]) -> Column:
    [arg] = args
    values = abs(arg.values)
    return Column(
        values, arg.there & (arg.values != LEAST) if node.type == "integer" else arg.there
    )


def _rounded(node: Node, args: Sequence[Column]) -> Column:
    [arg] = args
    if node.type == "integer":
        return arg
    function = np.floor if node.call == "floor" else np.ceil
    return Column(function(arg.values), arg.there & (np.abs(arg.values) <= MOST))


def _sign(_: Node, args: Sequence[Column]) -> Column:
    [arg] = args
    found = np.where(arg.values == 0, 0, np.where(arg.values < 0, -1, 1))
    return Column(found.astype(np.int64), arg.there)


def _root(_: Node, args: Sequence[Column]) -> Column:
    [arg] = args
    there = arg.there & (arg.values >= 0) & (arg.values <= MOST)
    return Column(np.sqrt(arg.values), there)


def _shift(node: Node, args: Sequence[Column]) -> Column:
    [arg] = args
    length = int(node.value or 0)
    first, last = FIRST_INSTANT - min(length, 0), LAST_INSTANT - max(length, 0)
    return Column(
        arg.values + np.int64(length), arg.there & (arg.values >= first) & (arg.values <= last)
    )


def _seconds_between(_: Node, args: Sequence[Column]) -> Column:
    first, last = args
    seconds = (last.values - first.values).astype(np.float64) / 1e6
    return Column(seconds, first.there & last.there)


def _part_of_instant(node: Node, args: Sequence[Column]) -> Column:
    [arg] = args
    if node.call == "hour":
        return Column(arg.values // _HOUR % 24, arg.there)
    days = arg.values // _DAY
    if node.call == "day_of_week":
        return Column((days + 3) % 7 + 1, arg.there)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return Column(months % 12 + 1, arg.there)


def _as_double(node: Node, args: Sequence[Column]) -> Column:
    [arg] = args
    scale = scale_of(node.args[0].type)
    if node.args[0].type == "integer":
        return Column(arg.values.astype(np.float64), arg.there)
    one = 10**scale
    return Column(np.array([value / one for value in arg.values], dtype=np.float64), arg.there)


def _as_decimal(node: Node, args: Sequence[Column]) -> Column:
    [arg] = args
    times = 10 ** (scale_of(node.type) - scale_of(node.args[0].type))
    return Column(arg.values.astype(object) * times, arg.there)


_CALLS: Final[dict[str, Callable[[Node, Sequence[Column]], Column]]] = {
    **dict.fromkeys(("+", "-", "*", "/"), _arithmetic),
    **dict.fromkeys(_COMPARED, _comparison),
    **dict.fromkeys(("least", "greatest"), _extreme),
    **dict.fromkeys(("floor", "ceil"), _rounded),
    **dict.fromkeys(("hour", "day_of_week", "month"), _part_of_instant),
    "is_distinct": _distinct,
    "is_null": _is_null,
    "and": _and,
    "or": _or,
    "not": lambda _, args: Column(~args[0].values, args[0].there),
    "case": _case,
    "coalesce": _coalesce,
    "negative": _negative,
    "abs": _absolute,
    "sign": _sign,
    "sqrt": _root,
    "shift": _shift,
    "seconds_between": _seconds_between,
    "double": _as_double,
    "decimal": _as_decimal,
}
