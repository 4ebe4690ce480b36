"""What dbt knows is expected of what is published: each kind once right, once wrong."""

from typing import Any

import pytest

from harness.mini import Columns
from validation.place import EARLY, Place

COLUMNS: Columns = {
    "id": "bigint",
    "ts": "timestamp",
    "score": "double precision",
    "code": "text",
    "parent": "integer",
}
GOOD = [(1, EARLY, 0.5, "a", 10), (2, EARLY, 1.0, "b", 20), (3, EARLY, 0.0, "c", None)]
NOT_NULL, UNIQUE = "expect_column_values_to_not_be_null", "expect_column_values_to_be_unique"


def place_with(place: Place, *rows: Any, columns: Columns = COLUMNS, **block: Any) -> Place:
    place.view("scores", columns, rows, expectations=[], **block)
    return place


def derived(place: Place) -> list[tuple[str, str]]:
    found = place.check().checks
    return [(one.expectation, one.origin) for one in found if one.origin != "contract"]


def reasons(place: Place) -> list[str]:
    result = place.check()
    assert result.status == ("failed" if result.failures else "passed")
    return result.failures


@pytest.mark.parametrize(
    ("test", "column", "arguments", "wrong", "says"),
    [
        (
            "not_null",
            "code",
            {},
            (4, EARLY, 0.1, None, 10),
            "1 of 4 rows fail (25 %), such as code=NULL, id=4",
        ),
        (
            "unique",
            "code",
            {},
            (4, EARLY, 0.1, "a", 10),
            "2 of 4 rows fail (50 %), such as code='a', id=1; code='a', id=4",
        ),
        (
            "accepted_values",
            "code",
            {"values": ["a", "b", "c"]},
            (4, EARLY, 0.1, "d", 10),
            "such as code='d', id=4",
        ),
        (
            "accepted_values",
            "parent",
            {"values": ["10", "20"]},
            (4, EARLY, 0.1, "d", 11),
            "such as parent=11, id=4",
        ),
        (
            "bounds",
            "score",
            {"min_value": 0, "max_value": 1},
            (4, EARLY, 1.5, "d", 10),
            "such as score=1.5, id=4",
        ),
    ],
)
def test_a_test_of_dbt_is_expected_of_the_newest_rows(
    place: Place, test: str, column: str, arguments: dict[str, Any], wrong: Any, says: str
) -> None:
    for row, failed in ((), 0), ((wrong,), 1):
        place_with(place, *GOOD, *row)
        place.mini.test("scores", test, column, **arguments)
        found = reasons(place)
        assert len(found) == failed, found
    assert says in found[0]
    assert found[0].endswith(f"[dbt test {test}]")


def test_bounds_may_exclude_themselves(place: Place) -> None:
    place_with(place, *GOOD)
    place.mini.test("scores", "bounds", "score", min_value=0, max_value=1, inclusive=False)
    [reason] = reasons(place)
    assert "2 of 3 rows fail (66.7 %), such as score=1.0, id=2; score=0.0, id=3" in reason


def test_relationships_look_into_the_other_model(place: Place) -> None:
    relation = place.table("parents", {"number": "bigint"}, [(10,), (None,)])
    place.mini.model("parents", relation)
    place_with(place, *GOOD)
    place.mini.test("scores", "relationships", "parent", parents=["parents"], field="number")
    [reason] = reasons(place)
    assert "(column=parent, parent=parents, field=number): 1 of 3 rows fail" in reason
    assert "such as parent=20, id=2" in reason
    place.insert("parents", [(20,)])
    assert reasons(place) == []


def test_freshness_of_not_stale(place: Place) -> None:
    place_with(place, *GOOD)
    place.mini.test("scores", "not_stale", max_age="2 hours")
    assert reasons(place) == []
    place_with(place, *GOOD)
    place.mini.test("scores", "not_stale", max_age="119 minutes")
    [reason] = reasons(place)
    assert "freshness(max_age=119 minutes): the newest row is from 2026-01-01 10:00:00" in reason


def test_a_type_that_is_not_the_contracts(place: Place) -> None:
    place_with(place, *GOOD)
    place.execute('alter table gate."scores" alter column parent type bigint')
    [reason] = reasons(place)
    assert "type_to_be_as_declared(column=parent, type_=integer): it is bigint" in reason.lower()


@pytest.mark.parametrize(
    "kind", ["timestamp with time zone", "character(3)", "numeric(9,3)", "date"]
)
def test_types_that_are_published_as_others_are_right(place: Place, kind: str) -> None:
    columns: Columns = {"id": "varchar(3)", "ts": "timestamptz", "x": kind}
    value = {"character(3)": "ab", "numeric(9,3)": "1.5"}.get(kind, "2026-01-01")
    place.view("scores", columns, [("a", EARLY, value)], expectations=[])
    assert reasons(place) == []


def test_constraints_of_the_contract(place: Place) -> None:
    columns: dict[str, Any] = {
        **COLUMNS,
        "code": {"data_type": "text", "constraints": [{"type": "not_null"}, {"type": "unique"}]},
    }
    place_with(place, *GOOD, (4, EARLY, 0.1, None, 1), (5, EARLY, 0.1, "a", 1), columns=columns)
    first, second = reasons(place)
    assert first.startswith(f"{NOT_NULL}(column=code): 1 of 5 rows fail")
    assert second.startswith(f"{UNIQUE}(column=code): 2 of 5 rows fail")


def test_severity_is_dbts(place: Place) -> None:
    place_with(place, *GOOD, (4, EARLY, 9.0, "d", 1))
    place.mini.test("scores", "bounds", "score", max_value=1, config={"severity": "warn"})
    result = place.check()
    assert (result.status, result.failures, len(result.warnings)) == ("passed", [], 1)


def test_each_is_expected_once_and_by_the_strictest(duckdb_place: Place) -> None:
    place = duckdb_place
    expectation = {NOT_NULL: {"column": "code"}, "severity": "warn"}
    place.view("scores", COLUMNS, GOOD, expectations=[expectation])
    place.mini.test("scores", "not_null", "code")
    assert derived(place) == [(NOT_NULL, "dbt test not_null")]


@pytest.mark.parametrize(
    "config", [{"where": "id > 3"}, {"error_if": "> 10"}, {"warn_if": "> 10"}, {"limit": 5}]
)
def test_a_test_of_some_rows_is_not_taken_over(duckdb_place: Place, config: Any) -> None:
    place_with(duckdb_place, *GOOD)
    duckdb_place.mini.test("scores", "bounds", "score", max_value=-1, config=config)
    duckdb_place.mini.test("scores", "not_null", "score")
    assert derived(duckdb_place) == [(NOT_NULL, "dbt test not_null")]


def test_what_a_rule_makes_true_is_not_asked_again(duckdb_place: Place) -> None:
    place_with(duckdb_place, *GOOD)
    duckdb_place.mini.test("scores", "unique", "id")
    duckdb_place.mini.test("scores", "unique_feature_rows")
    assert derived(duckdb_place) == []


def test_a_view_without_the_key_is_not_gated(duckdb_place: Place) -> None:
    duckdb_place.view("scores", COLUMNS, GOOD)
    duckdb_place.mini.test("scores", "bounds", "score", max_value=-1)
    assert duckdb_place.check().checks == []
