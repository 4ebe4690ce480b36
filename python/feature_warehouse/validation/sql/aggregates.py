"""Figures that one scan gives, as SQL that all engines share."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from feature_warehouse.declarations.model import Column
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.validation.sql.binding import Binder, is_number, number
from feature_warehouse.validation.sql.conditions import IN_PYTHON, considered, unexpected
from feature_warehouse.validation.sql.metric import Metric

__all__ = ["UNIQUE", "aggregates", "is_plain"]

UNIQUE: Final = ("column_values.unique", "compound_columns.unique")
"""Metrics that take a grouping of their own."""

Arguments = Mapping[str, Any]

Aggregates = tuple[list[str], Callable[[list[Any]], Any]]
"""Expressions, and what makes the figure of their values."""


def is_plain(metric: Metric) -> bool:
    """Whether it is a figure of one scan."""
    if metric.name in _FIGURES or metric.name == "table.row_count":
        return True
    alone = (*UNIQUE, "column_values.found_in")
    if metric.name.endswith(".filtered_row_count"):
        return True
    counted = metric.name.endswith(".unexpected_count")
    return counted and metric.subject not in IN_PYTHON and metric.subject not in alone


def aggregates(metric: Metric, columns: Mapping[str, Column], binder: Binder) -> Aggregates:
    """Expressions, and what makes the figure of their values."""
    if metric.name == "table.row_count":
        return ["count(*)"], lambda values: values[0]
    if metric.name.endswith(".filtered_row_count"):
        return [_count(considered(metric.asked, binder.dialect))], lambda values: values[0]
    if metric.name.endswith(".unexpected_count"):
        failing = unexpected(metric.subject, columns, metric.asked, binder)
        return [_count(failing)], lambda values: values[0]
    column = columns[str(metric.asked["column"])]
    if metric.name in _OF_NUMBERS and not is_number(column):
        raise ValueError(f"column {column.name!r} of type {column.data_type} is not a number")
    return _FIGURES[metric.name](column, metric.asked, binder.dialect)


def _count(condition: str) -> str:
    return f"count(case when {condition} then 1 end)"


def _one(column: Column, expression: str, dialect: Dialect) -> Aggregates:
    """A value of the column's type; of a number, through a text."""
    if not is_number(column):
        return [expression], lambda values: values[0]
    return [f"cast({expression} as {dialect.text})"], lambda values: _number(values[0])


def _number(text: str | None) -> int | float | None:
    return None if text is None else number(text)


def _least(column: Column, _: Arguments, dialect: Dialect) -> Aggregates:
    return _one(column, f"min({dialect.compared(column)})", dialect)


def _greatest(column: Column, _: Arguments, dialect: Dialect) -> Aggregates:
    return _one(column, f"max({dialect.compared(column)})", dialect)


def _sum(column: Column, _: Arguments, dialect: Dialect) -> Aggregates:
    return _one(column, dialect.total(column), dialect)


def _mean(column: Column, _: Arguments, dialect: Dialect) -> Aggregates:
    # Of whole numbers and decimals the exact sum, divided once; avg of DuckDB adds up doubles.
    return [
        f"cast({dialect.total(column)} as {dialect.text})",
        f"count({dialect.quote(column.name)})",
    ], lambda values: number(values[0]) / values[1] if values[1] else None


def _quantiles(column: Column, arguments: Arguments, dialect: Dialect) -> Aggregates:
    name = dialect.compared(column)
    texts = [dialect.quantile(name, float(one)) for one in arguments["quantiles"]]
    numeric = is_number(column)
    if numeric:
        texts = [f"cast({text} as {dialect.text})" for text in texts]
    return texts, lambda values: [_number(one) if numeric else one for one in values]


def _median(column: Column, _: Arguments, dialect: Dialect) -> Aggregates:
    name = dialect.quote(column.name)
    return _one(column, f"percentile_cont(0.5) within group (order by {name})", dialect)


def _deviation(column: Column, _: Arguments, dialect: Dialect) -> Aggregates:
    return _one(column, f"stddev_samp({dialect.quote(column.name)})", dialect)


def _distinct_count(column: Column, _: Arguments, dialect: Dialect) -> Aggregates:
    return [f"count(distinct {dialect.quote(column.name)})"], lambda values: values[0]


def _unique_share(column: Column, _: Arguments, dialect: Dialect) -> Aggregates:
    name = dialect.quote(column.name)
    return [f"count(distinct {name})", f"count({name})"], _share


def _filled_share(column: Column, _: Arguments, dialect: Dialect) -> Aggregates:
    return [f"count({dialect.quote(column.name)})", "count(*)"], _share


def _share(values: list[Any]) -> float | None:
    part, whole = values
    return part / whole if whole else None


_OF_NUMBERS: Final = ("column.mean", "column.median", "column.sum", "column.standard_deviation")
_FIGURES: Final[dict[str, Callable[[Column, Arguments, Dialect], Aggregates]]] = {
    "column.distinct_values.count": _distinct_count,
    "column.max": _greatest,
    "column.mean": _mean,
    "column.median": _median,
    "column.min": _least,
    "column.non_null_proportion": _filled_share,
    "column.quantile_values": _quantiles,
    "column.standard_deviation": _deviation,
    "column.sum": _sum,
    "column.unique_proportion": _unique_share,
}
