"""Random expressions: both warehouses, the client and plain Python agree to the bit."""

import math
import operator
from functools import cache
from operator import itemgetter
from typing import Any

import pytest

from feature_warehouse.on_demand import closures, columns, scalars
from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.on_demand.steps import steps_of
from harness.host import Built
from on_demand.conftest import ROWS, SETS
from on_demand.evaluators import EVALUATORS, bits, given_rows, of_tree
from on_demand.generate import Made
from on_demand.oracle import Row

GIVEN = given_rows(ROWS)


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


@cache
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
            **{evaluate.__name__: evaluate(node, GIVEN) for evaluate in EVALUATORS},
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
    "small doubles are multiplied": (closures, "TINIEST", 0),
    "small doubles are multiplied in columns": (columns, "TINIEST", 0),
    "days begin an hour later": (scalars, "_EPOCH", scalars._EPOCH + 31),
    "an hour has 61 minutes": (scalars, "_HOUR", 3_660_000_000),
    "weeks begin on Sunday": (scalars, "_DAY", 86_400_000_001),
    "the year 10000 is there": (scalars, "LAST_INSTANT", 2**62),
    "the year 0 is there": (scalars, "FIRST_INSTANT", -(2**62)),
    "seconds are milliseconds": (scalars, "_MICROSECONDS", 1000.0),
    "great doubles have roots": (scalars, "MOST", math.inf),
    "great doubles are added": (closures, "MOST", math.inf),
    "great doubles are moderate": (columns, "_MODERATE", math.inf),
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


def take_first(first: Any, *_: Any) -> Any:
    return first


FUNCTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "scalar": (scalars.OF_ONE, lambda *_: lambda value: value),
    "scalar of two": (scalars.OF_TWO, lambda _: lambda first, __: first),
    "closure": (closures._OF_MANY, lambda args: itemgetter(args[0])),
    "closures of doubles": (closures._OF_DOUBLES, lambda first, _: itemgetter(first)),
    "common ones of columns": (columns._COMMON, columns._Operation(take_first, take_first)),
    "columns": (columns._OF_MANY, take_first),
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
@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("call", columns._COMMON)
def test_columns_are_checked_before_all_is_computed_at_once(
    built: Built, call: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = columns._COMMON[call]
    own = getattr(operation, place)
    too_little = columns._always if own is columns._are_moderate else columns._are_moderate
    changed: Any = {place: too_little}
    monkeypatch.setitem(columns._COMMON, call, operation._replace(**changed))
    assert is_noticed(built)


def test_what_is_there_twice_is_computed_once() -> None:
    one, other = (Node("name", "double", value=name) for name in ("one", "other"))
    quotient = Node("/", "double", (one, other))
    greatest = Node(
        "greatest", "double", (quotient, quotient, Node("literal", "double", value="2"))
    )
    found = steps_of([("a", quotient), ("b", greatest), ("c", quotient)], ["one", "other"])
    assert [step.args for step in found.steps] == [(0, 1), (3, 3, 2)]
    assert found.constants == (2.0,)
    assert found.places == {"one": 0, "other": 1, "a": 3, "b": 4, "c": 3}


NAIVE = {"=": operator.eq, "<>": operator.ne, "<=": operator.le, ">=": operator.ge}


@of_python
@pytest.mark.parametrize("sign", NAIVE)
def test_nan_equals_itself_or_it_is_noticed(
    built: Built, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(scalars.OF_TWO, sign, lambda _: NAIVE[sign])
    assert is_noticed(built)


@of_python
@pytest.mark.parametrize("form", ["closures", "columns"])
def test_nan_is_the_greatest_or_it_is_noticed(
    built: Built, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "closures":
        monkeypatch.setitem(
            closures._OF_DOUBLES,
            ">",
            lambda first, last: closures._of_two(operator.gt, first, last),
        )
    else:
        naive = columns._pairs(operator.gt)
        monkeypatch.setitem(columns._COMMON, ">", columns._Operation(operator.gt, naive))
    assert is_noticed(built)


def is_noticed(built: Built) -> bool:
    """Whether an expression of the slice has another value, or none, with a mistake."""
    for name in reversed(SETS):  # corners first: most are noticed there
        for made, tree in zip(SETS[name], trees_of(built, name), strict=True):
            for evaluate in EVALUATORS:
                try:
                    if differences(evaluate(of_tree(tree), GIVEN), made):
                        return True
                except (TypeError, ValueError, AttributeError, ArithmeticError):
                    return True
    return False
