"""Publishing to a Redis Cluster: every kind of run, while slots move and masters change."""

import os
import signal
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from feature_warehouse import NotPublishedError, OnlineStore
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.engines import open_warehouse
from feature_warehouse.publishing.forget import forget
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.redis_store import cluster as nodes
from feature_warehouse.redis_store.connection import close, connect
from harness.mini import NAMES, NOW, Mini
from harness.publishers import (
    PAIRS,
    Options,
    assert_equal,
    assert_served,
    in_the_middle,
    keys_for,
    keys_of,
    materialize,
    pairs,
    pointer_of,
    profile_of,
    pruned,
    registry_of,
    run_one,
    verified,
)
from harness.redis_servers import Cluster, client_of, cluster, eventually, there
from harness.troubled import small_batches

__all__ = ["cluster", "small_batches", "there"]

COUNT = 3_000


@pytest.fixture
def store(there: Any) -> OnlineStore:
    return OnlineStore(there, project="mini", environment="dev")


def owner(there: Any, cluster: Cluster, slot: int) -> Valkey:
    there.nodes_manager.initialize()
    port = there.nodes_manager.get_node_from_slot(slot).port
    return next(node for node in (*cluster.masters, *cluster.replicas) if node.port == port)


def identity(server: Valkey) -> str:
    with client_of(server) as client:
        return str(client.execute_command("CLUSTER MYID").decode())


class Move:
    """A slot on its way from one master to the next."""

    def __init__(self, there: Any, cluster: Cluster, slot: int) -> None:
        self.slot, self.source = slot, owner(there, cluster, slot)
        ports = {node.port for node in there.get_primaries()} - {self.source.port}
        everyone = (*cluster.masters, *cluster.replicas)
        self.target = next(node for node in everyone if node.port in ports)
        self._ids = identity(self.source), identity(self.target)

    def begin(self) -> None:
        own, its = self._ids
        with client_of(self.source) as old, client_of(self.target) as new:
            new.execute_command("CLUSTER SETSLOT", self.slot, "IMPORTING", own)
            old.execute_command("CLUSTER SETSLOT", self.slot, "MIGRATING", its)

    def move_keys(self) -> int:
        with client_of(self.source) as old:
            keys = old.execute_command("CLUSTER GETKEYSINSLOT", self.slot, 1000)
            where = (self.target.host, self.target.port)
            if keys:
                old.execute_command("MIGRATE", *where, "", 0, 5000, "KEYS", *keys)
            return len(keys)

    def end(self) -> None:
        with client_of(self.source) as old, client_of(self.target) as new:
            for each in (new, old):
                each.execute_command("CLUSTER SETSLOT", self.slot, "NODE", self._ids[1])


def row(view: str, generation: int, number: int) -> str:
    return f"mini.dev:{view}@{generation}:{{{number}}}"


def test_every_kind_of_run(mini: Mini, there: Any, store: OnlineStore) -> None:
    pairs(mini, COUNT, 1)
    assert run_one(mini, there).rows_written == COUNT
    assert_served(store, COUNT, 1)
    assert keys_of(there) == keys_for("pairs", [1], range(COUNT))

    mini.execute("update pairs set a = 2, b = '2' where id < 10")
    result = run_one(mini, there)
    counts = (result.rows_written, result.rows_unchanged, result.rows_skipped_as_older)
    assert (result.mode, counts) == ("compare", (10, COUNT - 10, 0))
    assert_served(store, 10, 2)
    assert_equal(mini, there)

    mini.execute("delete from pairs where id = 0")
    mini.execute("update pairs set a = 3, b = '3'")
    result = run_one(mini, there)
    assert (result.mode, result.rows_written) == ("full", COUNT - 1)
    assert store.get("pairs", {"id": 0})["a"] is None
    assert store.get("pairs", {"id": 1})["a"] == 3
    assert_equal(mini, there)
    number = result.generation
    assert number is not None
    first = keys_for("pairs", [1], range(COUNT))
    assert keys_of(there) == first | keys_for("pairs", [number], range(1, COUNT))

    Generations(there, NAMES, "pairs").roll_back({})
    assert (pointer_of(there).version, pointer_of(there).previous) == (1, number)
    assert store.get("pairs", {"id": 0})["a"] == 2
    assert run_one(mini, there, rollback_grace=0).status == "success"
    assert store.get("pairs", {"id": 0})["a"] is None
    assert_equal(mini, there)
    last = pointer_of(there).version
    assert isinstance(last, int)
    assert last > number
    assert keys_of(there) == keys_for("pairs", [last], range(1, COUNT))


def test_incremental(mini: Mini, there: Any, store: OnlineStore) -> None:
    mini.view(
        "pairs",
        {**PAIRS, "loaded": "timestamp"},
        "select i as id, timestamp '2026-01-01' as ts, 1::bigint as a, '1' as b, ts as loaded"
        f" from range({COUNT}) t(i)",
        created_timestamp="loaded",
    )
    mini.built = NOW
    assert run_one(mini, there).mode == "full"
    mini.execute(
        "insert into pairs select i, timestamp '2026-01-01 12:30', 2, '2',"
        " timestamp '2026-01-01 12:30' from range(100) t(i)"
    )
    mini.built = NOW + timedelta(hours=1)
    result = run_one(mini, there, mini.built)
    assert (result.mode, result.rows_written, result.rows_read) == ("incremental", 100, 100)
    assert_served(store, 100, 2)
    assert store.get("pairs", {"id": 100})["a"] == 1
    assert_equal(mini, there)


def test_services_prune_and_forget(mini: Mini, there: Any, store: OnlineStore) -> None:
    pairs(mini, 50, 1, "first")
    pairs(mini, 40, 2, "second")
    mini.service("risk", {"view": "first"}, {"view": "second", "prefix": "other_"})
    _, [service] = materialize(mini, there)
    assert service.status == "success"
    found = store.get_many("risk", [{"id": 7}, {"id": 45}]).to_tuples()
    assert found == [(1, "1", 2, "2"), (1, "1", None, None)]

    for name in ("first", "second"):
        mini.execute(f"delete from {name} where id = 7")
    with open_warehouse(profile_of(mini)) as warehouse:
        erased = forget(registry_of(mini), there, NAMES, warehouse, {"id": "7"}).erased
    assert [(e.view, e.rows_erased, e.left) for e in erased] == [("first", 1, 0), ("second", 1, 0)]
    assert [key for key in keys_of(there) if b"{7}" in key] == []
    materialize(mini, there, rollback_grace=0)
    assert [key for key in keys_of(there) if b"{7}" in key] == []
    assert_equal(mini, there)

    mini.drop("second")
    mini.drop("risk_training")
    with open_warehouse(profile_of(mini)) as warehouse:
        work = Materialization(registry_of(mini), there, environment="dev", clock=Clock.at(NOW))
        assert sorted(pruned(work, unread_days=0)) == ["risk", "second"]
    assert {key for key in keys_of(there) if b"second" in key or b"risk" in key} == {
        b"mini.dev:second!run"
    }
    with pytest.raises(NotPublishedError):
        store.get("risk", {"id": 1})
    assert_equal(mini, there)


def test_verify_finds_differences(mini: Mini, there: Any) -> None:
    pairs(mini, 200, 1)
    run_one(mini, there)
    for number in (3, 4, 5):
        there.delete(row("pairs", 1, number))
    there.set(row("pairs", 1, 777), there.get(row("pairs", 1, 8)))
    there.expire(row("pairs", 1, 9), 1000)
    result = verified(mini, there)["pairs"]
    assert result.differences == {"expiry": 1, "extra": 1, "missing": 3}
    assert result.examples["extra"] == [row("pairs", 1, 777)]


def test_a_slot_that_moved_in_the_middle(
    mini: Mini, there: Any, store: OnlineStore, cluster: Cluster
) -> None:
    pairs(mini, COUNT, 1)
    run_one(mini, there)
    mini.execute("update pairs set a = 2, b = '2'")
    moves = [Move(there, cluster, there.keyslot(row("pairs", 1, number))) for number in (5, 6)]

    def work() -> None:
        for move in moves:
            move.begin()
            move.move_keys()
            move.end()

    result = run_one(mini, there, progress=in_the_middle(work))
    assert (result.status, result.mode) == ("success", "compare"), result
    assert_served(store, COUNT, 2)
    assert_equal(mini, there)
    mini.execute("update pairs set a = 3, b = '3'")
    result = run_one(mini, there, full_refresh=True, rollback_grace=0)
    assert (result.status, result.rows_written) == ("success", COUNT)
    assert keys_of(there) == keys_for("pairs", [3], range(COUNT))
    assert_served(store, COUNT, 3)


@pytest.mark.parametrize("keys_moved", [True, False])
def test_a_slot_that_is_just_moving(
    keys_moved: bool, mini: Mini, there: Any, store: OnlineStore, cluster: Cluster
) -> None:
    """Its old server answers ASK for keys that have moved, and for new ones."""
    pairs(mini, COUNT, 1)
    run_one(mini, there)
    mini.execute("update pairs set a = 2, b = '2'")
    move = Move(there, cluster, there.keyslot(row("pairs", 1, 5)))
    move.begin()
    try:
        if keys_moved:
            assert move.move_keys() == 1
        result = run_one(mini, there)
        assert (result.status, result.mode) == ("success", "compare"), result
        assert (result.rows_written, result.rows_unchanged) == (COUNT, 0)
        assert_served(store, COUNT, 2)
        assert_equal(mini, there)
    finally:
        move.move_keys()
        move.end()
    assert_equal(mini, there)


def test_a_planned_failover_in_the_middle(
    mini: Mini, there: Any, store: OnlineStore, cluster: Cluster
) -> None:
    pairs(mini, COUNT, 1)
    run_one(mini, there)
    mini.execute("update pairs set a = 2, b = '2'")

    def work() -> None:
        old = owner(there, cluster, there.keyslot(NAMES.pointer("pairs")))
        new = replica_of(old, cluster)
        with client_of(new) as client:
            client.execute_command("CLUSTER FAILOVER")
            eventually(lambda: client.info("replication")["role"] == "master", "a failover")
        with client_of(old) as client:
            eventually(lambda: client.info("replication")["role"] == "slave", "a failover")
            eventually(lambda: client.info("replication")["master_link_status"] == "up", "a link")

    idle = connect(cluster.url)
    full: Options = {"full_refresh": True, "rollback_grace": 0}
    for options in ({}, full):
        result = run_one(mini, there, progress=in_the_middle(work), **options)
        assert result.status == "success", result
        assert_served(store, COUNT, 2)
        assert_equal(mini, there)
    number = pointer_of(there).version
    assert isinstance(number, int)
    assert keys_of(there) == keys_for("pairs", [number], range(COUNT))
    # One who has not asked for anything since finds its way too.
    processes = nodes.processes(idle)
    assert [name.split()[1] for name in processes] == ["master"] * 3
    close(idle)


def replica_of(master: Valkey, cluster: Cluster) -> Valkey:
    for server in (*cluster.masters, *cluster.replicas):
        with client_of(server) as client:
            info = client.info("replication")
            if info["role"] == "slave" and info["master_port"] == master.port:
                return server
    raise AssertionError("the master has no replica")


@pytest.mark.parametrize("lost", [False, True])
def test_a_master_that_stops_answering_in_the_middle(
    lost: bool,
    mini: Mini,
    there: Any,
    store: OnlineStore,
    cluster: Cluster,
    small_batches: None,
) -> None:
    """Its replica takes over; what was confirmed and not yet copied there is sent again."""
    del small_batches
    pairs(mini, COUNT, 1)
    run_one(mini, there)
    mini.execute("update pairs set a = 2, b = '2'")
    old = owner(there, cluster, there.keyslot(row("pairs", 1, 5)))
    new = replica_of(old, cluster)
    stopped = connect(cluster.url, socket_timeout=1.0)

    def progress(*_: Any) -> None:
        batch = next(batches)
        if batch == 0 and lost:
            os.kill(new.pid, signal.SIGSTOP)
            with client_of(old) as client:
                client.execute_command("CLIENT KILL TYPE replica")
        if batch == 1:
            os.kill(old.pid, signal.SIGSTOP)
            os.kill(new.pid, signal.SIGCONT)
            with client_of(new) as client:
                client.execute_command("CLUSTER FAILOVER", "TAKEOVER")

    batches = count()
    try:
        result = run_one(mini, stopped, progress=progress)
    finally:
        os.kill(old.pid, signal.SIGCONT)
        close(stopped)
    with client_of(old) as client:
        eventually(lambda: client.info("replication")["role"] == "slave", "a failover")
        eventually(lambda: client.info("replication")["master_link_status"] == "up", "a link")
    if result.status != "success":
        assert result.exit_code in (3, 4), result
        assert "\n" not in result.message
        there.delete(NAMES.lock("pairs"))
        assert run_one(mini, there).status == "success"
    assert_served(store, COUNT, 2)
    assert_equal(mini, there)
