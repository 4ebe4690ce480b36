"""One run at a time per view; a run that lost its lock writes no more rows.

The lock is a key with a token of ours and an expiry, renewed by a thread. A run that sleeps (a
stopped process, a paused machine, a cut network) may wake up when another has taken the lock and
gone on. So each command that writes rows asks the server, in the same script: on a single server
whether the lock is still ours; in a cluster, where a script sees one slot only, whether the time is
still before the lock's end. That time is the servers' own: their clocks are read before the lock is
renewed, and the one that is furthest behind counts.
"""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from feature_warehouse.errors import BusyError
from feature_warehouse.redis_store import cluster, layout
from feature_warehouse.redis_store.connection import ERRORS, is_cluster

__all__ = ["LapsedError", "Lock", "locked"]

_LOCK_SECONDS: Final = 15
_PAUSE: Final = 0.1

# KEYS: the lock. ARGV: our token, how long in ms. A lock without an expiry is none of ours.
_TAKE: Final = """
local found = redis.pcall('GET', KEYS[1])
if found and found ~= ARGV[1] and redis.call('PEXPIRETIME', KEYS[1]) > 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RENEW: Final = """
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
_RELEASE: Final = """
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
"""


class LapsedError(BusyError):
    """We are no longer the one that publishes the view."""


class Lock:
    """That of one view."""

    def __init__(self, client: Any, names: layout.Names, view: str) -> None:
        self._client, self._key, self._view = client, names.lock(view), view
        self._clustered = is_cluster(client)
        self._token = secrets.token_hex(16)
        self._deadline = 0

    @property
    def keys(self) -> list[str]:
        """What a script that writes rows is given besides them."""
        return [] if self._clustered else [self._key]

    @property
    def guard(self) -> str:
        """What a script that writes rows compares: our token, or the end in ms since 1970."""
        return str(self._deadline) if self._clustered else self._token

    def take(self) -> None:
        """Take it, or go on holding it. BusyError if it is another's."""
        if not self._hold(_TAKE):
            raise BusyError(
                f"another run is publishing {self._view!r}; try again when it has finished, or"
                " pass --wait"
            )

    def confirm(self) -> None:
        """Hold it for longer. LapsedError if it is no longer ours."""
        if not self._hold(_RENEW):
            raise LapsedError(
                f"this run no longer holds the lock of {self._view!r}: it was stopped for too"
                " long, or the lock was removed from Redis; run again"
            )

    def release(self) -> None:
        self._run(_RELEASE)

    def _hold(self, script: str) -> bool:
        # Looked at before: the lock then ends so long after a later instant.
        now = cluster.earliest_clock(self._client) if self._clustered else 0
        held = self._run(script)
        if held:
            self._deadline = now + round(_LOCK_SECONDS * 1000)
        return held

    def _run(self, script: str) -> bool:
        run = self._client.register_script(script)
        return bool(run(keys=[self._key], args=[self._token, round(_LOCK_SECONDS * 1000)]))


@contextmanager
def locked(client: Any, names: layout.Names, view: str, *, wait: bool) -> Iterator[Lock]:
    """Hold the view's lock, renewed while we live; unless told to wait, BusyError if it is held."""
    lock = Lock(client, names, view)
    while True:
        try:
            lock.take()
            break
        except BusyError:
            if not wait:
                raise
            time.sleep(_PAUSE)
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lock, done), daemon=True)
    keeper.start()
    try:
        yield lock
    finally:
        done.set()
        keeper.join()
        # It expires by itself, and nothing is written without it.
        with suppress(*ERRORS):
            lock.release()


def _keep(lock: Lock, done: threading.Event) -> None:
    while not done.wait(_LOCK_SECONDS / 3):
        # If it is lost, it may be taken again after a restart of the server.
        with suppress(LapsedError, *ERRORS):
            lock.confirm()
