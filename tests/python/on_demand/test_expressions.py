"""Random expressions: both warehouses, the client and plain Python agree to the bit."""

import math
import operator
from functools import cache
from typing import Any

import pytest

from feature_warehouse.on_demand import closures, columns, scalars
from harness.host import Built
from on_demand.conftest import ROWS, SETS
from on_demand.evaluators import bits, by_closures, by_columns, of_tree
from on_demand.generate import Made
from on_demand.oracle import Row


@cache
def wanted(made: Made) -> list[Any]:
    """What plain Python says of each row."""
    return [made.value(row) for row in ROWS]


def differences(found: list[Any], made: Made) -> list[tuple[Row, Any, Any]]:
    """Rows where an evaluator says something else than plain Python."""
    return [
        (row, one, other)
        for row, one, other in zip(ROWS, found, wanted(made), strict=True)
        if bits(one) != bits(other)
    ]


def trees_of(built: Built, name: str) -> list[Any]:
    """What dbt parsed."""
    node = built.manifest()["nodes"][f"model.{built.project.name}.{name}"]
    return [each["tree"] for each in node["config"]["meta"]["feature_service"]["on_demand"]]


def in_warehouse(built: Built, name: str, made: list[Made]) -> list[list[Any]]:
    """The column of each expression."""
    names = [f"x{place}" for place in range(len(made))]
    rows = built.records(f"select {', '.join(names)} from {name} order by id")
    return [[row[each] for row in rows] for each in names]


def assert_agreed(built: Built, name: str, made: list[Made]) -> None:
    """All evaluators say of all rows what plain Python says."""
    trees, columns = trees_of(built, name), in_warehouse(built, name, made)
    for one, tree, column in zip(made, trees, columns, strict=True):
        node = of_tree(tree)
        answers = {
            "warehouse": column,
            "closures": by_closures(node, ROWS),
            "columns": by_columns(node, ROWS),
        }
        for evaluator, found in answers.items():
            wrong = differences(found, one)
            assert not wrong, (evaluator, one.text, len(wrong), wrong[0])


@pytest.mark.parametrize("name", SETS)
def test_all_evaluators_agree(built: Built, name: str) -> None:
    assert_agreed(built, name, SETS[name])


of_python = pytest.mark.parametrize("built", ["duckdb"], indirect=True)
"""What does not hang on the engine: dbt parses the same on each."""

MISTAKES = {
    "integers have no end": (scalars, "_whole", lambda value: value),
    "small doubles are multiplied": (scalars, "TINIEST", 0),
    "small doubles are multiplied in columns": (columns, "TINIEST", 0),
    "days begin an hour later": (scalars, "_EPOCH", scalars._EPOCH + 31),
    "an hour has 61 minutes": (scalars, "_HOUR", 3_660_000_000),
    "weeks begin on Sunday": (scalars, "_DAY", 86_400_000_001),
    "the year 10000 is there": (scalars, "LAST_INSTANT", 2**62),
    "the year 0 is there": (scalars, "FIRST_INSTANT", -(2**62)),
    "seconds are milliseconds": (scalars, "_MICROSECONDS", 1000.0),
    "great doubles are added": (scalars, "MOST", math.inf),
    "great doubles are added in columns": (columns, "MOST", math.inf),
    "seconds are milliseconds in columns": (columns, "_MICROSECONDS", 1000.0),
    "decimals have no scale": (scalars, "scale_of", lambda _: 0),
}
"""Parts of a module, and what stands in their place."""


@of_python
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_functions_are_noticed(
    built: Built, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*MISTAKES[name])
    assert is_noticed(built)


FUNCTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "scalar": (scalars.OF_ONE, lambda *_: lambda value: value),
    "scalar of two": (scalars.OF_TWO, lambda _: lambda first, __: first),
    "closure": (closures._OF_MANY, lambda args: args[0]),
    "common ones of columns": (columns._COMMON, lambda first, _: first),
    "columns": (columns._OF_MANY, lambda first, *_: first),
}
"""Tables of functions, and one that gives its first argument instead."""


@of_python
@pytest.mark.parametrize(
    ("table", "call"), [(table, call) for table, (calls, _) in FUNCTIONS.items() for call in calls]
)
def test_no_function_is_left_out(
    built: Built, table: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions, instead = FUNCTIONS[table]
    monkeypatch.setitem(functions, call, instead)
    assert is_noticed(built)


@of_python
@pytest.mark.parametrize("name", ["equal", "less", "greater"])
def test_nan_equals_itself_or_it_is_noticed(
    built: Built, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    naive = {"equal": operator.eq, "less": operator.lt, "greater": operator.gt}[name]
    signs = {"equal": "=", "less": "<", "greater": ">"}
    monkeypatch.setitem(scalars.OF_TWO, signs[name], lambda _: naive)
    assert is_noticed(built)


def is_noticed(built: Built) -> bool:
    """Whether an expression of the slice has another value, or none, with a mistake."""
    for name in SETS:
        for made, tree in zip(SETS[name], trees_of(built, name), strict=True):
            for evaluate in (by_closures, by_columns):
                try:
                    if differences(evaluate(of_tree(tree), ROWS), made):
                        return True
                except (TypeError, ValueError, AttributeError, ArithmeticError):
                    return True
    return False
