"""Ctrl-C and SIGTERM while a warehouse computes.

A driver that computes in C does not come back to Python for a signal. So a thread of our own hears
of it through the wake-up descriptor and tells the drivers to stop; then Python's handler has its
turn.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Final, Never

__all__ = ["cancelled_by_signals", "received", "watch_signals"]

received: Final[list[int]] = []
"""Signals that asked us to stop, in order."""

_cancellations: Final[list[Callable[[], None]]] = []


@contextmanager
def cancelled_by_signals(cancel: Callable[[], None]) -> Iterator[None]:
    """Within the block a signal also calls ``cancel``, from another thread."""
    _cancellations.append(cancel)
    try:
        yield
    finally:
        _cancellations.remove(cancel)


def watch_signals() -> None:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt in the main thread, soon, whatever it does."""
    signal.set_wakeup_fd(_listened(os.getpid()).fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _interrupt)


@cache
def _listened(_process: int) -> socket.socket:
    """A socket that a thread listens to. A process has one, and a fork of it one of its own."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    threading.Thread(target=_listen, args=(reader, writer), daemon=True).start()
    return writer


def _interrupt(number: int, _: object) -> Never:
    received.append(number)
    raise KeyboardInterrupt


def _listen(reader: socket.socket, _writer: socket.socket) -> None:
    while number := reader.recv(1):
        if number[0] in (signal.SIGINT, signal.SIGTERM):
            for cancel in _cancellations:
                with suppress(Exception):  # the query may have ended by itself
                    cancel()
