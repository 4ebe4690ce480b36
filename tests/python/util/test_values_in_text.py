"""Values in messages are what people wrote, not what Python calls them."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest

from feature_warehouse.codec.arrow.defaults import stored_default
from feature_warehouse.codec.keys import key_text
from feature_warehouse.declarations.expectations import declared_checks
from feature_warehouse.errors import EntityError, UsageError
from feature_warehouse.on_demand.forms import from_request
from feature_warehouse.util.values_in_text import in_json, in_python

ID = UUID("3b241101-e2bb-4255-8caf-4136c566a962")

IN_PYTHON: list[tuple[Any, str]] = [
    (None, "None"),
    (True, "bool True"),
    (7, "int 7"),
    (1.5, "float 1.5"),
    ("it's", 'str "it\'s"'),
    ("two\nlines", r"str 'two\nlines'"),
    (b"x", "bytes b'x'"),
    (Decimal("1.001"), "Decimal 1.001"),
    (date(2026, 1, 31), "date 2026-01-31"),
    (datetime(2026, 1, 31, 12), "datetime 2026-01-31 12:00:00"),
    (ID, f"UUID {ID}"),
    (np.float64(1.5), "float64 1.5"),
    (np.array([[1], [2]]), "ndarray [[1] [2]]"),
    ([Decimal(1)], "a list"),
    ({"a": 1}, "a dict"),
    ("x" * 1000, f"str '{'x' * 59}..."),
]


@pytest.mark.parametrize(("value", "expected"), IN_PYTHON)
def test_a_value_of_a_program(value: Any, expected: str) -> None:
    assert in_python(value) == expected


IN_JSON: list[tuple[Any, str]] = [
    (None, "null"),
    (True, "true"),
    (1.5, "1.5"),
    ("x", "'x'"),
    ([1, None], "[1, null]"),
    ({"min": False}, '{"min": false}'),
    (date(2026, 1, 31), '"2026-01-31"'),
]


@pytest.mark.parametrize(("value", "expected"), IN_JSON)
def test_a_value_of_a_declaration(value: Any, expected: str) -> None:
    assert in_json(value) == expected


MESSAGES: list[tuple[Callable[[], Any], str]] = [
    (lambda: key_text("id", Decimal("1.5"), "int"), "takes an int, not Decimal 1.5"),
    (lambda: key_text("id", None, "int"), "takes an int, not None"),
    (
        lambda: from_request("fee", "numeric(10,2)").take(Decimal("1.001")),
        "2 of them after the point, not Decimal 1.001",
    ),
    (lambda: from_request("day", "date").take(datetime(2026, 1, 31)), "not datetime 2026-01-31 "),
    (lambda: stored_default("fee", True, pa.int64(), "int"), "default true of 'fee' is not a int"),
    (lambda: stored_default("fee", [None], pa.int64(), "int"), "default [null] of 'fee' is not"),
]


@pytest.mark.parametrize(("call", "text"), MESSAGES)
def test_messages_show_them_so(call: Callable[[], Any], text: str) -> None:
    with pytest.raises((EntityError, UsageError)) as error:
        call()
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"expect_column_max_to_be_between": True}, "cannot be true; it needs a mapping"),
        ({"freshness": None}, "freshness cannot be null"),
        ({"freshness": {"max_age": None}}, "freshness null is not"),
        ({"freshness": "1 hour", "severity": None}, "must be error or warn, not null"),
    ],
)
def test_mistakes_of_expectations_show_them_so(entry: dict[str, Any], text: str) -> None:
    checks, [mistake] = declared_checks([entry], ["fee"])
    assert not checks
    assert text in mistake
