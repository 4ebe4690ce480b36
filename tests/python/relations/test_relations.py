"""Whatever follows a training set reads what the training set reads; features are read whole."""

import json
import re
from datetime import datetime

import pytest

from relations.conftest import DAYS, Twin
from relations.unit_tests import incomplete_unit_tests, unit_tests

FOLLOWERS = ("scored", "card", "cost", "newest", "past", "figures")
PROD = [(1, 100, 100), (1, 100, 100), (2, 200, 200)]
DEFER = ("--defer", "--favor-state")
LEARNED = "select id, v, n from learned order by id, asked_at"


def test_a_training_set_by_batches_finds_features_from_before_a_batch(production: Twin) -> None:
    assert production.rows(
        "prod", "select id, asked_at, v, n from by_day order by id, asked_at"
    ) == [
        (1, datetime(2024, 1, 2), 100, 100),
        (1, datetime(2024, 1, 5, 10), 100, 100),
        (2, datetime(2024, 1, 5, 10), 200, 200),
    ]


def test_batches_that_would_lose_labels_are_refused(production: Twin) -> None:
    other = "{event_time: ts}" if production.engine == "duckdb" else "{key: id}"
    said = production.dbt("ci", "run", "-s", "by_day", *DAYS, "--vars", other, fails=True)
    problem = "event_time 'ts' is no" if production.engine == "duckdb" else "its unique_key lacks"
    assert problem in said


def test_nothing_is_there_yet_and_everything_is_deferred(twin: Twin) -> None:
    twin.dbt("dev", "build", "-s", "learned", *FOLLOWERS, "--defer")
    assert twin.rows("dev", LEARNED) == PROD
    assert twin.rows("dev", "select v, n from scored") == [(100, 100)]
    assert twin.rows("dev", "select max(maximum) from figures") == [(200,)]


def test_what_is_there_wins_unless_the_state_is_favoured(twin: Twin) -> None:
    twin.dbt("dev", "run", "-s", "raw", "price", "stock", "asked")
    twin.dbt("dev", "build", "-s", *FOLLOWERS, "--defer")
    assert twin.rows("dev", "select v, n from scored") == [(1, 1)]
    assert _newest_in_card(twin) == ["2024-01-05T09:00:00.000000Z"] * 2
    twin.dbt("dev", "build", "-s", "learned", *FOLLOWERS, *DEFER)
    assert twin.rows("dev", LEARNED) == PROD
    assert twin.rows("dev", "select v, n from scored") == [(100, 100)]
    # What is selected is not deferred.
    twin.dbt("dev", "build", "-s", "raw", "price", "learned", "scored", *DEFER)
    assert twin.rows("dev", LEARNED) == [(1, 1, 100), (1, 1, 100), (2, 2, 200)]
    assert twin.rows("dev", "select v, n from scored") == [(1, 100)]


@pytest.mark.dbt_1
def test_clones_are_read_as_if_they_were_built(twin: Twin) -> None:
    twin.dbt("dev", "clone", "-s", "price", "stock", "asked", "people", "learned")
    twin.dbt("dev", "build", "-s", "scored", "card", "cost", "newest")
    assert twin.rows("dev", "select v, n from scored") == [(100, 100)]


@pytest.mark.dbt_1
def test_a_retry_resolves_as_the_run_that_failed(twin: Twin) -> None:
    broken = twin.project / "models" / "people.sql"
    query = broken.read_text()
    broken.write_text(query + " where 1 / 0 = now()")
    twin.dbt("dev", "build", "-s", "people", "scored", *DEFER, fails=True)
    broken.write_text(query)
    twin.dbt("dev", "retry")
    assert twin.rows("dev", "select v, n from scored") == [(100, 100)]


@pytest.mark.dbt_1
def test_a_sample_is_of_labels_and_never_of_features(twin: Twin) -> None:
    sample = ("--sample", "{'start': '2024-01-04', 'end': '2024-01-06'}")
    twin.dbt("dev", "run", "-s", "raw", "price", "stock", "asked", "people")
    views = ("windows", "grown", "stamped")
    twin.dbt("dev", "build", "-s", "learned", *FOLLOWERS, *views, *sample)
    assert twin.rows("dev", LEARNED) == [(1, 1, 1), (2, 2, 2)]
    assert twin.rows("dev", "select v, n from scored") == [(1, 1)]
    assert twin.rows("dev", "select id, v from newest order by id") == [(1, 1), (2, 2)]
    assert twin.rows("dev", "select id, v from past") == [(1, 1)]
    assert twin.rows("dev", "select id, v from grown order by id") == [(1, 1), (2, 2)]
    assert twin.rows("dev", "select id, v from stamped order by id") == [(1, 1), (2, 2)]
    assert twin.rows("dev", "select id, v_sum_all_time from windows order by id") == [
        (1, 1),
        (2, 2),
    ]


@pytest.mark.dbt_1
def test_a_sample_is_compared_with_its_own_rows_of_a_set_with_other_batches(twin: Twin) -> None:
    """dbt samples the labels, and not the model that a test is of."""
    twin.dbt("dev", "build", "-s", "raw", "price", "stock", "asked", "by_day", *DAYS)
    sample = ("--sample", "{'start': '2024-01-04', 'end': '2024-01-06'}")
    said = twin.dbt("dev", "build", "-s", "by_day", *sample)
    assert "PASS same_rows_as_by_day" in said.replace("feature_warehouse_", "")
    assert twin.rows("dev", "select extract(day from asked_at) from by_day order by 1") == [
        (2,),
        (5,),
        (5,),
    ]


def test_empty_builds_everything_without_a_row(production: Twin) -> None:
    production.drop("ci")
    production.dbt("ci", "build", "--empty", *DAYS)
    production.dbt("ci", "build", "--empty", *DAYS)
    for table in ("learned", "split", "by_day", "scored", "newest", "windows", "grown", "versions"):
        assert production.rows("ci", f"select count(*) from {table}") == [(0,)], table
    # Nothing of the warehouse is read for it, wherever it comes from.
    for table in ("learned", "scored", "card", "newest", "figures"):
        [path] = (production.project / f"{production.engine} ci" / "compiled").rglob(f"{table}.sql")
        assert "false" in path.read_text(), table


@pytest.mark.dbt_1
def test_unit_tests_need_no_declaration_of_their_own(production: Twin) -> None:
    said = production.dbt("prod", "test", "-s", "test_type:unit", fails=True)
    outcomes = {
        name: word for word, name in re.findall(r"(PASS|FAIL|ERROR)[ \d]* \w+::(\w+)", said)
    }
    expected = {test["name"]: "PASS" for test in unit_tests()} | {"newest_is_wrong": "FAIL"}
    for incomplete, test in incomplete_unit_tests().items():
        expected[test["name"]] = "ERROR"
        assert f"unit test '{test['name']}' gives no rows for {incomplete}; add `- {{input:" in said
    assert outcomes == expected, said
    stock = "add `- {input: ref('stock'), rows: []}` under its `given`, with its rows of id, ts, n"
    assert stock in said


def _newest_in_card(twin: Twin) -> list[str]:
    [(card,)] = twin.rows("dev", "select card from card")
    return [view["newest_available_at"] for view in json.loads(card)["views"]]
