"""Several publishers of one view: one at a time, whatever becomes of them."""

import contextlib
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from feature_warehouse.publishing import locks
from harness.killable_publisher import PATIENCE, Halt, Site
from harness.mini import NAMES
from harness.publishers import (
    pointer_of,
)
from harness.redis_servers import eventually


@pytest.fixture
def full(tmp_path: Path, redis_url: str, client: "redis.Redis") -> Site:
    """One that is published and has another state to publish."""
    site = Site(tmp_path, redis_url, "full")
    site.publish(client)
    site.advance()
    return site


MIDDLE = 25
"""The number of a command between the lock and the flip."""


def _stopped(process: Any) -> bool:
    state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


def test_of_two_publishers_one_is_busy_or_waits(full: Site, client: "redis.Redis") -> None:
    with full.run(Halt(MIDDLE, signal.SIGSTOP)) as (process, first):
        eventually(lambda: _stopped(process), "a stop")
        busy = full.here(client)
        assert (busy.status, busy.exit_code, busy.rows_written) == ("error", 4, 0)
        assert busy.message.startswith("another run is publishing 'pairs'")
        with full.run(wait=True, rollback_grace=0) as (_, second):
            assert not second.poll(0.3)
            os.kill(process.pid, signal.SIGCONT)
            for answers in (first, second):
                assert answers.poll(PATIENCE)
                assert answers.recv()[:3] == ("success", "full", 0)
    full.assert_settled(client)


def test_four_publishers_never_interleave(full: Site, client: Any) -> None:
    """Seen from the server: rows of one run come together, whoever sends them."""
    written: list[int] = []
    with client.monitor() as monitor, contextlib.ExitStack() as stack:
        runs = [stack.enter_context(full.run(wait=True, rollback_grace=0))[1] for _ in range(4)]
        for answers in runs:
            assert answers.poll(PATIENCE)
            assert answers.recv()[:3] == ("success", "full", 0)
        client.echo("the end")
        for command in monitor.listen():
            if command["command"] == "ECHO the end":
                break
            if found := re.match(r"EVALSHA \w+ \d+ mini.dev:pairs@(\d+):{", command["command"]):
                written.append(int(found[1]))
    assert len(set(written)) == 4
    assert written == sorted(written)
    full.assert_settled(client)


def test_the_lock_of_a_killed_run_expires(full: Site, client: "redis.Redis") -> None:
    with full.run(Halt(MIDDLE, lock_seconds=1)) as (process, _):
        process.join(PATIENCE)
        assert process.exitcode == -signal.SIGKILL
    left = client.pttl(NAMES.lock("pairs"))
    assert left == -2 or 0 < left <= 1000
    assert full.here(client, wait=True).status == "success"
    full.assert_settled(client)


def test_a_publisher_that_slept_through_its_lock_changes_nothing(
    full: Site, client: "redis.Redis"
) -> None:
    with full.run(Halt(MIDDLE, signal.SIGSTOP, lock_seconds=1)) as (process, answers):
        eventually(lambda: _stopped(process), "a stop")
        assert full.here(client, wait=True).status == "success"
        number = pointer_of(client).version
        os.kill(process.pid, signal.SIGCONT)
        assert answers.poll(PATIENCE)
        assert answers.recv()[:3] == ("error", "full", 4)
    assert pointer_of(client).version == number
    full.assert_settled(client)


def test_a_publisher_keeps_its_lock_while_it_works(
    full: Site, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_LOCK_SECONDS", 0.3)
    tokens: set[Any] = set()

    def work(*_: Any) -> None:
        for _again in range(10):
            time.sleep(0.1)
            tokens.add(client.get(NAMES.lock("pairs")))

    assert full.here(client, progress=work).status == "success"
    assert len(tokens) == 1
    assert None not in tokens
    assert client.get(NAMES.lock("pairs")) is None
