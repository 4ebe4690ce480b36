"""What is changed is on the replicas too: a failover after that brings nothing old back."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from feature_warehouse.errors import UnreachableError
from feature_warehouse.redis_store import cluster

__all__ = ["await_all", "count", "kept"]

_SECONDS: Final = 10.0
_PAUSE: Final = 0.05


@contextmanager
def kept(client: Any) -> Iterator[None]:
    """Changes that all replicas have when it ends.

    Raises UnreachableError if one does not confirm them, or if other servers answer than before:
    what was changed may be as it was.
    """
    before = cluster.processes(client)
    yield
    await_all(client, [partial(_hurry, server) for server in cluster.nodes(client)])
    if cluster.processes(client) != before:
        raise UnreachableError(
            "Redis was restarted, or failed over, meanwhile, and may have lost what was changed;"
            " run again"
        )


def await_all(client: Any, hurries: Iterable[Callable[[], None]]) -> None:
    """Wait until all replicas have what was written; ``hurries`` make them say so at once.

    Raises UnreachableError if one does not confirm it.
    """
    servers = cluster.nodes(client)
    written = [_replication(server)[0] for server in servers]
    for hurry in hurries:
        hurry()
    deadline = time.monotonic() + _SECONDS
    for server, offset in zip(servers, written, strict=True):
        while behind := sum(reached < offset for reached in _replication(server)[1]):
            if time.monotonic() > deadline:
                raise UnreachableError(
                    f"{behind} replicas of Redis did not confirm what was written within"
                    f" {_SECONDS:g} s; check them, then run again"
                )
            time.sleep(_PAUSE)


def count(server: Any) -> int:
    """How many replicas follow a server."""
    return len(_replication(server)[1])


def _hurry(server: Any) -> None:
    if wanted := count(server):
        server.wait(wanted, 1000)


def _replication(server: Any) -> tuple[int, list[int]]:
    """How many bytes of changes a server has made, and how many each replica has of them."""
    info = server.info("replication")
    replicas = [value for name, value in info.items() if re.fullmatch("slave[0-9]+", name)]
    offsets = [int(one["offset"]) for one in replicas if one["state"] == "online"]
    return int(info["master_repl_offset"]), offsets
