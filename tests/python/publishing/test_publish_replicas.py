"""What was published is on the replicas before it is in service, and survives a failover."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.dev.servers import Valkey, local_valkey
from feature_warehouse.redis_store.connection import close, connect
from harness.command_line import Fw
from harness.command_line import one_line as printed
from harness.mini import NOW, Mini
from harness.publishers import (
    PAIRS,
    Options,
    fw,
    in_the_middle,
    pairs,
    pointer_of,
    run_one,
)
from harness.redis_servers import (
    MASTER,
    Watched,
    client_of,
    eventually,
    watched,
)
from harness.troubled import (
    COUNT,
    change,
    clean,
    in_service,
    one_line,
    opened,
    patience,
    program,
    small_batches,
)

__all__ = ["fw", "patience", "program", "small_batches", "watched"]

pytestmark = pytest.mark.usefixtures("small_batches")


@pytest.fixture
def pair(program: Path | None) -> Iterator[tuple[Valkey, Valkey]]:
    """A master and its replica."""
    quick = {"repl-diskless-sync-delay": "0"}
    with local_valkey(executable=program, config=quick) as master:
        following = {**quick, "replicaof": (master.host, str(master.port))}
        with local_valkey(executable=program, config=following) as replica:
            with client_of(master) as client:
                eventually(lambda: "online" in str(client.info("replication")), "a replica")
            yield master, replica


def test_rows_are_on_the_replica_after_a_run(mini: Mini, pair: tuple[Valkey, Valkey]) -> None:
    pairs(mini, COUNT, 1)
    master, replica = pair
    with opened(master) as client, opened(replica) as copy:
        for value in (1, 2):
            change(mini, value)
            assert run_one(mini, client, full_refresh=value == 1).status == "success"
            rows = copy.mget([f"mini.dev:pairs@1:{{{number}}}" for number in range(COUNT)])
            assert {row[24:-4] for row in rows} == {b"\x92" + bytes([value]) + b"\xa1%d" % value}


@pytest.mark.parametrize("lost_connections", [False, True])
@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_a_replica_that_does_not_confirm(
    mode: str, lost_connections: bool, mini: Mini, pair: tuple[Valkey, Valkey], patience: None
) -> None:
    """Nothing is put in service or committed before replicas have it, whatever became of those
    connections by which it was written."""
    del patience
    master, replica = pair
    mini.view(
        "pairs",
        {**PAIRS, "loaded": "timestamp"},
        "select i as id, timestamp '2026-01-01' as ts, 1::bigint as a, '1' as b, ts as loaded"
        f" from range({COUNT}) t(i)",
        created_timestamp="loaded",
    )
    mini.built = NOW
    with opened(master) as client:
        run_one(mini, client)
        before = client.get("mini.dev:pairs@1")
        mini.execute(
            "insert into pairs select id, timestamp '2026-01-01 12:30', 2, '2',"
            " timestamp '2026-01-01 12:30' from pairs"
        )
        mini.built = later = NOW + timedelta(hours=1)
        options: Options = {"full_refresh": mode == "full", "rollback_grace": 0}

        def pause() -> None:
            os.kill(replica.pid, signal.SIGSTOP)

        def progress(_: str, rows: int) -> None:
            batches.append(rows)
            if len(batches) == 1:
                pause()
            if len(batches) == 3 and lost_connections:
                client.client_kill_filter(_type="normal", skipme=True)

        batches: list[int] = []
        try:
            result = run_one(mini, client, later, progress=progress, **options)
        finally:
            os.kill(replica.pid, signal.SIGCONT)
        one_line(result, 3, "1 replicas of Redis did not confirm what was written within 0.5 s")
        assert result.mode == mode
        assert pointer_of(client).version == 1
        assert b'"watermark":%d' % (NOW.timestamp() * 1e6) in client.get("mini.dev:pairs@1")
        if mode == "full":
            assert client.get("mini.dev:pairs@1") == before
            in_service(client, 1)
        eventually(lambda: run_one(mini, client, later, **options).status == "success", "a run")
        clean(mini, client, 2)


def test_what_is_forgotten_is_gone_from_the_replica(
    mini: Mini, pair: tuple[Valkey, Valkey], patience: None, fw: Fw
) -> None:
    """A failover right after it brings nothing back, and one that may is told."""
    del patience
    pairs(mini, 3, 1)
    master, replica = pair
    with opened(master) as client, opened(replica) as copy:
        run_one(mini, client)
        mini.execute("delete from pairs where id = 1")
        mini.write()
        forget = ("forget", "id=1", "--redis-url", master.url)
        os.kill(replica.pid, signal.SIGSTOP)
        try:
            found = fw(*forget)
        finally:
            os.kill(replica.pid, signal.SIGCONT)
        printed(found, 3, "1 replicas of Redis did not confirm what was written within 0.5 s")
        assert fw(*forget)[0] == 0
        assert copy.keys("mini.dev:pairs@1:*{1}") == []


def _master(sentinel: Any) -> int:
    return int(sentinel.sentinel_masters()[MASTER]["port"])


@pytest.mark.parametrize("mode", ["full", "compare"])
@pytest.mark.parametrize("planned", [True, False])
def test_a_sentinel_changes_the_master(
    planned: bool, mode: str, mini: Mini, watched: Watched
) -> None:
    pairs(mini, COUNT, 1)
    with closing(connect(watched.url(), socket_timeout=5.0)) as client:
        run_one(mini, client)
        change(mini, 2)
        old, new = watched.servers

        def fail() -> None:
            if not planned:
                os.kill(old.pid, signal.SIGKILL)
                return
            with client_of(watched.sentinel) as sentinel, client_of(new) as heir:
                sentinel.execute_command("SENTINEL FAILOVER", MASTER)
                eventually(lambda: heir.info("replication")["role"] == "master", "a failover")
                eventually(lambda: _master(sentinel) == new.port, "that Sentinel knows")

        options: Options = {"full_refresh": mode == "full", "rollback_grace": 0}
        result = run_one(mini, client, progress=in_the_middle(fail, 1), **options)
        assert result.status == "success", result
        assert client.info("server")["process_id"] == new.pid
        clean(mini, client, 2)
        close(client)
