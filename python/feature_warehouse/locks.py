"""One run at a time per view."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import redis
from redis.exceptions import LockError
from redis.lock import Lock

from feature_warehouse import layout
from feature_warehouse.connection import ERRORS
from feature_warehouse.errors import BusyError

__all__ = ["locked"]

_LOCK_SECONDS: Final = 15


@contextmanager
def locked(client: "redis.Redis", names: layout.Names, view: str, *, wait: bool) -> Iterator[None]:
    """Hold the view's lock, renewed while we live; unless told to wait, BusyError if it is held."""
    lock = Lock(client, names.lock(view), timeout=_LOCK_SECONDS, blocking=wait, thread_local=False)
    if not lock.acquire():
        raise BusyError(
            f"another run is publishing {view!r}; try again when it has finished, or pass --wait"
        )
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lock, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        # It expires by itself, and the flip is guarded by its own compare-and-set.
        with suppress(*ERRORS):
            lock.release()


def _keep(lock: Lock, done: threading.Event) -> None:
    while not done.wait(_LOCK_SECONDS / 3):
        try:
            lock.reacquire()
        except LockError:
            return  # lost: the pointer's claim keeps this run from flipping
        except ERRORS:
            continue
