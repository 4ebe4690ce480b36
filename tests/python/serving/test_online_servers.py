"""Readers against every kind of server, and what they say when it does not work."""

import asyncio
import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from feature_warehouse import (
    AsyncOnlineStore,
    NotPublishedError,
    OnlineStore,
    UnreachableError,
    UsageError,
)
from feature_warehouse.dev.servers import Valkey, local_valkey
from feature_warehouse.redis_store.connection import close, connect, reachable
from harness.redis_fixture import NAMES, shelve_scores
from harness.redis_servers import (
    DEBIAN,
    MASTER,
    Certificates,
    Cluster,
    Watched,
    certificates,
    client_of,
    cluster,
    eventually,
    tls_proxy,
    tls_redis,
    watched,
)

__all__ = ["certificates", "cluster", "watched"]

PLACE: dict[str, Any] = {"project": NAMES.project, "environment": NAMES.environment}
IDS = [{"id": number} for number in (*range(100), 777, None)]
RISK = [(number / 2, f"n{number}") for number in range(100)] + [(None, None)] * 2


def read(url: str, **options: Any) -> list[tuple[Any, ...]]:
    """The same through the sync and the async client."""
    with OnlineStore.from_url(url, **{**PLACE, **options}) as store:
        found = store.get_many("risk", IDS).to_tuples()

    async def again() -> list[tuple[Any, ...]]:
        async with AsyncOnlineStore.from_url(url, **{**PLACE, **options}) as other:
            return (await other.get_many("risk", IDS)).to_tuples()

    assert asyncio.run(again()) == found
    return found


def complaint(url: str, **options: Any) -> str:
    """What both clients say when they cannot read."""
    with pytest.raises(UnreachableError) as error:
        read(url, **options)
    message = str(error.value)

    async def again() -> None:
        async with AsyncOnlineStore.from_url(url, **{**PLACE, **options}) as other:
            await other.get_many("risk", IDS)

    with pytest.raises(UnreachableError) as error:
        asyncio.run(again())
    for text in (message, str(error.value)):
        assert "\n" not in text
        assert "w/rd" not in text
    return message


@pytest.fixture
def filled(valkey_server: Valkey, client: Any) -> Iterator[Valkey]:
    shelve_scores(client)
    yield valkey_server
    client.acl_deluser("reader")


def test_a_cluster(cluster: Cluster) -> None:
    client = connect(cluster.url)
    client.flushall(target_nodes=client.PRIMARIES)
    shelve_scores(client)
    assert len({client.keyslot(f"{NAMES.row_prefix('scores', 1)}{n}}}") for n in range(99)}) > 50
    assert read(cluster.url) == RISK
    assert read(cluster.url, project=None, environment=None) == RISK
    with OnlineStore(client, **PLACE) as store, pytest.raises(NotPublishedError, match="'risk'"):
        store.get("riks", {"id": 1})


def test_a_cluster_whose_slots_move(cluster: Cluster) -> None:
    client = connect(cluster.url)
    client.flushall(target_nodes=client.PRIMARIES)
    shelve_scores(client)
    key = f"{NAMES.row_prefix('scores', 1)}7}}"
    slot = client.keyslot(key)
    owner = client.get_node_from_key(key).port
    source, target = (
        next(node for node in cluster.masters if (node.port == owner) is is_owner)
        for is_owner in (True, False)
    )
    with OnlineStore.from_url(cluster.url, **PLACE) as store:
        assert store.get_many("risk", IDS).to_tuples() == RISK
        _move(slot, source, target)
        assert store.get_many("risk", IDS).to_tuples() == RISK
        _move(slot, target, source)
        assert store.get_many("risk", IDS).to_tuples() == RISK
    close(client)


def _move(slot: int, source: Valkey, target: Valkey) -> None:
    with client_of(source) as old, client_of(target) as new:
        own, its = (str(c.execute_command("CLUSTER MYID").decode()) for c in (old, new))
        new.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", own)
        old.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", its)
        keys: Any = old.execute_command("CLUSTER GETKEYSINSLOT", slot, 1000)
        old.execute_command("MIGRATE", target.host, target.port, "", 0, 5000, "KEYS", *keys)
        for each in (new, old):
            each.execute_command("CLUSTER SETSLOT", slot, "NODE", its)


def test_behind_a_sentinel_before_and_after_a_failover(watched: Watched) -> None:
    with closing(connect(watched.url())) as client:
        shelve_scores(client)
        client.execute_command(*acl("%R~mini.dev:*", "+mget", "+exists"))
        close(client)
    assert read(watched.url()) == RISK
    assert read(watched.url(login="reader:any@")) == RISK
    with OnlineStore.from_url(watched.url(), **PLACE) as store:
        assert store.get_many("risk", IDS).to_tuples() == RISK
        os.kill(watched.servers[0].pid, signal.SIGKILL)

        def answers() -> bool:
            with suppress(UnreachableError):
                return store.get_many("risk", IDS).to_tuples() == RISK
            return False

        eventually(answers, "a failover")
    with closing(connect(watched.url())) as client:
        assert client.info("server")["process_id"] == watched.servers[1].pid
        close(client)


def test_what_sentinels_do_not_know(watched: Watched) -> None:
    told = complaint(watched.url(master="other"))
    port = watched.sentinel.port
    assert f"The Sentinels at 127.0.0.1:1, 127.0.0.1:{port} know no working master" in told
    assert "refuses the login" in complaint(watched.url(login=":wrong@"))
    assert "know no working master" in complaint(f"redis+sentinel://127.0.0.1:1/{MASTER}")


@contextmanager
def tls_server(kind: str, files: Certificates) -> Iterator[tuple[Valkey, int]]:
    if kind == "redis":
        with tls_redis(files) as (server, port):
            yield server, port
    else:
        with local_valkey() as server, tls_proxy(server, files) as port:
            yield server, port


@pytest.mark.parametrize(
    "kind",
    [
        "proxy",
        pytest.param(
            "redis", marks=pytest.mark.skipif(DEBIAN is None, reason="needs redis-server")
        ),
    ],
)
def test_tls(kind: str, certificates: Certificates) -> None:
    with tls_server(kind, certificates) as (server, port):
        with client_of(server) as client:
            shelve_scores(client)
        url = f"rediss://127.0.0.1:{port}"
        assert read(url, ssl_ca_certs=str(certificates.ca)) == RISK
        assert read(f"{url}?ssl_ca_certs={certificates.ca}") == RISK
        assert "certificate verify failed" in complaint(url)
        quick: dict[str, Any] = {"retries": 0, "socket_timeout": 0.2}
        assert "does not answer" in complaint(f"redis://127.0.0.1:{port}", **quick)
        assert "does not answer" in complaint(f"rediss://127.0.0.1:{server.port}", **quick)


RULES = ("on", "nopass", "resetkeys", "-@all")


def acl(*rules: str) -> tuple[str, ...]:
    return ("ACL", "SETUSER", "reader", "reset", *RULES, *rules)


def unknown(url: str) -> str:
    with OnlineStore.from_url(url, **PLACE) as store, pytest.raises(NotPublishedError) as error:
        store.get("rist", {"id": 1})
    return str(error.value)


def test_the_least_that_a_reader_needs(filled: Valkey, client: Any) -> None:
    """As OnlineStore's docstring says."""
    url = f"redis://reader:any@127.0.0.1:{filled.port}"
    client.execute_command(*acl("%R~mini.dev:*", "+mget", "+exists"))
    assert read(url) == RISK
    assert unknown(url) == "'rist' is not published in mini.dev"
    assert "refuses a command" in complaint(url, project=None)
    client.execute_command(
        *acl("%R~mini.dev:*", "+mget", "+exists", "+smembers", "%R~mini.dev!names")
    )
    assert unknown(url) == "'rist' is not published in mini.dev; did you mean 'risk'?"
    stores = "%R~feature_warehouse:stores"
    client.execute_command(*acl("%R~mini.dev:*", "+mget", "+exists", "+smembers", stores))
    assert read(url, project=None, environment=None) == RISK
    assert "refuses" in complaint(f"{url}/3")
    client.execute_command(*acl("%R~mini.dev:*", "+mget", "+exists", "+select"))
    with pytest.raises(NotPublishedError):
        read(f"{url}/3")
    client.execute_command(*acl("%R~mini.other:*", "+mget", "+exists"))
    assert "refuses a command" in complaint(url)


def test_the_least_in_a_cluster(cluster: Cluster) -> None:
    client = connect(cluster.url)
    client.flushall(target_nodes=client.PRIMARIES)
    shelve_scores(client)
    rules = acl("%R~mini.dev:*", "+get", "+exists", "+command", "+cluster|slots")
    client.execute_command(*rules, target_nodes=client.ALL_NODES)
    url = cluster.url.replace("//", "//reader:any@")
    assert read(url) == RISK
    client.acl_deluser("reader", target_nodes=client.ALL_NODES)
    close(client)


def test_one_line_for_every_trouble(filled: Valkey, cluster: Cluster) -> None:
    address = f"127.0.0.1:{filled.port}"
    assert f"Redis at {address} refuses the login" in complaint(
        f"redis://nobody:p%40ss%3Aw%2Frd%25@{address}"
    )
    node = f"redis://127.0.0.1:{cluster.masters[0].port}"
    assert "write the address as redis+cluster://" in complaint(node)
    assert "The Redis Cluster at" in complaint(f"redis+cluster://{address}")
    assert "The Redis Cluster at 127.0.0.1:1 " in complaint("redis+cluster://127.0.0.1:1")
    assert "127.0.0.1:1 does not answer" in complaint("redis://:p%40ss%3Aw%2Frd%25@127.0.0.1:1")
    assert "/no/socket does not answer" in complaint("unix:///no/socket")


def test_a_server_that_never_replies() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        assert "does not answer" in complaint(url, socket_timeout=0.05, retries=1)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (redis.exceptions.BusyLoadingError("LOADING"), "is still loading its data"),
        (redis.exceptions.MaxConnectionsError("Too many connections"), "raise max_connections"),
        (redis.ReadOnlyError("You can't write"), "is a read-only replica"),
        (redis.OutOfMemoryError("used memory > 'maxmemory'"), "is full: used memory"),
        (redis.exceptions.ClusterDownError("the\ncluster is down"), "now: the cluster is down"),
        (redis.exceptions.MovedError("12 127.0.0.1:7"), "is a node of a Redis Cluster"),
        (redis.ResponseError("no w/rd here"), r"refuses a command: no \*\*\* here"),
        (redis.RedisClusterException("TTL exhausted."), "cannot answer now: TTL"),
        (redis.InvalidResponse("Protocol Error"), "fails: Protocol Error"),
    ],
)
def test_every_error_of_redis(error: Exception, message: str) -> None:
    client = redis.Redis(password="w/rd")
    with pytest.raises(UnreachableError, match=message) as told, reachable(client):
        raise error
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost", "not a Redis URL"),
        ("http://localhost", "not a Redis URL"),
        ("redis+cluster://", "not a Redis URL"),
        ("redis+sentinel://:w%2Frd@host", "not a Redis URL"),
        ("unix+cluster:///socket", "not a Redis URL"),
        ("redis+cluster://host/3", "only database 0"),
        ("redis://host?colour=red", "has an unknown option after its question mark"),
        ("redis://host:w/rd@6379", "not a Redis URL"),
        ("redis://host/first", "not a Redis URL"),
        ("redis://host/1/2", "not a Redis URL"),
        ("redis+sentinel://host/master/first", "not a Redis URL"),
        ("rediss://:w%2Frd@host?ssl_cert_reqs=nonsense", "Flag: nonsense; correct the Redis URL"),
        ("rediss+cluster://:w%2Frd@host?ssl_cert_reqs=nonsense", "nonsense; correct the Redis URL"),
        ("rediss+sentinel://:w%2Frd@host/m?ssl_cert_reqs=nonsense", "nonsense; correct the Redis"),
        ("rediss://host?ssl_min_version=old", "ssl_min_version of the .* impossible value"),
        ("redis://host?socket_timeout=soon", "socket_timeout of the .* impossible value"),
        ("redis://host?socket_connect_timeout=-1", "socket_connect_timeout of .* is less than 0"),
        ("redis://host?max_connections=-1", "max_connections of the .* impossible value"),
        ("redis://host?protocol=9", "protocol must be either 2 or 3"),
        ("redis://host?retry=3", "the Redis URL has an unknown option after its question mark"),
        (
            "redis+cluster://host?connection_class=x",
            "has an unknown option after its question mark",
        ),
    ],
)
def test_addresses_that_are_none(url: str, message: str) -> None:
    for store in (OnlineStore, AsyncOnlineStore):
        with pytest.raises(UsageError, match=message) as error:
            store.from_url(url)
        assert "w/rd" not in str(error.value)


def test_a_lost_connection_is_made_anew(filled: Valkey, client: Any) -> None:
    with OnlineStore.from_url(filled.url, **PLACE) as store:
        store.get("risk", {"id": 1})
        client.client_kill_filter(_type="normal", skipme=True)
        assert store.get("risk", {"id": 1}).to_tuple() == (0.5, "n1")


def _child(store: OnlineStore, answers: Any) -> None:
    answers.put([store.get("risk", {"id": number}).to_tuple() for number in range(50)])


def test_a_store_survives_a_fork(filled: Valkey) -> None:
    fork = multiprocessing.get_context("fork")
    with OnlineStore.from_url(filled.url, **PLACE) as store:
        store.get("risk", {"id": 1})
        answers = fork.Queue()
        children = [fork.Process(target=_child, args=(store, answers)) for _ in range(3)]
        for child in children:
            child.start()
        own = [store.get("risk", {"id": number}).to_tuple() for number in range(50)]
        assert [answers.get(timeout=30) for _ in children] == [own] * 3 == [RISK[:50]] * 3
        for child in children:
            child.join()


def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with local_valkey(config={"unixsocket": str(path)}) as server:
        with client_of(server) as client:
            shelve_scores(client)
        assert read(f"unix://{path}") == RISK
