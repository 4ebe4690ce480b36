"""The servers behind a client: one, or the primaries of a Redis Cluster."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from feature_warehouse import layout
from feature_warehouse.connection import is_cluster

__all__ = ["expiries", "nodes", "processes", "read", "scan", "unlink"]

_PAGE: Final = 1_000


def nodes(client: Any) -> list[Any]:
    """A ``redis.Redis`` for each server that holds rows, as things stand now."""
    if is_cluster(client):
        client.nodes_manager.initialize()
        return [client.get_redis_connection(node) for node in client.get_primaries()]
    return [client]


def processes(client: Any) -> set[str]:
    """Names of the servers that hold rows; a restart or a failover gives others."""
    servers = nodes(client)
    for server in servers:
        if ask_sentinel := getattr(server.connection_pool, "get_master_address", None):
            # Not a master that has not heard of its successor yet.
            ask_sentinel()
    found = [server.info("server", "replication") for server in servers]
    return {f"{info['run_id']} {info['role']}" for info in found}


def scan(client: Any, prefix: str) -> Iterator[list[bytes]]:
    """All keys that begin with the text, a page at a time, each page from one server.

    A key may come twice, as SCAN says; one that is there all the while comes at least once.
    """
    for node in nodes(client):
        keys = node.scan_iter(layout.glob(prefix) + "*", count=5_000)
        while page := list(islice(keys, _PAGE)):
            yield page


def read(client: Any, keys: Sequence[bytes]) -> list[bytes | None]:
    """The values of keys, wherever they lie."""
    values: list[bytes | None]
    if not is_cluster(client):
        values = client.mget(keys)
        return values
    pipe = client.pipeline()
    for key in keys:
        pipe.get(key)
    values = pipe.execute()
    return values


def expiries(client: Any, keys: Sequence[bytes]) -> list[int]:
    """When each key expires, in ms since 1970 UTC; -1 for never, -2 if it is not there."""
    pipe = client.pipeline() if is_cluster(client) else client.pipeline(transaction=False)
    for key in keys:
        pipe.pexpiretime(key)
    times: list[int] = pipe.execute()
    return times


def unlink(client: Any, keys: Iterable[bytes]) -> int:
    """Remove keys, wherever they lie; how many were there."""
    doomed = list(keys)
    if not doomed:
        return 0
    if not is_cluster(client):
        return int(client.unlink(*doomed))
    pipe = client.pipeline()
    for key in doomed:
        pipe.unlink(key)
    return sum(pipe.execute())
