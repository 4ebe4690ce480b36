"""The marks that readers leave: seldom, with a read, and never at its expense."""

import asyncio
import copy
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import redis
from redis.cluster import LoadBalancingStrategy
from redis.connection import AbstractConnection

from feature_warehouse import AsyncOnlineStore, FingerprintError, OnlineStore
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.redis_store import pools
from feature_warehouse.redis_store.connection import close, connect
from harness.line import Line
from harness.redis_fixture import NAMES, shelve_scores
from harness.redis_servers import Cluster, Watched, cluster, eventually, watched

__all__ = ["cluster", "watched"]

PLACE: dict[str, Any] = {"project": NAMES.project, "environment": NAMES.environment}
MARK = "mini.dev:!read:{mini.dev:risk}"
RISK = (0.5, "n1")
DAY = 86_400
KINDS = ("sync", "async")

Read = Callable[[], tuple[Any, ...]]


class Clock:
    """What the reader is told of the time."""

    def __init__(self) -> None:
        self.later = 0.0
        self.time_ns = time.time_ns

    def monotonic(self) -> float:
        return time.monotonic() + self.later


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("feature_warehouse.serving.reader.time", clock)
    return clock


@pytest.fixture
def url(valkey_server: Valkey, client: Any) -> Iterator[str]:
    shelve_scores(client)
    yield valkey_server.url
    client.acl_deluser("reader")


@pytest.fixture(params=KINDS)
def reader(request: pytest.FixtureRequest) -> Iterator[Callable[..., Read]]:
    """Opens a store of each kind; it reads one vector whenever it is called."""
    runner = asyncio.Runner()
    opened: list[Any] = []

    def open_at(url: str, **options: Any) -> Read:
        if request.param == "sync":
            store = OnlineStore.from_url(url, **PLACE, **options)
            opened.append(store.close)
            return lambda: store.get("risk", {"id": 1}).to_tuple()
        other = AsyncOnlineStore.from_url(url, **PLACE, **options)
        opened.append(lambda: runner.run(other.close()))
        return lambda: runner.run(other.get("risk", {"id": 1})).to_tuple()

    yield open_at
    for end in opened:
        end()
    runner.close()


def calls(client: Any, command: str) -> int:
    """How often the server was asked, refusals included."""
    found = client.info("commandstats").get(f"cmdstat_{command}", {})
    return int(found.get("calls", 0) + found.get("rejected_calls", 0))


def test_a_mark_says_what_was_read_for_ninety_days(
    url: str, client: Any, reader: Callable[..., Read]
) -> None:
    read = reader(url)
    assert read() == RISK
    assert client.get(MARK).decode() == OnlineStore(client, **PLACE).fingerprint("risk")
    assert 90 * DAY - 600 < client.ttl(MARK) <= 90 * DAY


def test_a_mark_is_left_once_in_ten_minutes(
    url: str, client: Any, reader: Callable[..., Read], clock: Clock
) -> None:
    read = reader(url)
    client.config_resetstat()
    for _ in range(20):
        read()
    assert calls(client, "set") == 1
    clock.later += 599
    read()
    assert calls(client, "set") == 1
    client.delete(MARK)
    clock.later += 2
    read()
    read()
    assert calls(client, "set") == 2
    assert client.exists(MARK)


def test_a_mark_goes_with_a_read(
    url: str,
    reader: Callable[..., Read],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is sent but what the read sends, in which the mark is."""
    read = reader(url)
    read()
    sent: list[list[bytes]] = []
    for kind in (AbstractConnection, pools._AsyncGuarded):
        send: Any = kind.send_packed_command

        def noted(self: Any, command: Any, *more: Any, send: Any = send, **options: Any) -> Any:
            sent.append(list(command))
            return send(self, command, *more, **options)

        monkeypatch.setattr(kind, "send_packed_command", noted)
    clock.later += 600
    assert read() == read() == RISK
    assert [sum(text.count(b"SET\r\n") for text in one) for one in sent] == [1, 0]
    assert all(b"MGET\r\n" in one[0] for one in sent)


REFUSALS: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "no right": (
        ("ACL", "SETUSER", "reader", "reset", "on", "nopass", "%R~mini.dev:*", "+mget", "+exists"),
        (),
    ),
    "no right to the key": (
        ("ACL", "SETUSER", "reader", "reset", "on", "nopass", "%R~mini.dev:*", "+@all"),
        (),
    ),
    "a replica": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    "no memory": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
    "no replica": (
        ("CONFIG", "SET", "min-replicas-to-write", "1"),
        ("CONFIG", "SET", "min-replicas-to-write", "0"),
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_reader_that_may_not_write_reads_on_and_tries_once_a_day(
    refusal: str, url: str, client: Any, reader: Callable[..., Read], clock: Clock
) -> None:
    before, after = REFUSALS[refusal]
    client.execute_command(*before)
    try:
        user = "reader:any@" if "reader" in before else ""
        read = reader(url.replace("//", f"//{user}"), retries=0)
        client.config_resetstat()
        for _ in range(5):
            assert read() == RISK
        clock.later += 700
        assert read() == RISK
        assert calls(client, "set") == 1
        assert client.info("stats")["total_connections_received"] == 1
        clock.later += DAY
        assert read() == read() == RISK
        assert calls(client, "set") == 2
        assert not client.exists(MARK)
    finally:
        if after:
            client.execute_command(*after)


def test_the_right_to_leave_marks_and_nothing_else(
    url: str, client: Any, reader: Callable[..., Read]
) -> None:
    """As OnlineStore's docstring says."""
    rules = ("%R~mini.dev:*", "%W~mini.dev:!read:*", "-@all", "+mget", "+exists", "+set")
    client.execute_command("ACL", "SETUSER", "reader", "reset", "on", "nopass", *rules)
    theirs = url.replace("//", "//reader:any@")
    assert reader(theirs)() == RISK
    assert client.exists(MARK)
    with redis.Redis.from_url(theirs) as other, pytest.raises(redis.ResponseError):
        other.set(NAMES.pointer("risk"), "mine")


def test_a_server_that_holds_writes_up_answers_reads(
    url: str, client: Any, reader: Callable[..., Read]
) -> None:
    """As in a failover: the read does not wait for the end, and its connection is given up."""
    read = reader(url, socket_timeout=None, retries=0)
    client.client_pause(3_600_000, all=False)
    with ThreadPoolExecutor(1) as pool:
        try:
            assert [pool.submit(read).result(timeout=300) for _ in range(2)] == [RISK] * 2
        finally:
            client.client_unpause()
    assert not client.exists(MARK)
    assert read() == RISK


def test_a_connection_that_ends_at_the_mark_is_made_anew(
    valkey_server: Valkey, url: str, client: Any, reader: Callable[..., Read]
) -> None:
    """As a proxy may do that does not know the command."""
    with closing(Line(valkey_server, last=b"*5\r\n$3\r\nSET\r\n")) as line:
        far = url.replace(f":{valkey_server.port}", f":{line.port}")
        read = reader(far, retries=0)
        assert [read() for _ in range(3)] == [RISK] * 3
        assert line.ended == 1
    assert not client.exists(MARK)


def test_who_leaves_no_mark(url: str, client: Any, reader: Callable[..., Read]) -> None:
    assert reader(url, mark_reads=False)() == RISK
    with OnlineStore.from_url(url, **PLACE, mark_reads=False) as store:
        again = copy.copy(store)  # as a pickle would
        assert again.get("risk", {"id": 1}).to_tuple() == RISK
        again.close()
    with OnlineStore.from_url(url, **PLACE) as store:
        for look in (store.fingerprint, store.entity_keys, store.request_columns):
            look("risk")
        with pytest.raises(FingerprintError):
            store.get("risk", {"id": 1}, expect="0" * 16)
    assert not client.exists(MARK)


def test_each_name_has_its_mark(url: str, client: Any) -> None:
    with OnlineStore.from_url(url, **PLACE) as store:
        store.get("risk", {"id": 1})
        assert list(client.scan_iter("*!read:*")) == [MARK.encode()]
        store.get("scores", {"id": 1})
        assert client.exists(NAMES.read_mark("scores"))


class Deaf(redis.Redis):
    """Somebody's client that has commands of its own, and does not like this one."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        if arguments[0] == "SET":
            raise redis.ConnectionError("not through here")
        return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # by redis-py


def test_a_client_of_another_kind(url: str, client: Any) -> None:
    with closing(Deaf.from_url(url)) as deaf:
        store = OnlineStore(deaf, **PLACE)
        assert store.get("risk", {"id": 1}).to_tuple() == RISK
    assert not client.exists(MARK)

    async def alone() -> tuple[Any, ...]:
        other = redis.asyncio.Redis.from_url(url, single_connection_client=True)
        async with AsyncOnlineStore(other, **PLACE) as store:
            return (await store.get("risk", {"id": 1})).to_tuple()

    assert asyncio.run(alone()) == RISK
    assert client.exists(MARK)


def test_in_a_cluster(cluster: Cluster, reader: Callable[..., Read]) -> None:
    """The mark lies where the read goes anyway; who reads from replicas leaves none."""
    with closing(connect(cluster.url)) as client:
        client.flushall(target_nodes=client.PRIMARIES)
        shelve_scores(client)
        assert client.keyslot(MARK) == client.keyslot(NAMES.pointer("risk"))
        replicas = reader(cluster.url, load_balancing_strategy=LoadBalancingStrategy.ROUND_ROBIN)
        eventually(lambda: replicas() == RISK, "rows on replicas")
        assert not client.exists(MARK)
        read = reader(cluster.url)
        assert read() == read() == RISK
        assert client.ttl(MARK) > 0
        client.delete(MARK)
        rules = ("%R~mini.dev:*", "-@all", "+get", "+exists", "+command", "+cluster|slots")
        user = ("ACL", "SETUSER", "reader", "reset", "on", "nopass", *rules)
        client.execute_command(*user, target_nodes=client.ALL_NODES)
        assert reader(cluster.url.replace("//", "//reader:any@"))() == RISK
        assert not client.exists(MARK)
        client.acl_deluser("reader", target_nodes=client.ALL_NODES)
        close(client)


def test_behind_sentinels(watched: Watched, reader: Callable[..., Read]) -> None:
    with closing(connect(watched.url())) as client:
        shelve_scores(client)
        read = reader(watched.url())
        assert read() == read() == RISK
        assert client.exists(MARK)
        close(client)
