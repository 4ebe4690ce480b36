"""Checks as expectations of Great Expectations, two of our own among them."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

import great_expectations as gx
import msgspec
from great_expectations.compatibility.pydantic import ValidationError
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider
from great_expectations.expectations.metrics.map_metric_provider import column_condition_partial
from great_expectations.expectations.registry import get_expectation_impl

from feature_warehouse.codec.rows import from_microseconds
from feature_warehouse.declarations.expectations import AS_DECLARED, FOUND_IN, Check
from feature_warehouse.errors import UsageError
from feature_warehouse.util.durations import microseconds

__all__ = ["Context", "expectation_of"]


# Great Expectations' annotations are not read (see pyproject.toml): its classes and decorators are
# Any, which the type checker is told here to let pass.


class _MeasuredElsewhere(ColumnMapMetricProvider):  # type: ignore[misc]
    """Makes a metric known to an engine of frames; what it is, is measured in the warehouse."""

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: Any, **_: Any) -> Any:  # noqa: N805 (the decorator's own)
        raise NotImplementedError


class ColumnValuesFoundIn(_MeasuredElsewhere):
    """Of our own expectation below."""

    condition_metric_name = "column_values.found_in"
    condition_value_keys = ("relation", "field")


class ColumnValuesMatchLikePattern(_MeasuredElsewhere):
    """Great Expectations has it for SQL only."""

    condition_metric_name = "column_values.match_like_pattern"
    condition_value_keys = ("like_pattern",)


class ColumnValuesNotMatchLikePattern(_MeasuredElsewhere):
    """Likewise."""

    condition_metric_name = "column_values.not_match_like_pattern"
    condition_value_keys = ("like_pattern",)


class ExpectColumnValuesToBeFoundIn(ColumnMapExpectation):  # type: ignore[misc]
    """dbt's ``relationships``: every value is one of another model's column."""

    parent: str
    relation: str
    field: str

    map_metric = "column_values.found_in"
    success_keys = ("relation", "field", "mostly")
    args_keys = ("column", "parent", "field")


class ExpectColumnTypeToBeAsDeclared(gx.expectations.ExpectColumnTypeToBe):  # type: ignore[misc]
    """The contract: the column is of the type that the model declares."""

    def _validate(self, metrics: Mapping[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        types = {entry["name"]: entry["type"] for entry in metrics["table.column_types"]}
        observed = types[self.column]
        return {"success": observed == self.type_, "result": {"observed_value": observed}}


class ExpectColumnQuantileValuesToBeBetween(
    gx.expectations.ExpectColumnQuantileValuesToBeBetween  # type: ignore[misc]
):
    """The same; but its verdict is a boolean, and no NumPy one that JSON does not know."""

    def _validate(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        found = super()._validate(*arguments, **named)
        details = [bool(one) for one in found["result"]["details"]["success_details"]]
        return {
            "success": all(details),
            "result": {**found["result"], "details": {"success_details": details}},
        }


class Context(msgspec.Struct, frozen=True):
    """What a shorthand is about: the run's clock, and how many rows the last run found."""

    event_timestamp: str
    clock: int
    last_rows: int | None


def expectation_of(check: Check, context: Context, number: int) -> Any:
    """The expectation of a check; ``number`` finds its result again. None if there is none.

    UsageError with all that Great Expectations says of wrong arguments.
    """
    kind, arguments = check.kind, dict(check.arguments)
    if kind == "freshness":
        kind, arguments = "expect_column_max_to_be_between", _freshness(check, context)
    elif kind == "row_count_change":
        if context.last_rows is None:
            return None
        kind = "expect_table_row_count_to_be_between"
        arguments = _change(check, context.last_rows)
    severity = "critical" if check.severity == "error" else "warning"
    try:
        return _class_of(kind)(**arguments, severity=severity, meta={"check": number})
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        )
        raise UsageError(f"{check.kind}: {' '.join(reasons.split())}") from None


def _class_of(kind: str) -> Any:
    own = {AS_DECLARED: ExpectColumnTypeToBeAsDeclared, FOUND_IN: ExpectColumnValuesToBeFoundIn}
    return own.get(kind) or get_expectation_impl(kind)


def _freshness(check: Check, context: Context) -> dict[str, Any]:
    age = microseconds(check.arguments["max_age"]) or 0
    oldest = from_microseconds(context.clock - age).replace(tzinfo=None)
    return {"column": context.event_timestamp, "min_value": oldest}


def _change(check: Check, last: int) -> dict[str, Any]:
    """Whole rows within the fractions; of an empty view every change is endless."""
    bounds = {}
    if (least := check.arguments.get("min")) is not None:
        bounds["min_value"] = ceil(last * (1 + Fraction(str(least))))
    if (most := check.arguments.get("max")) is not None:
        bounds["max_value"] = floor(last * (1 + Fraction(str(most))))
    return bounds
