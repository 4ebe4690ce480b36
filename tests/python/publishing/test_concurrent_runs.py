"""Two publishers, a killed one, a sleeping one, one with an older clock: rules 6 and 7."""

import itertools
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis

from feature_warehouse import OnlineStore, Status
from feature_warehouse.codec.rows import encode_rows
from feature_warehouse.publishing.locks import locked
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.writer import WRITE_NEWER
from feature_warehouse.redis_store import layout
from harness.mini import NAMES, NOW, Mini, simple

Publish = Callable[..., dict[str, ViewResult]]


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
        publish(progress=interrupt, full_refresh=True)
    assert set(client.scan_iter()) == keys
    assert store.get("scores", {"id": 1})["score"] == 1.0
    assert publish()["scores"].rows_written == 29_998
    assert store.get("scores", {"id": 29_000})["score"] == 29_000.0


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, {b"1"}),
        ({"full_refresh": True}, {b"1", b"3"}),
        ({"full_refresh": True, "rollback_grace": 0}, {b"3"}),
    ],
)
def test_leftovers_of_a_killed_run_are_removed_by_the_next(
    options: Any, left: set[bytes], mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    # What a run leaves that was killed before its flip.
    client.set(NAMES.run("scores"), 2)
    client.sadd(NAMES.generations("scores"), 2)
    client.set(NAMES.row_prefix("scores", 2) + "77}", b"half")
    publish(**options)
    numbers = {key.rsplit(b"@")[1][:1] for key in client.scan_iter(NAMES.pointer("scores") + "@*")}
    assert numbers == left
    assert client.smembers(NAMES.generations("scores")) == left


def test_a_sleeping_run_whose_rows_were_removed_cannot_flip(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    """The second run does not build, so it does not claim; it removes and says so."""
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()

    def overtake(*_: Any) -> None:
        client.delete(NAMES.lock("scores"))
        assert publish()["scores"].mode == "compare"

    sleepy = publish(progress=overtake, full_refresh=True)["scores"]
    assert (sleepy.status, sleepy.exit_code) == ("error", 4)
    assert dict(store.get("scores", {"id": 1})) == {"score": 1.0}
    assert client.smembers(NAMES.generations("scores")) == {b"1"}


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
    foreign = layout.sealed(layout.Pointer(version=1, claim=99), NAMES.pointer("scores"))

    def compete(*_: Any) -> None:
        client.set(NAMES.pointer("scores"), foreign)

    result = publish(progress=compete)["scores"]
    assert result.exit_code == 4
    assert client.get(NAMES.pointer("scores")) == foreign


def test_newer_wins_on_the_server(client: "redis.Redis") -> None:
    """Rule 6, straight against the script: random versions in any order, whoever writes."""
    write = client.register_script(WRITE_NEWER)
    client.set("lock", "ours")
    instants = [-(2**62), -1, 0, 1, 2**32, 2**53 + 1, 2**53 + 2, 2**62]
    versions = list(itertools.product(instants, [None, *instants], [1, 2**32 - 1]))
    order = random.Random(0)
    order.shuffle(versions)
    written: int | None = None
    greatest: Any = None
    for event, created, run in versions:
        version = (event, created is not None, created, run)
        payload = order.randrange(3)
        [row] = encode_rows([b"k"], [event], [created], run, 7, [[payload]])
        outcome = write(keys=["k", "lock"], args=[row, "ours"])
        same = written is not None and (version[:3], payload) == (greatest[:3], written)
        if greatest is None or (version > greatest and not same):
            assert outcome == ([1, 0, 0, 0] if greatest is None else [0, 1, 0, 0])
            written, greatest = payload, version
            assert client.get("k") == row
        else:
            assert outcome == ([0, 0, 1, 0] if same else [0, 0, 0, 1])
            assert client.get("k") != row or same


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
            done.append(publish(full_refresh=True)["scores"])

    sleepy = publish(progress=overtake, full_refresh=True)["scores"]
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
