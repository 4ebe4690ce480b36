"""A publisher that sleeps through its lock brings nothing back that was forgotten or deleted.

It is stopped before each of its commands in turn; meanwhile the entity is deleted in the warehouse
and forgotten. Afterwards no key of the entity may be in Redis, whatever the publisher said.
"""

import os
import shutil
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
import redis

from feature_warehouse import OnlineStore
from feature_warehouse.engines import open_warehouse
from feature_warehouse.errors import NotPublishedError
from feature_warehouse.publishing import locks
from feature_warehouse.publishing.forget import forget
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.locks import LapsedError, Lock
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.writer import Rows, RowWriter
from feature_warehouse.redis_store.connection import connect
from harness.killable_publisher import PATIENCE, Halt, Site
from harness.mini import NAMES, Mini
from harness.publishers import (
    Options,
    assert_equal,
    in_the_middle,
    key,
    keys_of,
    pairs,
    profile_of,
    registry_of,
    run_one,
)
from harness.redis_servers import cluster, eventually, there

__all__ = ["cluster", "there"]

FORGOTTEN = 1_234
MODES = ("full", "compare", "incremental")


def stopped(process: Any) -> bool:
    try:
        state = Path(f"/proc/{process.pid}/stat").read_text()
    except FileNotFoundError:  # it has ended
        return False
    return state.rpartition(")")[2].split()[0] == "T"


def forget_one(mini: Mini, client: Any, number: int) -> None:
    """Delete an entity of ``pairs`` and forget it; nothing of it is left then.

    The file is another afterwards, for a sleeper holds the one it has opened.
    """
    built = mini.database.with_suffix(".new")
    shutil.copy(mini.database, built)
    with duckdb.connect(str(built)) as connection:
        connection.execute(f"delete from pairs where id = {number}")
    built.replace(mini.database)
    with open_warehouse(profile_of(mini)) as warehouse:
        erased = forget(registry_of(mini), client, NAMES, warehouse, {"id": str(number)}, wait=True)
    assert all(one.left == 0 for one in erased.erased)
    assert traces(client, number) == []


def traces(client: Any, number: int) -> list[bytes]:
    return [name for name in keys_of(client) if name.endswith(b"{%d}" % number)]


def sleep_at(site: Site, client: Any, command: int) -> bool:
    """Whether a run that is stopped there and wakes after an erasure was stopped at all."""
    halt = Halt(command, signal.SIGSTOP, lock_seconds=0.5)
    with site.run(halt) as (process, answers):
        eventually(lambda: stopped(process) or answers.poll(0), "a stop or an end")
        if not stopped(process):
            return False
        forget_one(site.mini, client, FORGOTTEN)
        os.kill(process.pid, signal.SIGCONT)
        assert answers.poll(PATIENCE)
        status, _, code, _ = answers.recv()
        assert (status, code) in {("success", 0), ("error", 4)}
    assert traces(client, FORGOTTEN) == [], command
    with OnlineStore(client, project="mini", environment="dev") as store:
        for _ in range(2):
            assert store.get("pairs", {"id": FORGOTTEN})["a"] is None, command
            try:
                Generations(client, NAMES, "pairs").roll_back({})
            except NotPublishedError:
                break
    return True


def again(site: Site, client: Any) -> None:
    """The entity is back in the warehouse and in Redis, and there is something new to publish."""
    site.mini.execute(
        f"insert into pairs select * replace ({FORGOTTEN} as id) from pairs where id = 0"
    )
    site.publish(client)
    site.advance()


@pytest.fixture(params=MODES)
def site(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> Site:
    return Site(tmp_path, redis_url, request.param)


def sleep_everywhere(site: Site, client: Any, command: int, step: int) -> None:
    site.publish(client)
    site.advance()
    while sleep_at(site, client, command):
        again(site, client)
        command += step
    assert command > 12


def test_an_entity_that_was_forgotten_stays_forgotten(site: Site, client: "redis.Redis") -> None:
    sleep_everywhere(site, client, 9, 8)


@pytest.mark.long
def test_whatever_the_command_that_it_slept_before(site: Site, client: "redis.Redis") -> None:
    sleep_everywhere(site, client, 0, 1)


def test_a_first_run_that_sleeps(tmp_path: Path, redis_url: str, client: "redis.Redis") -> None:
    site = Site(tmp_path, redis_url, "compare")
    halt = Halt(16, signal.SIGSTOP, lock_seconds=0.5)
    with site.run(halt) as (process, answers):
        eventually(lambda: stopped(process), "a stop")
        forget_one(site.mini, client, FORGOTTEN)
        os.kill(process.pid, signal.SIGCONT)
        assert answers.poll(PATIENCE)
        assert answers.recv()[:3] == ("error", "full", 4)
    assert traces(client, FORGOTTEN) == []
    assert not client.exists(NAMES.pointer("pairs"))


def write_one(client: Any, lock: Lock, row: str) -> None:
    with RowWriter(client, lock, patience=0.1) as writer:
        writer.write(Rows([row.encode()], [bytes(24)], []))
        writer.finish()


def test_no_row_without_the_lock(client: "redis.Redis") -> None:
    lock = Lock(client, NAMES, "pairs")
    with pytest.raises(LapsedError, match="no longer holds the lock of 'pairs'"):
        write_one(client, lock, key(1))
    lock.take()
    write_one(client, lock, key(1))
    client.flushall()
    with pytest.raises(LapsedError):
        write_one(client, lock, key(1))
    Lock(client, NAMES, "pairs").take()
    with pytest.raises(LapsedError):
        write_one(client, lock, key(1))
    assert keys_of(client) == {NAMES.lock("pairs").encode()}


def test_no_row_after_the_lock_in_a_cluster(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a script cannot see the lock it sees the time: nothing is written past its end."""
    monkeypatch.setattr(locks, "_LOCK_SECONDS", 0.3)
    lock, other = (Lock(there, NAMES, "pairs") for _ in range(2))
    lock.take()
    write_one(there, lock, key(1))
    eventually(lambda: not there.exists(NAMES.lock("pairs")), "the end of the lock")
    other.take()
    with pytest.raises(LapsedError):
        write_one(there, lock, key(2))
    other.release()
    with pytest.raises(LapsedError):
        write_one(there, lock, key(2))
    assert keys_of(there) == {key(1).encode()}
    # A run that was slow, and still holds the lock, goes on.
    lock.take()
    monkeypatch.setattr(locks, "_LOCK_SECONDS", 60)
    there.pexpire(NAMES.lock("pairs"), 60_000)
    eventually(lambda: _refused(there, lock), "the end that the lock knows of")
    write_one(there, lock, key(2))
    assert there.exists(key(2))


def _refused(there: Any, lock: Lock) -> bool:
    [server, *_] = there.get_primaries()
    seconds, microseconds = there.get_redis_connection(server).time()
    return bool(seconds * 1000 + microseconds // 1000 > int(lock.guard))


def test_what_was_forgotten_is_not_kept_for_rollback(mini: Mini, client: "redis.Redis") -> None:
    """The last resort, where a clock was set: rows that came back after an erasure all the same."""
    pairs(mini, 10, 1)
    run_one(mini, client)
    row: Any = client.get(key(7))
    forget_one(mini, client, 7)
    client.set(key(7), row)
    result: ViewResult = run_one(mini, client)
    assert (result.status, result.mode) == ("success", "full")
    assert traces(client, 7) == []
    assert_equal(mini, client)
    with pytest.raises(NotPublishedError, match="no generation of 'pairs' before"):
        Generations(client, NAMES, "pairs").roll_back({})


def test_an_emptied_server_is_noticed_in_the_middle(mini: Mini, redis_url: str) -> None:
    """Of a full, a comparing and a first run; what was written before is not taken for all."""
    pairs(mini, 25_000, 1)
    with closing(connect(redis_url)) as client:
        kinds: list[Options] = [{}, {}, {"full_refresh": True}]
        for options in kinds:
            result = run_one(mini, client, progress=in_the_middle(client.flushall), **options)
            assert (result.status, result.exit_code) == ("error", 4), options
            assert "run again" in result.message
            mini.execute("delete from pairs where id = (select max(id) from pairs)")
            mini.execute("update pairs set a = a + 1, b = a + 1")
            assert run_one(mini, client, rollback_grace=0).status == "success"
            assert_equal(mini, client)
            client.delete(NAMES.lock("pairs"))
