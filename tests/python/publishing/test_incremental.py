"""What a run finds to do by itself, and says: incremental, comparing, or a new generation."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from feature_warehouse import OnlineStore
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from harness.history import THREE, at, insert, loaded, values, versions
from harness.mini import NAMES, NOW, SCORES, Mini, simple

Publish = Callable[..., dict[str, ViewResult]]


def test_only_entities_with_new_rows_are_read_and_written(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    loaded(mini, THREE)
    first = publish(at(6))["scores"]
    assert (first.mode, first.reason, first.rows_written) == (
        "full",
        "nothing is published yet",
        3,
    )
    before = versions(client)
    insert(mini, "(2, timestamp '2026-01-01 07:00', 20.0, timestamp '2026-01-01 08:00')")
    second = publish(at(9))["scores"]
    assert (second.mode, second.reason) == ("incremental", "1 rows since the last watermark")
    assert (second.rows_read, second.rows_written, second.rows_in_warehouse) == (1, 1, 4)
    assert second.generation == first.generation
    assert values(store, 1, 2, 3) == [1.0, 20.0, 3.0]
    changed = {key for key, row in versions(client).items() if row != before[key]}
    assert changed == {f"{NAMES.row_prefix('scores', 1)}2}}".encode()}
    third = publish(at(10))["scores"]
    assert (third.mode, third.rows_read) == ("incremental", 0)


def test_a_late_row_that_is_not_the_newest_changes_nothing(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    loaded(mini, THREE)
    publish(at(6))
    insert(mini, "(1, timestamp '2026-01-01 00:30', -1.0, timestamp '2026-01-01 08:00')")
    result = publish(at(9))["scores"]
    assert (result.mode, result.rows_read, result.rows_written) == ("incremental", 1, 0)
    assert result.rows_unchanged == 1
    assert values(store, 1) == [1.0]


def test_rows_that_mature_by_mere_passage_of_time(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    loaded(
        mini,
        f"{THREE}, (1, timestamp '2026-01-01 04:30', 9.0, timestamp '2026-01-01 04:30')",
        availability_lag="1 hour",
    )
    assert publish(at(5))["scores"].rows_not_yet_available == 1
    assert values(store, 1) == [1.0]
    matured = publish(at(6))["scores"]  # without a build
    assert (matured.mode, matured.rows_read, matured.rows_written) == ("incremental", 1, 1)
    assert values(store, 1) == [9.0]


def test_the_watermark_is_not_the_clock(mini: Mini, publish: Publish, store: OnlineStore) -> None:
    """A row that came after the build and before the run is in the next build only."""
    loaded(mini, THREE)
    assert publish(at(6))["scores"].watermark == at(5).timestamp() * 1_000_000
    mini.execute(
        "insert into scores values (1, timestamp '2026-01-01 05:10', 5.0,"
        " timestamp '2026-01-01 05:30')"
    )
    mini.built = at(7)
    result = publish(at(8))["scores"]
    assert (result.mode, result.rows_read) == ("incremental", 1)
    assert values(store, 1) == [5.0]


@pytest.mark.parametrize(
    "change",
    [
        "delete from scores where id = 2",
        "update scores set score = 20.0 where id = 2",
        "update scores set loaded = timestamp '2026-01-01 02:00' where id = 2",
        "insert into scores values (2, timestamp '2026-01-01 02:00', 20.0,"
        " timestamp '2026-01-01 02:00')",
        "insert into scores values (2, timestamp '2026-01-01 02:00', 20.0, null)",
    ],
)
def test_history_that_changed_is_noticed(
    change: str, mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    loaded(mini, THREE)
    publish(at(6))
    mini.execute(change)
    result = publish(at(7))["scores"]
    assert (result.mode, result.generation) == ("full", 2)
    assert result.reason == "rows were deleted, rewritten, or added before the watermark"
    expected = None if change.startswith("delete") else 2.0 if "set loaded" in change else 20.0
    assert values(store, 1, 2, 3) == [1.0, expected, 3.0]


def test_rows_that_came_during_the_build_and_went(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    loaded(mini, f"{THREE}, (4, timestamp '2026-01-01 05:10', 4.0, timestamp '2026-01-01 05:10')")
    publish(at(6))
    assert values(store, 4) == [4.0]
    mini.execute("delete from scores where id = 4")
    result = publish(at(7))["scores"]
    assert (result.mode, result.reason) == ("full", "entities are no longer in the warehouse")
    assert values(store, 1, 4) == [1.0, None]


def test_without_created_timestamp_all_is_compared_and_little_written(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0), (2, timestamp '2026-01-01', 2.0)")
    publish()
    before = versions(client)
    mini.execute("insert into scores values (2, timestamp '2026-01-01 01:00', 5.0)")
    mini.execute("insert into scores values (3, timestamp '2026-01-01 01:00', 6.0)")
    result = publish()["scores"]
    assert (result.mode, result.reason) == ("compare", "the view has no created timestamp")
    assert (result.rows_read, result.rows_written, result.rows_unchanged) == (3, 2, 1)
    assert values(store, 1, 2, 3) == [1.0, 5.0, 6.0]
    one = f"{NAMES.row_prefix('scores', 1)}1}}".encode()
    assert versions(client)[one] == before[one]


def test_a_correction_with_equal_timestamps_arrives(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    mini.execute("update scores set score = 0.5")
    assert publish()["scores"].mode == "compare"
    assert values(store, 1) == [0.5]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("delete from scores where id = 2", "entities are no longer in the warehouse"),
        (
            "update scores set ts = ts - interval '1 hour' where id = 2",
            "the newest rows of 1 entities went back in time",
        ),
    ],
)
def test_comparing_ends_in_a_new_generation_where_it_must(
    change: str, reason: str, mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0), (2, timestamp '2026-01-01', 2.0)")
    publish()
    mini.execute(change)
    result = publish()["scores"]
    assert (result.mode, result.reason) == ("full", reason)
    assert store.get("scores", {"id": 2}).event_timestamp("score") == (
        None if change.startswith("delete") else datetime(2025, 12, 31, 23, tzinfo=UTC)
    )


def test_rows_that_outlived_their_time_do_not_hide_a_deleted_entity(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    """Under a simulated clock nothing is dropped: 1 is there past ttl and grace, and comes back."""
    simple(
        mini,
        "(1, timestamp '2025-12-20', 1.0), (2, timestamp '2026-01-01', 2.0)",
        ttl="12 days",
    )
    publish()
    assert publish(NOW + 2 * timedelta(days=1))["scores"].rows_read == 2
    mini.execute("delete from scores where id = 2")
    mini.execute("insert into scores values (1, timestamp '2026-01-02', 7.0)")
    result = publish(NOW + 2 * timedelta(days=1))["scores"]
    assert result.reason == "entities are no longer in the warehouse"
    assert values(store, 1, 2) == [7.0, None]


def test_an_earlier_clock_takes_back_what_it_must_not_know(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01 01:00', 1.0), (1, timestamp '2026-01-01 08:00', 2.0)")
    publish(at(9))
    assert values(store, 1) == [2.0]
    result = publish(at(7))["scores"]
    assert result.reason == "the clock is earlier than that of the last run"
    assert values(store, 1) == [1.0]


def test_real_and_simulated_clocks_do_not_share_a_generation(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    """One lets rows expire by themselves, the other must not."""
    real = Clock.real()
    event = datetime.fromtimestamp(real.now / 1e6, UTC).replace(microsecond=0, tzinfo=None)
    simple(mini, f"(1, timestamp '{event}', 1.0)", ttl="2 hours")
    publish(real)
    simulated = publish(Clock(real.now, simulated=True))["scores"]
    assert (simulated.mode, simulated.reason) == ("full", "a simulated clock")
    assert client.pexpiretime(f"{NAMES.row_prefix('scores', 2)}1}}") == -1
    again = publish(Clock(real.now, simulated=False))["scores"]
    assert (again.mode, again.reason) == ("full", "the clock is no longer simulated")
    assert client.ttl(f"{NAMES.row_prefix('scores', 3)}1}}") > 0


def test_a_value_that_cannot_be_served_is_refused_before_anything_is_written(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    columns = {**SCORES, "born": "date"}
    mini.view(
        "scores",
        columns,
        "select 1 as id, timestamp '2026-01-01' as ts, 1.0::double as score,"
        " date '2000-01-01' as born",
    )
    publish()
    before = versions(client)
    mini.execute(
        "insert into scores select i, timestamp '2026-01-01', i, '2000-01-01'"
        " from range(2, 30000) t(i)"
    )
    mini.execute("update scores set born = 'infinity' where id = 29999")
    result = publish()["scores"]
    assert (result.status, result.exit_code) == ("error", 2)
    assert "column 'born'" in result.message
    assert versions(client) == before
    assert values(store, 1, 2) == [1.0, None]


def dbt_ran(mini: Mini, hour: int, *models: str, **args: str) -> None:
    """What a dbt command leaves, of which the last one alone is there."""
    results = [{"unique_id": f"model.mini.{name}", "status": "success"} for name in models]
    stamp = at(hour).isoformat()
    metadata = {"generated_at": stamp, "invocation_started_at": stamp}
    content = {"metadata": metadata, "results": results, "args": args}
    (mini.folder / "target" / "run_results.json").write_text(json.dumps(content))
    mini.built = at(hour)


LAST = [
    (("test_of_scores",), {"which": "test"}),
    (("scores",), {"which": "compile"}),
    (("scores",), {"which": "show"}),
    (("scores",), {"which": "build", "target": "another"}),
    ((), {"which": "run", "target": "dev"}),
]


@pytest.mark.parametrize(("models", "args"), LAST, ids=str)
def test_after_any_other_command_only_new_rows_are_read(
    models: tuple[str, ...],
    args: dict[str, str],
    mini: Mini,
    publish: Publish,
    store: OnlineStore,
) -> None:
    """Nobody knows when the view was built; its rows say until when it has them all."""
    loaded(mini, THREE)
    dbt_ran(mini, 6, *models, **args)
    first = publish(at(7))["scores"]
    assert (first.mode, first.rows_read) == ("full", 3)
    for hour, score in ((8, 8.0), (10, 10.0)):
        mini.execute(
            f"insert into scores values (2, timestamp '2026-01-01 {hour:02}:00', {score},"
            f" timestamp '2026-01-01 {hour:02}:00')"
        )
        dbt_ran(mini, hour + 1, *models, **args)
        result = publish(at(hour + 1, 30))["scores"]
        assert (result.mode, result.rows_read, result.rows_written) == ("incremental", 1, 1)
        assert values(store, 1, 2, 3) == [1.0, score, 3.0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "insert into scores values (1, timestamp '2026-01-01 06:30', 6.5,"
            " timestamp '2026-01-01 06:30')",
            [6.5, 2.0, 3.0, 4.0],
        ),
        ("update scores set score = 20.0 where id = 2", [1.0, 20.0, 3.0, 4.0]),
        ("delete from scores where id = 2", [1.0, None, 3.0, 4.0]),
        (
            "update scores set ts = ts - interval 1 minute, score = 9.0 where id = 4",
            [1.0, 2.0, 3.0, 9.0],
        ),
    ],
    ids=["behind", "rewritten", "deleted", "back in time"],
)
def test_an_inferred_watermark_hides_no_row_that_comes_in_behind_it(
    change: str, expected: list[Any], mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    """Loads went on while dbt was building: 4 was seen, and what came before it was not."""
    loaded(mini, f"{THREE}, (4, timestamp '2026-01-01 07:00', 4.0, timestamp '2026-01-01 07:00')")
    dbt_ran(mini, 8, which="test")
    publish(at(8))
    assert values(store, 1, 2, 3, 4) == [1.0, 2.0, 3.0, 4.0]
    mini.execute(change)
    dbt_ran(mini, 9, which="test")
    result = publish(at(9))["scores"]
    assert result.mode in ("compare", "full")
    assert values(store, 1, 2, 3, 4) == expected
    dbt_ran(mini, 10, which="test")
    assert publish(at(10))["scores"].rows_written == 0


def test_a_build_of_other_models_does_not_move_the_watermark(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    loaded(mini, THREE)

    def dbt_built(hour: int, *models: str) -> None:
        dbt_ran(mini, hour, *models)

    dbt_built(5, "scores")
    assert publish(at(6))["scores"].watermark == at(5).timestamp() * 1_000_000
    dbt_built(7, "others")
    assert publish(at(7, 10))["scores"].watermark == at(5).timestamp() * 1_000_000
    insert(mini, "(1, timestamp '2026-01-01 06:30', 6.5, timestamp '2026-01-01 06:30')")
    dbt_built(8, "scores")
    result = publish(at(9))["scores"]
    assert (result.mode, result.rows_read) == ("incremental", 1)
    assert values(store, 1) == [6.5]


def test_a_preview_says_what_and_why_and_changes_nothing(
    mini: Mini, publish: Publish, client: "redis.Redis", preview: Publish
) -> None:
    loaded(mini, THREE)
    assert preview(at(6))["scores"].reason == "nothing is published yet"
    assert list(client.scan_iter()) == []
    publish(at(6))
    insert(mini, "(2, timestamp '2026-01-01 07:00', 20.0, timestamp '2026-01-01 08:00')")
    before = {key: client.dump(key) for key in client.scan_iter()}
    result = preview(at(9))["scores"]
    assert (result.mode, result.rows_behind, result.rows_in_warehouse) == ("incremental", 1, 4)
    assert {key: client.dump(key) for key in client.scan_iter()} == before
    assert publish(at(9))["scores"].rows_written == 1
