"""Publishing: what is written, what is skipped, what survives interruption and competition."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from feature_warehouse import NotPublishedError, OnlineStore, Status
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import GRACE, Clock
from feature_warehouse.redis_store import layout
from harness.mini import NAMES, NOW, SCORES, Mini, simple
from harness.publishers import keys_of, pruned

Publish = Callable[..., dict[str, ViewResult]]


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
        {"id": "bigint", "ts": "timestamp", "shape": "bit"},
        "select 1 as id, timestamp '2026-01-01' as ts, '101'::bit as shape",
    )
    mini.service("risk", {"view": "scores"}, {"view": "shapes"})
    results = publish()
    assert results["scores"].status == "success"
    assert (results["shapes"].status, results["shapes"].exit_code) == ("error", 2)
    assert "column 'shape'" in results["shapes"].message
    with pytest.raises(NotPublishedError, match="'risk' is not published"):
        store.get("risk", {"id": 1})
    assert not list(client.scan_iter(NAMES.row_prefix("shapes", 1) + "*"))


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
    assert pruned(work, unread_days=0) == ["risk", "old"]
    assert work.undeclared() == []
    assert [key for key in keys_of(client) if b":old" in key or b":risk" in key] == [
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


def test_prune_keeps_what_a_service_in_use_still_reads(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.view("b", SCORES, "select 1 as id, timestamp '2026-01-01' as ts, 2.0::double as score")
    mini.service("risk", {"view": "scores"})
    publish()
    mini.service("risk", {"view": "b"})
    mini.drop("scores")
    mini.view("b", {**SCORES, "more": "text"})  # declared, and not built
    assert publish()["b"].exit_code == 2
    registry = read_registry(mini.write(), mini.folder)
    work = Materialization(registry, client, environment="dev", clock=Clock.at(NOW))
    assert work.undeclared() == ["scores"]
    assert pruned(work) == []
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
