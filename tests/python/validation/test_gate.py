"""What comes of a view that fails: nothing is published of it, and everything of the others."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from feature_warehouse import NotPublishedError, OnlineStore
from feature_warehouse.validation.gate import Gate
from harness.mini import NOW, Columns
from harness.publishers import keys_of
from validation.place import EARLY, SCORES, Place, scores

AT_MOST_1: Any = {"expect_column_values_to_be_between": {"column": "score", "max_value": 1}}
LOADED: Columns = {**SCORES, "loaded": "timestamp"}
PERSONAL: dict[str, Any] = {
    "id": "bigint",
    "ts": "timestamp",
    "mail": {"data_type": "text", "config": {"meta": {"pii": True}}},
    "age": {"data_type": "integer", "meta": {"pii": True}},
}


def clock(hour: int) -> datetime:
    return datetime(2026, 1, 1, hour, tzinfo=UTC)


def served(store: OnlineStore, *ids: int, view: str = "scores") -> list[Any]:
    return [store.get(view, {"id": number})["score"] for number in ids]


def test_a_failing_view_is_not_published_and_the_others_are(
    place: Place, client: "redis.Redis", store: OnlineStore
) -> None:
    scores(place, 0.5, 1.5, 2.5, name="bad", expectations=[AT_MOST_1])
    scores(place, 0.5, name="good", expectations=[AT_MOST_1])
    scores(place, 7.5, name="ungated")
    results = place.publish(client)
    bad = results["bad"]
    assert (bad.status, bad.exit_code, bad.rows_written) == ("error", 1, 0)
    assert bad.message.startswith("1 of 3 expectations failed")
    assert bad.gate is not None
    assert bad.gate.failures == [
        "expect_column_values_to_be_between(column=score, max_value=1): 2 of 3 rows fail (66.7 %),"
        " such as score=1.5, id=1; score=2.5, id=2"
    ]
    # Not a single key of it: neither rows nor a generation nor a run number.
    assert not [key for key in keys_of(client) if b"bad" in key]
    assert {name: each.exit_code for name, each in results.items()} == {
        "bad": 1,
        "good": 0,
        "ungated": 0,
    }
    with pytest.raises(NotPublishedError):
        served(store, 0, view="bad")
    assert (served(store, 0, view="good"), served(store, 0, view="ungated")) == ([0.5], [7.5])
    assert results["ungated"].gate is None


@pytest.mark.parametrize("full_refresh", [False, True])
def test_the_generation_in_service_stays_as_it_was(
    place: Place, client: "redis.Redis", store: OnlineStore, full_refresh: bool
) -> None:
    scores(place, 0.5, 0.6, expectations=[AT_MOST_1])
    assert place.publish(client)["scores"].status == "success"
    before = {key: client.dump(key) for key in keys_of(client) if b"lock" not in key}
    scores(place, 0.1, 99.0, expectations=[AT_MOST_1])
    failed = place.publish(client, full_refresh=full_refresh)["scores"]
    assert (failed.status, failed.exit_code) == ("error", 1)
    assert served(store, 0, 1) == [0.5, 0.6]
    assert {key: client.dump(key) for key in keys_of(client) if b"lock" not in key} == before
    scores(place, 0.1, 0.2, expectations=[AT_MOST_1])
    assert place.publish(client)["scores"].status == "success"
    assert served(store, 0, 1) == [0.1, 0.2]


def test_a_warning_is_told_and_the_view_published(
    place: Place, client: "redis.Redis", store: OnlineStore
) -> None:
    scores(place, 0.5, 1.5, expectations=[{**AT_MOST_1, "severity": "warn"}])
    result = place.publish(client)["scores"]
    assert (result.status, result.exit_code) == ("success", 0)
    assert result.gate is not None
    assert (result.gate.status, result.gate.failures) == ("passed", [])
    assert "1 of 2 rows fail (50 %)" in result.gate.warnings[0]
    assert served(store, 0, 1) == [0.5, 1.5]


def loaded(place: Place, *rows: tuple[int, int, float], **block: Any) -> None:
    """Rows of entity, hour of event and load, and score; built half an hour after the last."""
    times = [(number, clock(hour).replace(tzinfo=None), score) for number, hour, score in rows]
    place.view(
        "scores",
        LOADED,
        [(number, time, score, time) for number, time, score in times],
        created_timestamp="loaded",
        **block,
    )
    place.mini.built = clock(max(hour for _, hour, _ in rows)) + timedelta(minutes=30)


def test_an_incremental_run_checks_the_rows_it_publishes_and_all_for_what_concerns_all(
    place: Place, client: "redis.Redis", store: OnlineStore
) -> None:
    old = [(0, 1, 50.0), (1, 1, 0.5), (2, 1, 0.6)]
    loaded(place, *old)
    place.publish(client, clock(2))
    # Entity 0 is above the bound since long ago, which new expectations do not bring up again.
    loaded(place, *old, (1, 3, 0.7), expectations=[AT_MOST_1])
    result = place.publish(client, clock(4))["scores"]
    assert result.mode == "incremental"
    assert result.gate is not None
    assert (result.gate.rows, result.gate.rows_checked) == (3, 1)
    assert (result.status, result.gate.checks[0].rows) == ("success", 1)

    loaded(place, *old, (1, 3, 0.7), (2, 5, 1.7), expectations=[AT_MOST_1])
    result = place.publish(client, clock(6))["scores"]
    assert (result.mode, result.exit_code) == ("incremental", 1)
    assert result.gate is not None
    assert "1 of 1 rows fail (100 %), such as score=1.7, id=2" in result.gate.failures[0]

    everything = [
        {"expect_column_max_to_be_between": {"column": "score", "max_value": 1}},
        {"expect_column_values_to_be_unique": {"column": "score"}},
        {"expect_table_row_count_to_equal": {"value": 3}},
        {"expect_column_values_to_be_between": {"column": "score", "max_value": 1, "mostly": 0.9}},
    ]
    loaded(place, *old, (1, 3, 0.7), (2, 5, 0.7), expectations=everything)
    result = place.publish(client, clock(6))["scores"]
    assert (result.mode, result.exit_code) == ("incremental", 1)
    assert result.gate is not None
    assert [check.success for check in result.gate.checks[:4]] == [False, False, True, False]
    assert result.gate.checks[3].rows == 3
    assert served(store, 0, 1, 2) == [50.0, 0.7, 0.6]


def test_what_turns_out_to_be_a_full_run_is_checked_in_full(
    place: Place, client: "redis.Redis", store: OnlineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it seemed incremental, only the new rows were looked at."""
    from feature_warehouse.publishing.publish_view import Publication, _RewrittenError

    loaded(place, (0, 1, 50.0), (1, 1, 0.5))
    place.publish(client, clock(2))
    loaded(place, (0, 1, 50.0), (1, 1, 0.5), (1, 3, 0.7), expectations=[AT_MOST_1])

    def rewritten(*_: Any) -> None:
        raise _RewrittenError("rows went back in time")

    monkeypatch.setattr(Publication, "_update", rewritten)
    result = place.publish(client, clock(4))["scores"]
    assert (result.mode, result.exit_code) == ("full", 1)
    assert result.gate is not None
    assert "1 of 2 rows fail (50 %), such as score=50.0, id=0" in result.gate.failures[0]
    assert served(store, 0, 1) == [50.0, 0.5]


def test_rows_that_change_between_gate_and_publishing_do_not_slip_through(
    place: Place, client: "redis.Redis", store: OnlineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.engine == "duckdb":
        return  # nobody else can write while the file is open
    checks = [AT_MOST_1, {"expect_column_max_to_be_between": {"column": "score", "max_value": 1}}]
    scores(place, 0.5, 0.6, expectations=checks)
    check = Gate.check
    seen = []

    def meddled(*arguments: Any, **options: Any) -> Any:
        result = check(*arguments, **options)
        seen.append(result.status)
        place.execute(
            'update gate."scores" set score = 99', 'delete from gate."scores" where id = 1'
        )
        return result

    monkeypatch.setattr(Gate, "check", meddled)
    assert place.publish(client)["scores"].rows_written == 2
    assert (seen, served(store, 0, 1)) == (["passed"], [0.5, 0.6])
    monkeypatch.undo()
    assert place.publish(client)["scores"].exit_code == 1
    assert served(store, 0, 1) == [0.5, 0.6]


def test_the_number_of_rows_is_compared_with_the_last_run(
    place: Place, client: "redis.Redis"
) -> None:
    change = [{"row_count_change": {"min": -0.5, "max": 1}}]
    outcomes = []
    for number, count in enumerate([4, 2, 5, 4, 9, 8]):
        scores(place, *[0.5] * count, expectations=change)
        result = place.publish(client, NOW + timedelta(hours=number))["scores"]
        assert result.gate is not None
        told = result.gate.checks[0]
        outcomes.append((count, result.exit_code, bool(told.skipped), told.observed))
    # Each against the last one that was published: none, 4, 2, 2, 4, 4.
    assert outcomes == [
        (4, 0, True, None),
        (2, 0, False, 2),
        (5, 1, False, 5),
        (4, 0, False, 4),
        (9, 1, False, 9),
        (8, 0, False, 8),
    ]


def test_freshness_counts_from_the_clock_of_the_run(place: Place) -> None:
    scores(place, 0.5, expectations=[{"freshness": "3 hours"}])
    newest = EARLY.replace(tzinfo=UTC)
    assert place.check(clock=newest + timedelta(hours=3)).status == "passed"
    late = place.check(clock=newest + timedelta(hours=3, microseconds=1))
    assert (late.status, late.exit_code) == ("failed", 1)
    assert (
        "freshness(max_age=3 hours): the newest row is from 2026-01-01 10:00:00"
        in late.message + "".join(late.failures)
    )
    empty = place.check(clock=newest - timedelta(hours=1))
    assert empty.failures == ["freshness(max_age=3 hours): there is no row"]


def test_personal_data_is_in_no_message_and_no_report(place: Place, tmp_path: Path) -> None:
    secrets = ["ann@home.org", "bob@work.org", "4711", "4712"]
    place.view(
        "scores",
        PERSONAL,
        [(1, EARLY, secrets[0], 4711), (2, EARLY, secrets[1], 4712), (3, EARLY, None, None)],
        expectations=[
            {"expect_column_values_to_match_regex": {"column": "mail", "regex": "^x"}},
            {"expect_column_values_to_be_in_set": {"column": "mail", "value_set": ["x"]}},
            {"expect_column_values_to_not_be_null": {"column": "mail"}},
            {"expect_column_max_to_be_between": {"column": "age", "max_value": 9}},
            {"expect_column_values_to_be_between": {"column": "age", "max_value": 9}},
            {
                "expect_column_quantile_values_to_be_between": {
                    "column": "age",
                    "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1]]},
                }
            },
            {"expect_column_distinct_values_to_be_in_set": {"column": "mail", "value_set": ["x"]}},
            {"expect_compound_columns_to_be_unique": {"column_list": ["id", "mail"]}},
            {"expect_column_pair_values_to_be_equal": {"column_A": "id", "column_B": "age"}},
            {"expect_column_max_to_be_between": {"column": "mail", "max_value": 9}},
            {"expect_column_values_to_match_json_schema": {"column": "mail", "json_schema": {}}},
        ],
    )
    result = place.check(gate=Gate(tmp_path / "pages"))
    assert len(result.failures) == 10
    assert "mail=***, id=1" in result.failures[0]
    assert "mail=NULL, id=3" in result.failures[2]
    told = json.dumps(
        [str(result)] + [page.read_text() for page in (tmp_path / "pages").rglob("*.html")]
    )
    assert [secret for secret in secrets if secret in told] == []
    assert "id=1" in told
