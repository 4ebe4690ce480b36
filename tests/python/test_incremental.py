"""What a run finds to do by itself, and says: incremental, comparing, or a new generation."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from feature_warehouse import NotPublishedError, OnlineStore, Status, UsageError, layout
from feature_warehouse.generations import Generations
from feature_warehouse.publication import ViewResult
from feature_warehouse.services import Services
from feature_warehouse.tasks import Clock
from mini import NAMES, NOW, SCORES, Columns, Mini, simple

Publish = Callable[..., dict[str, ViewResult]]

LOADED: Columns = {**SCORES, "loaded": "timestamp"}
HOUR = timedelta(hours=1)


def loaded(mini: Mini, values: str, **block: Any) -> None:
    """A view ``scores`` of rows (id, ts, score, loaded), built at five."""
    mini.built = at(5)
    query = (
        f"from (values {values}) as t(id, ts, score, loaded)"
        " select * replace (score::double as score)"
    )
    mini.view("scores", LOADED, query, created_timestamp="loaded", **block)


def insert(mini: Mini, values: str) -> None:
    mini.execute(f"insert into scores values {values}")
    mini.built += timedelta(days=1)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, 1, hour, minute, tzinfo=UTC)


def values(store: OnlineStore, *ids: int) -> list[Any]:
    return [vector["score"] for vector in store.get_many("scores", [{"id": n} for n in ids])]


def versions(client: "redis.Redis") -> dict[bytes, Any]:
    """All rows as they lie there, run numbers included."""
    return {key: client.get(key) for key in client.scan_iter(NAMES.pointer("scores") + "@*:{*")}


THREE = (
    "(1, timestamp '2026-01-01 01:00', 1.0, timestamp '2026-01-01 01:00'),"
    " (2, timestamp '2026-01-01 01:00', 2.0, timestamp '2026-01-01 01:00'),"
    " (3, timestamp '2026-01-01 01:00', 3.0, timestamp '2026-01-01 01:00')"
)


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


@pytest.mark.parametrize(
    ("columns", "block", "reason"),
    [
        ({**SCORES, "extra": "double precision"}, {}, "the columns changed"),
        ({**SCORES, "score": "decimal(8,2)"}, {}, "the columns changed"),
        ({"id": "bigint", "extra": "text", "ts": "timestamp"}, {}, "the columns changed"),
        (SCORES, {"ttl": "2 days"}, "the ttl changed"),
        (SCORES, {"availability_lag": "1 minute"}, "the declaration of the view changed"),
        (
            {
                **SCORES,
                "score": {"data_type": "double precision", "config": {"meta": {"default": 1.5}}},
            },
            {},
            "the declaration of the view changed",
        ),
    ],
)
def test_another_declaration_is_a_new_generation(
    columns: Any, block: Any, reason: str, mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    casts = ", ".join(
        f"cast({1 if kind != 'text' else 2} as {kind}) as {name}"
        for name, entry in columns.items()
        if name != "ts" and (kind := entry if isinstance(entry, str) else entry["data_type"])
    )
    mini.view("scores", columns, f"select {casts}, timestamp '2026-01-01' as ts", **block)
    result = publish()["scores"]
    assert (result.mode, result.reason, result.generation) == ("full", reason, 2)
    vector = store.get("scores", {"id": 1})
    assert {vector.status(name) for name in vector} == {Status.FOUND}
    assert list(vector) == [name for name in columns if name not in ("id", "ts")]


def test_an_earlier_clock_takes_back_what_it_must_not_know(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01 01:00', 1.0), (1, timestamp '2026-01-01 08:00', 2.0)")
    publish(at(9))
    assert values(store, 1) == [2.0]
    result = publish(at(7))["scores"]
    assert result.reason == "the clock is earlier than that of the last run"
    assert values(store, 1) == [1.0]


def test_what_a_killed_run_wrote_is_taken_back_under_an_earlier_clock(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01 01:00', 1.0), (1, timestamp '2026-01-01 08:00', 2.0)")
    publish(at(7))

    with pytest.raises(Killed):
        publish(at(9), progress=kill)
    assert publish(at(8) - HOUR / 2)["scores"].mode == "full"
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


def test_rollback_goes_back_and_forth_and_the_next_run_goes_on(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    generations = Generations(client, NAMES, "scores")
    with pytest.raises(NotPublishedError, match="no view 'scores' is published"):
        generations.roll_back({})
    publish(NOW - HOUR)
    with pytest.raises(NotPublishedError, match="no generation of 'scores' before 1 is kept"):
        generations.roll_back({})
    mini.execute("update scores set score = 2.0")
    publish(full_refresh=True)
    assert generations.roll_back({}).number == 1
    assert values(store, 1) == [1.0]
    assert layout.read_pointer(client.get(NAMES.pointer("scores"))).clock == int(
        (NOW - HOUR).timestamp() * 1_000_000
    )
    assert generations.roll_back({}).number == 2
    assert values(store, 1) == [2.0]
    generations.roll_back({})
    result = publish()["scores"]
    assert (result.mode, result.generation, result.rows_written) == ("compare", 1, 1)
    assert values(store, 1) == [2.0]


def test_the_previous_generation_goes_when_its_time_is_over(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    publish(full_refresh=True)
    assert len(versions(client)) == 2
    assert publish(rollback_grace=0)["scores"].mode == "compare"
    assert list(versions(client)) == [f"{NAMES.row_prefix('scores', 2)}1}}".encode()]
    assert not client.exists(NAMES.description("scores", 1))
    with pytest.raises(NotPublishedError, match="is kept"):
        Generations(client, NAMES, "scores").roll_back({})
    assert values(store, 1) == [1.0]


def test_rollback_refuses_what_a_service_could_not_read(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.service("risk", {"view": "scores"})
    publish()
    mini.view(
        "scores",
        {**SCORES, "more": "text"},
        "select 1 as id, timestamp '2026-01-01' as ts, 666.0::double as score, 'x' as more",
    )
    publish()
    shares = Services(client, NAMES).shares("scores")
    with pytest.raises(UsageError, match="1 of 'scores' no longer has more, which service 'risk'"):
        Generations(client, NAMES, "scores").roll_back(shares)
    assert values(store, 1) == [666.0]


class Killed(BaseException):
    """What no handler of ours expects."""


def kill(*_: Any) -> None:
    raise Killed


def test_what_only_a_killed_run_wrote_is_noticed(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    """No fingerprint covers rows of a run that did not come to its end."""
    loaded(mini, THREE)
    publish(at(6))
    insert(
        mini,
        "(2, timestamp '2026-01-01 07:00', 20.0, timestamp '2026-01-01 08:00'),"
        " (4, timestamp '2026-01-01 07:00', 9.0, timestamp '2026-01-01 08:00')",
    )
    with pytest.raises(Killed):
        publish(at(9), progress=kill)
    client.delete(NAMES.lock("scores"))
    mini.execute("delete from scores where loaded = timestamp '2026-01-01 08:00'")
    assert publish(at(10))["scores"].mode == "full"
    assert values(store, 1, 2, 3, 4) == [1.0, 2.0, 3.0, None]


def test_a_run_after_a_killed_one_compares(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    loaded(mini, THREE)
    publish(at(6))
    insert(mini, "(2, timestamp '2026-01-01 07:00', 20.0, timestamp '2026-01-01 08:00')")
    with pytest.raises(Killed):
        publish(at(9), progress=kill)
    client.delete(NAMES.lock("scores"))
    result = publish(at(9))["scores"]
    assert (result.mode, result.rows_read) == ("compare", 3)
    assert result.reason == "a run was cut off, or an entity forgotten"
    assert values(store, 1, 2, 3) == [1.0, 20.0, 3.0]
    assert publish(at(10))["scores"].mode == "incremental"


def test_a_run_that_slept_while_others_took_its_generation_away(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    """It says so, and leaves nothing behind that the next run does not remove."""
    simple(mini, "(1, timestamp '2026-01-01', 1.0), (2, timestamp '2026-01-01', 2.0)")
    publish()

    def overtake(*_: Any) -> None:
        if client.delete(NAMES.lock("scores")):
            for _again in range(2):
                publish(full_refresh=True, rollback_grace=0)
            client.set(f"{NAMES.row_prefix('scores', 1)}1}}", b"as if written just now")

    sleepy = publish(progress=overtake)["scores"]
    assert (sleepy.status, sleepy.exit_code) == ("error", 4)
    publish(rollback_grace=0)
    assert not list(client.scan_iter(NAMES.row_prefix("scores", 1) + "*"))
    assert values(store, 1, 2) == [1.0, 2.0]


def test_a_run_in_the_middle_of_which_another_generation_came_into_service(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    real = Clock.real()
    publish(real)

    def overtake(*_: Any) -> None:
        client.delete(NAMES.lock("scores"))
        publish(Clock(real.now + 1, simulated=False), full_refresh=True)

    sleepy = publish(Clock(real.now + 2, simulated=False), progress=overtake)["scores"]
    assert (sleepy.status, sleepy.exit_code) == ("error", 4)


def test_a_build_of_other_models_does_not_move_the_watermark(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    loaded(mini, THREE)
    ran = mini.folder / "target" / "run_results.json"

    def dbt_built(hour: int, *models: str) -> None:
        results = [{"unique_id": f"model.mini.{name}", "status": "success"} for name in models]
        stamp = at(hour).isoformat()
        metadata = {"generated_at": stamp, "invocation_started_at": stamp}
        ran.write_text(json.dumps({"metadata": metadata, "results": results}))
        mini.built = at(hour)

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
