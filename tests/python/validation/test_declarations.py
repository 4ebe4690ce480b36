"""Wrong expectations are said in a line, by the registry or, for arguments, by the gate."""

import re
from typing import Any

import pytest

from feature_warehouse.declarations.expectations import declared_checks
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from validation.place import Place, scores

BETWEEN = "expect_column_values_to_be_between"
MEAN = "expect_column_mean_to_be_between"


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (None, "expectations must be a list; [] only checks what dbt knows"),
        ({"freshness": "1 hour"}, "expectations must be a list"),
        (["freshness"], "expectation 1 must be one name with its arguments"),
        ([{}], "expectation 1 must be one name with its arguments"),
        ([{MEAN: {}, BETWEEN: {}}], "expectation 1 must be one name with its arguments"),
        ([{MEAN: ["score"]}], f'expectation 1: {MEAN} cannot be ["score"]; it needs a mapping'),
        ([{"freshness": "soon"}], "freshness 'soon' is not a fixed length of time"),
        ([{"freshness": 3}], "freshness cannot be 3"),
        ([{"row_count_change": {}}], "row_count_change takes min and max"),
        ([{"row_count_change": {"least": 1}}], "row_count_change takes min and max"),
        ([{"row_count_change": {"min": "10 %"}}], "must be numbers, as in {min: -0.1, max: 0.5}"),
        (
            [{"freshness": "1 hour"}, {"freshness": "1 hour", "severity": "fatal"}],
            "expectation 2: severity must be error or warn, not 'fatal'",
        ),
        (
            [{"expect_column_mean_to_be_betwen": {"column": "score"}}],
            f"is not an expectation that can be computed exactly here; did you mean '{MEAN}'?",
        ),
        (
            [{"expect_column_values_to_be_increasing": {}}],
            "the rows that are published have no order",
        ),
        ([{"expect_column_values_to_be_of_type": {}}], "types come from the model's contract"),
        ([{"expect_query_results_to_match_comparison": {}}], "write a dbt test"),
        ([{"expect_column_value_z_scores_to_be_less_than": {}}], "computed exactly here"),
        ([{BETWEEN: {"column": "scores"}}], "not a published column; did you mean 'score'?"),
        ([{BETWEEN: {"column": "x"}}], "not a published column; there are id, score, ts"),
        (
            [{"expect_compound_columns_to_be_unique": {"column_list": ["id", "sc0re"]}}],
            "names 'sc0re', which is not a published column",
        ),
        ([{BETWEEN: {"column": "score", "row_condition": "x > 1"}}], "takes no row_condition here"),
        ([{BETWEEN: {"column": "score", "severity": "warn"}}], "it stands beside the expectation"),
    ],
)
def test_the_registry_says_what_is_wrong(duckdb_place: Place, entries: Any, says: str) -> None:
    scores(duckdb_place, 1.0, expectations=entries)
    with pytest.raises(UsageError) as error:
        read_registry(duckdb_place.mini.write())
    assert str(error.value).startswith("feature view 'scores': expectation")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_all_mistakes_are_said_at_once(duckdb_place: Place) -> None:
    scores(duckdb_place, 1.0, expectations=[{"freshness": "x"}, {"nonsense": {}}])
    with pytest.raises(
        UsageError, match=r"expectation 1: .*; feature view 'scores': .* 2: nonsense"
    ):
        read_registry(duckdb_place.mini.write())


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({BETWEEN: {"column": "score", "maximum": 1}}, f"{BETWEEN}: maximum: extra fields not"),
        ({BETWEEN: {"column": "score", "mostly": 2}}, f"{BETWEEN}: mostly: "),
        ({MEAN: {"column": "score", "min_value": "low"}}, f"{MEAN}: min_value: "),
        ({MEAN: {}}, f"{MEAN}: column: field required"),
        ({MEAN: {"column": "ts"}}, "column 'ts' of type timestamp is not a number"),
    ],
)
def test_arguments_are_checked_by_great_expectations(
    duckdb_place: Place, entry: Any, says: str
) -> None:
    scores(duckdb_place, 1.0, expectations=[entry])
    with pytest.raises(UsageError, match=r"^feature view 'scores': ") as error:
        duckdb_place.check()
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_numbers_that_great_expectations_cannot_tell_apart_are_refused(
    duckdb_place: Place,
) -> None:
    place = duckdb_place
    expectations = [{BETWEEN: {"column": "id", "max_value": 2**53 + more}} for more in (0, 1)]
    scores(place, 1.0, expectations=expectations)
    with pytest.raises(UsageError, match=re.escape("with numbers that are equal as doubles")):
        place.check()


def test_a_window_view_has_no_freshness() -> None:
    entries = [{"freshness": "1 hour"}, {BETWEEN: {"column": "count_1d", "min_value": 0}}]
    checks, mistakes = declared_checks(entries, ["count_1d"], has_windows=True)
    assert [check.kind for check in checks] == [BETWEEN]
    [mistake] = mistakes
    assert mistake.startswith("expectation 1: freshness says nothing of a window view")
