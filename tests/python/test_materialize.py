"""Publishing: what is written, what is skipped, what survives interruption and competition."""

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from feature_warehouse import FingerprintError, NotPublishedError, OnlineStore, Status, layout
from feature_warehouse.codec.values import encode_rows
from feature_warehouse.connection import connect
from feature_warehouse.locks import locked
from feature_warehouse.materialize import Materialization
from feature_warehouse.publication import GRACE, WRITE_NEWER, Clock, ViewResult
from feature_warehouse.registry import read_registry
from feature_warehouse.warehouse import open_warehouse
from feature_warehouse.warehouse.profile import load_profile
from mini import PROJECT, Mini

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMES = layout.Names(PROJECT, "dev")

Publish = Callable[..., dict[str, ViewResult]]


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    return Mini(tmp_path)


@pytest.fixture
def publish(mini: Mini, redis_url: str) -> Publish:
    """Publish everything at a clock, as the command line does."""

    def run(
        clock: Clock | datetime = NOW, progress: Any = lambda *_: None
    ) -> dict[str, ViewResult]:
        registry = read_registry(mini.write(), mini.folder)
        profile = load_profile(mini.folder, mini.folder, None)
        clock = clock if isinstance(clock, Clock) else Clock.at(clock)
        with connect(redis_url) as client, open_warehouse(profile) as warehouse:
            work = Materialization(registry, client, environment="dev", clock=clock)
            results = {result.view: result for result in work.views(warehouse, progress)}
            work.services()
        return results

    return run


@pytest.fixture
def store(redis_url: str) -> Iterator[OnlineStore]:
    with OnlineStore.from_url(redis_url) as opened:
        yield opened


SCORES = {"id": "bigint", "ts": "timestamp", "score": "double precision"}


def simple(mini: Mini, values: str, **block: Any) -> None:
    query = f"from (values {values}) as t(id, ts, score) select * replace (score::double as score)"
    mini.view("scores", SCORES, query, **block)


def test_newest_available_row_wins_and_the_future_stays_out(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(
        mini,
        "(1, timestamp '2026-01-01 10:00', 1.0), (1, timestamp '2026-01-01 11:00', 2.0),"
        " (1, timestamp '2026-01-01 11:00:00.000001', 3.0), (2, timestamp '2026-01-02', 9.0)",
        availability_lag="1 hour",
    )
    result = publish()["scores"]
    assert (result.rows_in_warehouse, result.rows_written) == (4, 1)
    assert result.rows_not_yet_available == 2
    assert store.get("scores", {"id": 1})["score"] == 2.0
    assert store.get("scores", {"id": 2}).status("score") is Status.MISSING


def test_rows_without_keys_or_event_are_skipped_and_counted(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(
        mini,
        "(null, timestamp '2026-01-01', 1.0), (null, null, 1.0), (1, null, 2.0),"
        " (1, timestamp '2026-01-01', 3.0)",
    )
    result = publish()["scores"]
    assert result.status == "success"
    assert (result.rows_without_keys, result.rows_without_event, result.rows_written) == (2, 1, 1)
    assert store.get("scores", {"id": None}).status("score") is Status.MISSING


def test_a_view_without_rows_is_published_empty(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.execute("delete from scores")
    assert publish()["scores"].rows_written == 0
    assert store.get("scores", {"id": 1}).status("score") is Status.MISSING


def test_missing_expired_null_zero_and_defaults(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    columns: Any = {**SCORES, "visits": {"data_type": "bigint", "config": {"meta": {"default": 7}}}}
    mini.view(
        "scores",
        columns,
        "select * from (values (1, timestamp '2026-01-01 11:00', 0.0, 0), "
        " (2, timestamp '2026-01-01 11:00', null, null),"
        " (3, timestamp '2026-01-01 10:59:59.999999', 5.0, 5),"
        " (4, timestamp '2025-12-01', 5.0, 5)) as t(id, ts, score, visits)",
        ttl="1 hour",
    )
    publish()
    vectors = store.get_many("scores", [{"id": number} for number in (1, 2, 3, 4, 5)])
    seen = [(v["score"], v.status("score"), v["visits"], v.status("visits")) for v in vectors]
    assert seen == [
        (0.0, Status.FOUND, 0, Status.FOUND),
        (None, Status.NULL, None, Status.NULL),
        (None, Status.EXPIRED, 7, Status.EXPIRED),
        (None, Status.MISSING, 7, Status.MISSING),
        (None, Status.MISSING, 7, Status.MISSING),
    ]
    assert vectors[2].event_timestamp("score") == NOW - timedelta(hours=1, microseconds=1)
    assert store.get("scores", {"id": 1}, at=NOW).status("score") is Status.FOUND
    later = NOW + timedelta(microseconds=1)
    assert store.get("scores", {"id": 1}, at=later).status("score") is Status.EXPIRED


def test_redis_drops_a_row_a_grace_after_its_ttl(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    real = Clock.real()
    event = datetime.fromtimestamp(real.now / 1e6, UTC).replace(microsecond=0, tzinfo=None)
    simple(mini, f"(1, timestamp '{event}', 1.0)", ttl="2 hours")
    publish(real)
    due: Any = client.pexpiretime(f"{NAMES.row_prefix('scores', 1)}1}}")
    assert due == (event.replace(tzinfo=UTC).timestamp() + 7200) * 1000 + GRACE / 1000


def test_under_a_simulated_clock_nothing_expires_by_itself(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01 11:00', 1.0)", ttl="2 hours")
    publish()
    assert client.pexpiretime(f"{NAMES.row_prefix('scores', 1)}1}}") == -1


def test_a_correction_with_a_later_created_timestamp_wins(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    mini.view(
        "scores",
        {**SCORES, "loaded": "timestamp"},
        "select * from (values (1, timestamp '2026-01-01', 1.0, timestamp '2026-01-01'),"
        " (1, timestamp '2026-01-01', 2.0, timestamp '2026-01-01 06:00'),"
        " (1, timestamp '2026-01-01', 3.0, timestamp '2026-01-01 12:00:00.000001'),"
        " (2, timestamp '2026-01-01', 4.0, null)) as t(id, ts, score, loaded)",
        created_timestamp="loaded",
    )
    publish()
    assert [v["score"] for v in store.get_many("scores", [{"id": 1}, {"id": 2}])] == [2.0, 4.0]


def test_a_deleted_entity_is_gone_with_the_next_run(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0), (2, timestamp '2026-01-01', 2.0)")
    publish()
    assert store.get("scores", {"id": 2})["score"] == 2.0
    mini.execute("delete from scores where id = 2")
    publish()
    assert store.get("scores", {"id": 2}).status("score") is Status.MISSING


def test_a_changed_schema_reaches_an_open_reader(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.service("risk", {"view": "scores"})
    publish()
    before = store.fingerprint("risk")
    assert dict(store.get("risk", {"id": 1}, expect=before)) == {"score": 1.0}
    mini.view(
        "scores",
        {"id": "bigint", "ts": "timestamp", "name": "text", "score": "double precision"},
        "select 1 as id, timestamp '2026-01-01' as ts, 'x' as name, 2.0 as score",
    )
    publish()
    assert dict(store.get("scores", {"id": 1})) == {"name": "x", "score": 2.0}
    assert dict(store.get("risk", {"id": 1})) == {"name": "x", "score": 2.0}
    assert store.fingerprint("risk") != before


def test_a_column_that_cannot_be_served_stops_its_view_alone(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.view(
        "shapes",
        {"id": "bigint", "ts": "timestamp", "shape": "struct(a integer)"},
        "select 1 as id, timestamp '2026-01-01' as ts, {'a': 1} as shape",
    )
    mini.service("risk", {"view": "scores"}, {"view": "shapes"})
    results = publish()
    assert results["scores"].status == "success"
    assert (results["shapes"].status, results["shapes"].exit_code) == ("error", 2)
    assert "column 'shape'" in results["shapes"].message
    with pytest.raises(NotPublishedError, match="'risk' is not published"):
        store.get("risk", {"id": 1})
    assert not list(client.scan_iter(NAMES.row_prefix("shapes", 1) + "*"))


def test_ctrl_c_in_the_middle_leaves_the_old_generation_and_no_trace(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    keys = set(client.scan_iter())
    mini.execute("insert into scores select i, timestamp '2026-01-01', i from range(2, 30000) t(i)")

    def interrupt(_: str, rows: int) -> None:
        assert rows == 10_000
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(progress=interrupt)
    assert set(client.scan_iter()) == keys
    assert store.get("scores", {"id": 1})["score"] == 1.0
    assert publish()["scores"].rows_written == 29_999
    assert store.get("scores", {"id": 29_000})["score"] == 29_000.0


def test_leftovers_of_a_killed_run_are_removed_by_the_next(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    # What a run leaves that was killed before its flip.
    client.set(NAMES.run("scores"), 2)
    client.sadd(NAMES.generations("scores"), 2)
    client.set(NAMES.row_prefix("scores", 2) + "77}", b"half")
    publish()
    numbers = {key.rsplit(b"@")[1][:1] for key in client.scan_iter(NAMES.pointer("scores") + "@*")}
    assert numbers == {b"1", b"3"}
    publish()
    assert {int(n) for n in client.smembers(NAMES.generations("scores"))} == {3, 4}


def test_two_runs_at_once_one_is_busy(mini: Mini, publish: Publish, client: "redis.Redis") -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    with locked(client, NAMES, "scores", wait=False):
        result = publish()["scores"]
    assert (result.status, result.exit_code) == ("error", 4)
    assert "another run is publishing 'scores'" in result.message
    assert publish()["scores"].status == "success"


def test_a_pointer_that_moved_meanwhile_is_not_overwritten(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    foreign = msgspec.json.encode(layout.Pointer(edition=1, claim=99))

    def compete(*_: Any) -> None:
        client.set(NAMES.pointer("scores"), foreign)

    result = publish(progress=compete)["scores"]
    assert result.exit_code == 4
    assert client.get(NAMES.pointer("scores")) == foreign


def test_newer_wins_on_the_server(client: "redis.Redis") -> None:
    """Law 4.6, straight against the script: random versions in any order, whoever writes."""
    write = client.register_script(WRITE_NEWER)
    instants = [-(2**62), -1, 0, 1, 2**32, 2**53 + 1, 2**53 + 2, 2**62]
    versions = list(itertools.product(instants, [None, *instants], [1, 2**32 - 1]))
    random.Random(0).shuffle(versions)  # noqa: S311 - any order will do, the same every time
    rows = [encode_rows([e], [c], r, 7, [[None]])[0] for e, c, r in versions]
    written = [write(keys=["k"], args=[row, 0]) for row in rows]
    assert client.get("k") == max(rows)
    greatest = list(itertools.accumulate(rows, max))
    assert written == [int(i == 0 or greatest[i] != greatest[i - 1]) for i in range(len(rows))]


def test_undeclared_names_are_told_and_pruned(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.view("old", SCORES, "select 1 as id, timestamp '2026-01-01' as ts, 1.0 as score")
    mini.service("risk", {"view": "old"})
    publish()
    mini.drop("old")
    mini.drop("risk_training")
    publish()
    registry = read_registry(mini.write(), mini.folder)
    work = Materialization(registry, client, environment="dev", clock=Clock.at(NOW))
    assert work.undeclared() == ["old", "risk"]
    assert store.get("risk", {"id": 1})["score"] == 1.0
    assert work.prune() == ["risk", "old"]
    assert work.undeclared() == []
    assert [key for key in client.scan_iter() if b":old" in key or b":risk" in key] == [
        NAMES.run("old").encode()
    ]
    with pytest.raises(NotPublishedError, match=r"'risk' is not published in mini\.dev"):
        OnlineStore(client).get("risk", {"id": 1})


def test_rows_of_one_environment_never_reach_another(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    assert all(
        key.startswith(b"mini.dev:") or key in (b"mini.dev!names", layout.STORES.encode())
        for key in client.scan_iter()
    )
    client.sadd(layout.STORES, "mini.prod")
    with pytest.raises(NotPublishedError, match=r"several stores .*mini\.dev, mini\.prod"):
        OnlineStore(client).get("scores", {"id": 1})
    assert OnlineStore(client, environment="dev").get("scores", {"id": 1})["score"] == 1.0


def test_a_run_that_was_stopped_and_lost_its_lock_cannot_flip(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    """What a second run does while the first one sleeps: take the lock, publish, clean up."""
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    mini.execute("update scores set score = 2.0")
    done: list[ViewResult] = []

    def overtake(*_: Any) -> None:
        if not done:
            done.append(ViewResult("the lock has expired meanwhile"))
            client.delete(NAMES.lock("scores"))
            done.append(publish()["scores"])

    sleepy = publish(progress=overtake)["scores"]
    assert (done[1].status, done[1].generation) == ("success", 3)
    assert (sleepy.status, sleepy.exit_code) == ("error", 4)
    assert "another run took over 'scores'" in sleepy.message
    assert dict(store.get("scores", {"id": 1})) == {"score": 2.0}
    assert store.get("scores", {"id": 1}).status("score") is Status.FOUND


def test_a_run_with_an_older_real_clock_does_not_undo_a_later_one(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    real = Clock.real()
    publish(real)
    older = publish(Clock(real.now - 1, simulated=False))["scores"]
    assert (older.exit_code, older.status) == (4, "error")
    assert "a later run has published 'scores'" in older.message
    assert publish(Clock(real.now, simulated=False))["scores"].status == "success"
    # A simulated clock goes where it is told to.
    assert publish(NOW)["scores"].status == "success"
    assert publish(NOW - timedelta(days=900))["scores"].rows_not_yet_available == 1
    assert store.get("scores", {"id": 1}).status("score") is Status.MISSING


def test_an_open_reader_survives_an_emptied_server(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    assert dict(store.get("scores", {"id": 1})) == {"score": 1.0}
    client.flushall()
    mini.view(
        "scores",
        {**SCORES, "extra": "text"},
        "select 1 as id, timestamp '2026-01-01' as ts, 5.0::double as score, 'x' as extra",
    )
    publish()
    assert dict(store.get("scores", {"id": 1})) == {"score": 5.0, "extra": "x"}


def test_a_service_never_serves_another_type_than_it_was_published_with(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.view("b", SCORES, "select 1 as id, timestamp '2026-01-01' as ts, 1.0::double as score")
    mini.service("risk", {"view": "scores"}, {"view": "b", "prefix": "b_"})
    publish()
    expected = store.fingerprint("risk")
    mini.view(
        "scores",
        {**SCORES, "score": "text"},
        "select 1 as id, timestamp '2026-01-01' as ts, 'high' as score",
    )
    mini.execute("alter table b drop score")
    assert publish()["b"].exit_code == 2
    with pytest.raises(FingerprintError, match="another type of score than 'risk' serves"):
        store.get("risk", {"id": 1}, expect=expected)


def test_prune_keeps_what_a_service_in_use_still_reads(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.view("b", SCORES, "select 1 as id, timestamp '2026-01-01' as ts, 2.0::double as score")
    mini.service("risk", {"view": "scores"})
    publish()
    mini.service("risk", {"view": "b"})
    mini.drop("scores")
    mini.execute("drop table b")
    assert publish()["b"].exit_code == 2
    registry = read_registry(mini.write(), mini.folder)
    work = Materialization(registry, client, environment="dev", clock=Clock.at(NOW))
    assert work.undeclared() == ["scores"]
    assert work.prune() == []
    assert dict(store.get("risk", {"id": 1})) == {"score": 1.0}


def test_a_view_that_fails_while_it_is_read_stops_no_other(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    mini.execute(
        "create view bad as select 1 as id, timestamp '2026-01-01' as ts,"
        " cast('no' || 'number' as integer) as score"
    )
    mini.view("bad", SCORES)
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    results = publish()
    assert results["bad"].exit_code == 2
    assert "feature view 'bad' cannot be read: Conversion Error" in results["bad"].message
    assert store.get("scores", {"id": 1})["score"] == 1.0
