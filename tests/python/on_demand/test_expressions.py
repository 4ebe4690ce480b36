"""Random expressions: both warehouses, closures and plain Python agree to the bit."""

import math
from functools import cache
from typing import Any

import pytest

from feature_warehouse.on_demand import closures
from harness.host import Built
from on_demand.conftest import ROWS, SETS
from on_demand.evaluators import bits, by_closures, of_tree
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
        answers = {"warehouse": column, "closures": by_closures(of_tree(tree), ROWS)}
        for evaluator, found in answers.items():
            wrong = differences(found, one)
            assert not wrong, (evaluator, one.text, len(wrong), wrong[0])


@pytest.mark.parametrize("name", SETS)
def test_all_evaluators_agree(built: Built, name: str) -> None:
    assert_agreed(built, name, SETS[name])


of_python = pytest.mark.parametrize("built", ["duckdb"], indirect=True)
"""What does not hang on the engine: dbt parses the same on each."""

MISTAKES_OF_CLOSURES = {
    "integers have no end": ("_whole", lambda value: value),
    "small doubles are multiplied": ("TINIEST", 0),
    "days begin an hour later": ("_EPOCH", closures._EPOCH + 31),
    "an hour has 61 minutes": ("_HOUR", 3_660_000_000),
    "weeks begin on Sunday": ("_DAY", 86_400_000_001),
    "the year 10000 is there": ("LAST_INSTANT", 2**62),
    "the year 0 is there": ("FIRST_INSTANT", -(2**62)),
    "seconds are milliseconds": ("_MICROSECONDS", 1000.0),
    "great doubles are added": ("MOST", math.inf),
    "decimals have no scale": ("scale_of", lambda _: 0),
}
"""Parts of the module, and what stands in their place."""


@of_python
@pytest.mark.parametrize("name", MISTAKES_OF_CLOSURES)
def test_mistakes_of_closures_are_noticed(
    built: Built, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closures, *MISTAKES_OF_CLOSURES[name])
    assert is_noticed(built)


@of_python
@pytest.mark.parametrize("call", [*closures._OF_TWO, *closures._OF_ONE, *closures._MANY])
def test_no_closure_is_left_out(built: Built, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gives its first argument instead."""
    if call in closures._OF_TWO:
        monkeypatch.setitem(closures._OF_TWO, call, lambda _, first, __: first)
    elif call in closures._OF_ONE:
        monkeypatch.setitem(closures._OF_ONE, call, lambda *_: lambda value: value)
    else:
        monkeypatch.setitem(closures._MANY, call, lambda args: args[0])
    assert is_noticed(built)


@of_python
def test_nan_equals_itself_or_it_is_noticed(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    equal = closures._compared(lambda _: lambda one, other: one == other)
    monkeypatch.setitem(closures._OF_TWO, "=", equal)
    assert is_noticed(built)


def is_noticed(built: Built) -> bool:
    """Whether an expression of the slice has another value, or none, with a mistake."""
    for name in SETS:
        for made, tree in zip(SETS[name], trees_of(built, name), strict=True):
            try:
                if differences(by_closures(of_tree(tree), ROWS), made):
                    return True
            except (TypeError, ValueError, AttributeError, ArithmeticError):
                return True
    return False
