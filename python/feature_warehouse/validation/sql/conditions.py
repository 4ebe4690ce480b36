"""Which rows fail an expectation, as SQL that all engines share.

NULL passes everything but the expectation that there is none, as in Great Expectations. NaN is a
value, and the greatest of its column, as in the test ``bounds``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from feature_warehouse.declarations.model import Column
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.validation.sql.binding import Binder

__all__ = ["IN_PYTHON", "considered", "unexpected"]

Columns = Mapping[str, Column]
Arguments = Mapping[str, Any]

IN_PYTHON: Final = frozenset(
    f"column_values.{name}"
    for name in (
        "dateutil_parseable",
        "json_parseable",
        "match_json_schema",
        "match_regex",
        "match_regex_list",
        "match_strftime_format",
        "not_match_regex",
        "not_match_regex_list",
    )
)
"""Metrics whose meaning is Python's: no warehouse has its regular expressions and parsers."""


def unexpected(metric: str, columns: Columns, arguments: Arguments, binder: Binder) -> str:
    """The condition that a row fails; ``arguments`` are the metric's."""
    if metric in _PAIRS:
        pair = (columns[str(arguments[key])] for key in ("column_A", "column_B"))
        first, second = map(binder.dialect.compared, pair)
        failing = _PAIRS[metric](first, second, arguments)
        return f"{considered(arguments, binder.dialect)} and {failing}"
    column = columns[str(arguments["column"])]
    name = binder.dialect.quote(column.name)
    if metric == "column_values.nonnull":
        return f"{name} is null"
    if metric == "column_values.null":
        return f"{name} is not null"
    return f"{name} is not null and ({_FAILING[metric](column, arguments, binder)})"


def considered(arguments: Arguments, dialect: Dialect) -> str:
    """The rows that an expectation of several columns looks at, by its ``ignore_row_if``."""
    names = arguments.get("column_list") or [arguments["column_A"], arguments["column_B"]]
    missing = [f"{dialect.quote(str(name))} is null" for name in names]
    rule = arguments.get("ignore_row_if") or "never"
    if rule in ("both_values_are_missing", "all_values_are_missing"):
        return f"not ({' and '.join(missing)})"
    if rule in ("either_value_is_missing", "any_value_is_missing"):
        return f"not ({' or '.join(missing)})"
    return "true"


def _greater(first: str, second: str, arguments: Arguments) -> str:
    sign = ">=" if arguments.get("or_equal") else ">"
    return f"not coalesce({first} {sign} {second}, false)"


def _equal(first: str, second: str, _: Arguments) -> str:
    return f"{first} is distinct from {second}"


_PAIRS: Final[dict[str, Callable[[str, str, Arguments], str]]] = {
    "column_pair_values.a_greater_than_b": _greater,
    "column_pair_values.equal": _equal,
}


def _between(column: Column, arguments: Arguments, binder: Binder) -> str:
    name = binder.dialect.compared(column)
    return _outside(name, arguments, lambda value: binder.value(column, value))


def _outside(expression: str, arguments: Arguments, bind: Callable[[Any], str]) -> str:
    sides = []
    for side, sign in (("min", "<"), ("max", ">")):
        if (value := arguments.get(f"{side}_value")) is not None:
            equals = "=" if arguments.get(f"strict_{side}") else ""
            sides.append(f"{expression} {sign}{equals} {bind(value)}")
    return " or ".join(sides) or "false"


def _length_between(column: Column, arguments: Arguments, binder: Binder) -> str:
    length = f"length({binder.dialect.quote(column.name)})"
    return _outside(length, arguments, lambda value: str(float(value)))


def _length_equals(column: Column, arguments: Arguments, binder: Binder) -> str:
    return f"length({binder.dialect.quote(column.name)}) <> {int(arguments['value'])}"


def _in(column: Column, arguments: Arguments, binder: Binder) -> str:
    values = [value for value in arguments["value_set"] or () if value is not None]
    if not values:
        return "false"
    listed = ", ".join(binder.value(column, value) for value in values)
    return f"{binder.dialect.quote(column.name)} in ({listed})"


def _not_in(column: Column, arguments: Arguments, binder: Binder) -> str:
    return f"not ({_in(column, arguments, binder)})"


def _like(column: Column, arguments: Arguments, binder: Binder) -> str:
    name, pattern = binder.dialect.quote(column.name), str(arguments["like_pattern"])
    return f"{name} like {binder.text(pattern)} escape '{binder.dialect.backslash}'"


def _not_like(column: Column, arguments: Arguments, binder: Binder) -> str:
    return f"not ({_like(column, arguments, binder)})"


def _not_found(column: Column, arguments: Arguments, binder: Binder) -> str:
    field, name = map(binder.dialect.quote, (str(arguments["field"]), column.name))
    return (
        f"not exists (select 1 from {arguments['relation']} as parent"
        f" where parent.{field} = published_rows.{name})"
    )


_FAILING: Final[dict[str, Callable[[Column, Arguments, Binder], str]]] = {
    "column_values.between": _between,
    "column_values.found_in": _not_found,
    "column_values.in_set": _not_in,
    "column_values.match_like_pattern": _not_like,
    "column_values.not_in_set": _in,
    "column_values.not_match_like_pattern": _like,
    "column_values.value_length.between": _length_between,
    "column_values.value_length.equals": _length_equals,
}
