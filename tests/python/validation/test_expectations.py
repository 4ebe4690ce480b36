"""Every expectation's figures, against plain loops over the newest rows."""

import random
import re
import statistics
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any, NamedTuple

from feature_warehouse.validation.gate import Gate
from feature_warehouse.validation.results import CheckResult
from harness.mini import NOW, Columns
from validation.place import EARLY, Place

COLUMNS: Columns = {
    "id": "bigint",
    "ts": "timestamp",
    "whole": "bigint",
    "amount": "decimal(12,2)",
    "real": "double precision",
    "name": "text",
    "flag": "boolean",
    "day": "date",
}
ENTITIES = 150
Values = dict[str, Any]


class Case(NamedTuple):
    """An expectation, which rows fail it or whether all together do, and what is observed."""

    name: str
    arguments: dict[str, Any]
    fails: Callable[[Values], bool] | None = None
    passes: Callable[[list[Values]], bool] | None = None
    observed: Callable[[list[Values]], Any] | None = None


def rows(seed: int) -> list[tuple[Any, ...]]:
    """Entities with up to three rows each; the last is the newest, and some lie in the future."""
    choose = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if choose.random() < 0.15 else value

    def row(entity: int, number: int) -> tuple[Any, ...]:
        return (
            entity,
            EARLY + timedelta(minutes=number),
            maybe(choose.randint(-5, 60)),
            maybe(Decimal(choose.randint(-500, 500)) / 100),
            maybe(choose.uniform(-1, 1)),
            maybe(choose.choice(["ab", "abc", "b-1", "", "B2", "it's 100%"])),
            maybe(choose.random() < 0.5),
            maybe(datetime(2025, 1, choose.randint(1, 28)).date()),
        )

    found = [
        row(entity, number) for entity in range(ENTITIES) for number in range(choose.randint(1, 3))
    ]
    tomorrow = NOW.replace(tzinfo=None) + timedelta(days=1)
    found += [(entity, tomorrow, 999, *[None] * 5) for entity in range(ENTITIES)]
    choose.shuffle(found)
    return found


def newest(given: list[tuple[Any, ...]]) -> list[Values]:
    best: dict[int, Values] = {}
    for row in given:
        values = dict(zip(COLUMNS, row, strict=True))
        if values["ts"] <= NOW.replace(tzinfo=None):
            known = best.get(values["id"])
            if known is None or known["ts"] < values["ts"]:
                best[values["id"]] = values
    return list(best.values())


def present(found: list[Values], name: str) -> list[Any]:
    return [row[name] for row in found if row[name] is not None]


def disc(found: list[Values], name: str, quantile: float) -> Any:
    ordered = sorted(present(found, name))
    return ordered[max(0, ceil(quantile * len(ordered)) - 1)]


def between(name: str, low: Any, high: Any) -> Callable[[Values], bool]:
    return lambda row: row[name] is not None and not low <= row[name] <= high


def lacks(name: str, pattern: str) -> Callable[[Values], bool]:
    return lambda row: row[name] is not None and re.search(pattern, row[name]) is None


ROW_CASES = [
    Case("values_to_not_be_null", {"column": "real"}, lambda row: row["real"] is None),
    Case("values_to_be_null", {"column": "flag"}, lambda row: row["flag"] is not None),
    Case(
        "values_to_be_between",
        {"column": "whole", "min_value": 0, "max_value": 40.5},
        between("whole", 0, 40.5),
    ),
    Case(
        "values_to_be_between",
        {"column": "amount", "max_value": 0.1},
        between("amount", Decimal(-1000), Decimal("0.1")),
    ),
    Case(
        "values_to_be_between",
        {"column": "amount", "max_value": 0.1, "strict_max": True},
        lambda row: row["amount"] is not None and row["amount"] >= Decimal("0.1"),
    ),
    Case(
        "values_to_be_between",
        {"column": "day", "min_value": "2025-01-10"},
        between("day", datetime(2025, 1, 10).date(), datetime(2026, 1, 1).date()),
    ),
    Case("values_to_be_between", {"column": "real", "min_value": -2}, between("real", -2, 2)),
    Case(
        "values_to_be_in_set",
        {"column": "name", "value_set": ["ab", "it's 100%"]},
        lambda row: row["name"] not in (None, "ab", "it's 100%"),
    ),
    Case(
        "values_to_not_be_in_set",
        {"column": "whole", "value_set": [1, 2, 3]},
        lambda row: row["whole"] in (1, 2, 3),
    ),
    Case(
        "values_to_be_in_set",
        {"column": "flag", "value_set": [True]},
        lambda row: row["flag"] is False,
    ),
    Case(
        "values_to_match_like_pattern",
        {"column": "name", "like_pattern": "a%"},
        lacks("name", "^a"),
    ),
    Case(
        "values_to_not_match_like_pattern",
        {"column": "name", "like_pattern": "%100\\%"},
        lambda row: row["name"] == "it's 100%",
    ),
    Case(
        "value_lengths_to_be_between",
        {"column": "name", "min_value": 1, "max_value": 2},
        lambda row: row["name"] is not None and not 1 <= len(row["name"]) <= 2,
    ),
    Case(
        "value_lengths_to_equal",
        {"column": "name", "value": 3},
        lambda row: row["name"] is not None and len(row["name"]) != 3,
    ),
    Case(
        "values_to_match_regex",
        {"column": "name", "regex": "^[a-z](?=b)"},
        lacks("name", "^[a-z](?=b)"),
    ),
    Case(
        "values_to_not_match_regex_list",
        {"column": "name", "regex_list": ["\\d", "^$"]},
        lambda row: row["name"] is not None and bool(re.search(r"\d|^$", row["name"])),
    ),
    Case(
        "pair_values_a_to_be_greater_than_b",
        {"column_A": "whole", "column_B": "amount"},
        lambda row: (
            not (row["whole"] is None and row["amount"] is None)
            and not (
                row["whole"] is not None
                and row["amount"] is not None
                and row["whole"] > row["amount"]
            )
        ),
    ),
    Case(
        "values_to_be_unique",
        {"column": "whole"},
    ),
]


def table(name: str, arguments: dict[str, Any], observed: Callable[[list[Values]], Any]) -> Case:
    return Case(name, arguments, None, None, observed)


TABLE_CASES = [
    table("max_to_be_between", {"column": "amount"}, lambda r: max(present(r, "amount"))),
    table("min_to_be_between", {"column": "whole"}, lambda r: min(present(r, "whole"))),
    table(
        "mean_to_be_between", {"column": "whole"}, lambda r: statistics.mean(present(r, "whole"))
    ),
    table(
        "mean_to_be_between", {"column": "amount"}, lambda r: statistics.mean(present(r, "amount"))
    ),
    table(
        "median_to_be_between", {"column": "real"}, lambda r: statistics.median(present(r, "real"))
    ),
    table(
        "stdev_to_be_between", {"column": "real"}, lambda r: statistics.stdev(present(r, "real"))
    ),
    table("sum_to_be_between", {"column": "amount"}, lambda r: sum(present(r, "amount"))),
    table(
        "unique_value_count_to_be_between",
        {"column": "name"},
        lambda r: len(set(present(r, "name"))),
    ),
    table(
        "proportion_of_unique_values_to_be_between",
        {"column": "whole"},
        lambda r: len(set(present(r, "whole"))) / len(present(r, "whole")),
    ),
    table(
        "proportion_of_non_null_values_to_be_between",
        {"column": "day"},
        lambda r: len(present(r, "day")) / len(r),
    ),
]
QUANTILES = [0.0, 0.01, 0.1, 0.25, 0.5, 0.501, 0.9, 0.99, 1.0]


def close(found: Any, expected: Any) -> bool:
    return abs(float(found) - float(expected)) <= 1e-9 * max(1.0, abs(float(expected)))


def entry(case: Case, **more: Any) -> dict[str, Any]:
    return {f"expect_column_{case.name}": {**case.arguments, **more}}


def checked(place: Place, given: list[tuple[Any, ...]], entries: list[Any]) -> list[CheckResult]:
    place.view("scores", COLUMNS, given, expectations=entries)
    # Fewer rows in Python at a time than there are.
    found = place.check(gate=Gate(chunk_rows=7)).checks[: len(entries)]
    assert [one.expectation for one in found] == [next(iter(each)) for each in entries]
    assert [one.reason for one in found if one.raised] == []
    return found


def test_rows_that_fail_are_those_of_a_loop(place: Place) -> None:
    given = rows(1)
    found = newest(given)
    copies = Counter(present(found, "whole"))
    results = checked(place, given, [entry(case) for case in ROW_CASES])
    for case, result in zip(ROW_CASES, results, strict=True):
        fails = case.fails or (lambda row: copies[row["whole"]] > 1)
        expected = sum(map(fails, found))
        assert (result.rows, result.unexpected) == (len(found), expected), result
        assert result.success is (expected == 0)
        assert len(result.examples) == min(expected, 5)
        bad = {row["id"] for row in found if fails(row)}
        shown = [int(text.rpartition("id=")[2]) for text in result.examples]
        assert set(shown) <= bad
        assert shown == sorted(bad)[: len(shown)] or "unique" in case.name
    assert {result.success for result in results} == {True, False}


def test_a_share_may_fail(place: Place) -> None:
    given = rows(2)
    found = newest(given)
    for case in (ROW_CASES[0], ROW_CASES[2], ROW_CASES[14]):
        assert case.fails is not None
        column = case.arguments["column"]
        asked = len(found) if case.name.endswith("not_be_null") else len(present(found, column))
        share = 1 - sum(map(case.fails, found)) / asked
        limits = [round(share, 6) - 1e-4, round(share, 6) + 1e-4]
        results = checked(place, given, [entry(case, mostly=limit) for limit in limits])
        assert [result.success for result in results] == [True, False]
        assert len(results[1].examples) == 5


def test_figures_are_those_of_a_loop(place: Place) -> None:
    given = rows(3)
    found = newest(given)
    entries = []
    for case in TABLE_CASES:
        assert case.observed is not None
        value = float(case.observed(found))
        entries += [entry(case, max_value=value + 1e-6), entry(case, max_value=value - 1e-6)]
    results = checked(place, given, entries)
    for number, case in enumerate(TABLE_CASES):
        within, above = results[2 * number : 2 * number + 2]
        assert case.observed is not None
        assert close(within.observed, case.observed(found)), within
        assert (within.success, above.success) == (True, False)


def test_quantiles_are_those_of_a_sorted_list(place: Place) -> None:
    given = rows(4)
    found = newest(given)
    names = ["whole", "amount", "real"]
    ranges = {
        name: {"quantiles": QUANTILES, "value_ranges": [[None, None]] * len(QUANTILES)}
        for name in names
    }
    entries = [
        {"expect_column_quantile_values_to_be_between": {"column": name, "quantile_ranges": each}}
        for name, each in ranges.items()
    ]
    results = checked(place, given, entries)
    for name, result in zip(names, results, strict=True):
        expected = [float(disc(found, name, one)) for one in QUANTILES]
        assert result.observed["values"] == expected


def test_sets_uniqueness_and_shape(place: Place) -> None:
    given = rows(5)
    found = newest(given)
    names = set(present(found, "name"))
    pairs = Counter((row["name"], row["flag"]) for row in found)
    missing_both = sum(row["name"] is None and row["flag"] is None for row in found)
    repeated = sum(count for pair, count in pairs.items() if count > 1) - missing_both
    entries: list[dict[str, Any]] = [
        {"expect_column_distinct_values_to_be_in_set": {"column": "name", "value_set": ["ab"]}},
        {
            "expect_column_distinct_values_to_contain_set": {
                "column": "name",
                "value_set": ["ab", "zz"],
            }
        },
        {
            "expect_column_distinct_values_to_equal_set": {
                "column": "name",
                "value_set": sorted(names),
            }
        },
        {"expect_compound_columns_to_be_unique": {"column_list": ["name", "flag"]}},
        {"expect_table_row_count_to_equal": {"value": len(found)}},
        {"expect_table_row_count_to_be_between": {"max_value": len(found) - 1}},
        {"expect_table_column_count_to_equal": {"value": len(COLUMNS)}},
        {"expect_column_to_exist": {"column": "nothing"}},
    ]
    results = checked(place, given, entries)
    assert [result.success for result in results] == [
        False,
        False,
        True,
        False,
        True,
        False,
        True,
        False,
    ]
    assert results[0].unexpected == len(names - {"ab"})
    assert "1 distinct values are missing, such as 'zz'" in results[1].reason
    assert results[3].unexpected == repeated


def test_numbers_that_are_no_doubles_are_compared_exactly(place: Place) -> None:
    large = 2**53 + 1
    place.view(
        "scores",
        {"id": "bigint", "ts": "timestamp", "whole": "bigint"},
        [(1, EARLY, large), (2, EARLY, None)],
        expectations=[
            {"expect_column_values_to_be_between": {"column": "whole", "max_value": large - 1}},
            {"expect_column_values_to_be_in_set": {"column": "whole", "value_set": [large]}},
        ],
    )
    first, second = place.check().checks[:2]
    assert (first.unexpected, second.unexpected) == (1, 0)
    assert f"whole={large}" in first.reason


def test_not_a_number_is_above_every_bound_and_fails_a_mean(place: Place) -> None:
    nan = float("nan")
    place.view(
        "scores",
        {"id": "bigint", "ts": "timestamp", "real": "double precision"},
        [(1, EARLY, nan), (2, EARLY, 1.0)],
        expectations=[
            {"expect_column_values_to_be_between": {"column": "real", "max_value": 2}},
            {"expect_column_values_to_be_between": {"column": "real", "min_value": 0}},
            {"expect_column_values_to_not_be_null": {"column": "real"}},
            {"expect_column_mean_to_be_between": {"column": "real", "min_value": -9}},
        ],
    )
    assert [one.success for one in place.check().checks[:4]] == [False, True, True, False]


def test_what_cannot_be_judged_has_failed(place: Place) -> None:
    place.view(
        "scores",
        {"id": "bigint", "ts": "timestamp", "name": "text"},
        [(1, EARLY, "x")],
        expectations=[
            {"expect_column_max_to_be_between": {"column": "name", "min_value": 3}},
            {"expect_column_values_to_match_json_schema": {"column": "name", "json_schema": {}}},
            {"expect_column_to_exist": {"column": "name"}},
        ],
    )
    result = place.check()
    assert [one.raised for one in result.checks[:3]] == [True, True, False]
    assert [one.success for one in result.checks[:3]] == [False, False, True]
    assert all("it could not be judged" in line for line in result.failures)
    assert result.exit_code == 1
