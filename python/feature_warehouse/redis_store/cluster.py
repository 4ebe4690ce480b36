"""The servers behind a client: one, or the primaries of a Redis Cluster."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import redis

from feature_warehouse.errors import DamagedError
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.connection import is_cluster

__all__ = [
    "OTHER_TYPE",
    "drop_member",
    "earliest_clock",
    "entries",
    "expiries",
    "members",
    "nodes",
    "policies",
    "processes",
    "put_member",
    "read",
    "scan",
    "unlink",
    "value",
]

OTHER_TYPE: Final = b"\0"
"""Stands for the value of a key that holds a list, a hash or the like."""

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


def earliest_clock(client: Any) -> int:
    """What time it is at the server whose clock is furthest behind, in ms since 1970 UTC."""
    times: list[tuple[int, int]] = [server.time() for server in nodes(client)]
    return min(seconds * 1000 + microseconds // 1000 for seconds, microseconds in times)


def policies(client: Any) -> set[str]:
    """What the servers do when their memory is full; empty where they do not say."""
    found = (server.info("memory").get("maxmemory_policy") for server in nodes(client))
    return {policy for policy in found if policy}


def members(client: Any, key: str) -> set[str]:
    """The members of a set of ours that are texts; none if the key holds something else."""
    try:
        found = client.smembers(key)
    except redis.ResponseError as error:
        if not _is_other_type(error):
            raise
        return set()
    texts = (member.decode(errors="replace") for member in found)
    return {text for text in texts if "\ufffd" not in text}


def put_member(client: Any, key: str, *texts: Any) -> None:
    """Add to a set of ours; where the key holds something else, that goes."""
    try:
        client.sadd(key, *texts)
    except redis.ResponseError as error:
        if not _is_other_type(error):
            raise
        client.unlink(key)
        client.sadd(key, *texts)


def drop_member(client: Any, key: str, text: Any) -> None:
    """Take from a set of ours; where the key holds something else, that goes."""
    try:
        client.srem(key, text)
    except redis.ResponseError as error:
        if not _is_other_type(error):
            raise
        client.unlink(key)


def value(client: Any, key: str) -> bytes | None:
    """What a key holds; None if it is not there, OTHER_TYPE if it holds no string."""
    try:
        found: bytes | None = client.get(key)
    except redis.ResponseError as error:
        if not _is_other_type(error):
            raise
        return OTHER_TYPE
    return found


def entries(
    client: Any, stream: str, start: str, count: int
) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Entries of a stream of ours, the oldest first. Raises DamagedError if it is no stream."""
    try:
        found: list[tuple[bytes, dict[bytes, bytes]]]
        found = client.xrange(stream, start, "+", count=count)
    except redis.ResponseError as error:
        if not _is_other_type(error):
            raise
        raise DamagedError(
            f"the key {stream} in Redis is no stream, so something else wrote it; rename or delete"
            " it, then run again"
        ) from None
    return found


def _is_other_type(error: Exception) -> bool:
    return str(error).startswith("WRONGTYPE")


def scan(client: Any, prefix: str) -> Iterator[list[bytes]]:
    """All keys that begin with the text, a page at a time, each page from one server.

    A key may come twice, as SCAN says; one that is there all the while comes at least once.
    """
    for node in nodes(client):
        keys = node.scan_iter(layout.glob(prefix) + "*", count=5_000)
        while page := list(islice(keys, _PAGE)):
            yield page


def read(client: Any, keys: Sequence[bytes]) -> list[bytes | None]:
    """The values of keys, wherever they lie; None also for what is not a string."""
    values: list[bytes | None]
    if not is_cluster(client):
        values = client.mget(keys)
        return values
    pipe = client.pipeline()
    for key in keys:
        pipe.get(key)
    replies = pipe.execute(raise_on_error=False)
    for reply in replies:
        if isinstance(reply, Exception) and not _is_other_type(reply):
            raise reply
    return [None if isinstance(reply, Exception) else reply for reply in replies]


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
