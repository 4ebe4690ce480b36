"""A server's processes: it listens once, and workers accept from the same socket.

One worker is this process itself. More are processes of their own that read their settings from
their standard input; when that ends, so do they, whatever became of the process that began them. A
worker that dies is replaced. SIGTERM and SIGINT stop all of them; see ``worker``.
"""

import logging
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from feature_warehouse.errors import UsageError
from feature_warehouse.server.settings import METRICS_FOLDER, Settings, refuse_open
from feature_warehouse.server.worker import prepared, work

__all__ = ["SPARE", "serve"]

_logger: Final = logging.getLogger("feature_warehouse.server")
_BACKLOG: Final = 2048
_GLANCE: Final = 0.1
SPARE: Final = 5.0
"""Seconds that a worker has to end beyond those it needs at most."""

_FILES: Final = 256
"""Files that a worker opens besides the connections of its clients: those to Redis, libraries."""

_EARLY: Final = 5.0
_MOST_EARLY: Final = 3
"""So many workers that end within so many seconds of their start are not replaced."""


def serve(settings: Settings, started: Callable[[str], None]) -> int:
    """Serve until a signal; the exit code. ``started`` is told the address that is listened at.

    Raises UsageError for settings with which nothing can be served, such as a port in use.
    """
    refuse_open(settings)
    settings = _fitting(settings)
    with _listening(settings) as listener:
        host, port = listener.getsockname()[:2]
        scheme = "https" if settings.tls_certificate else "http"
        shown = f"[{host}]" if ":" in host else host

        def tell() -> None:
            started(f"{scheme}://{shown}:{port}")

        if settings.workers == 1:
            return work(settings, listener, tell)
        prepared(settings)  # what is wrong with them is said once, by this process
        return _Workers(settings, listener).run(tell)


def _fitting(settings: Settings) -> Settings:
    """The same with no more connections than processes may open files for, which is said.

    Raises UsageError if that leaves none.
    """
    wanted = settings.limits.connections + _FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if files <= _FILES:
        raise UsageError(
            f"the system allows {hard} open files, and a server needs more than {_FILES};"
            " raise the limit (ulimit -n)"
        )
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    if files == wanted:
        return settings
    limits = msgspec.structs.replace(settings.limits, connections=files - _FILES)
    _logger.warning(
        "the system allows %d open files, so a worker takes %d connections, not %d; raise the"
        " limit (ulimit -n) for more",
        *(hard, limits.connections, settings.limits.connections),
    )
    return msgspec.structs.replace(settings, limits=limits)


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        found = socket.create_server(
            (settings.host.strip("[]"), settings.port), family=family, backlog=_BACKLOG
        )
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot listen at {settings.host}:{settings.port}: {why}; choose another --host or"
            " --port"
        ) from None
    found.setblocking(False)
    return found


class _Workers:
    """Several processes that serve."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings, self._listener = settings, listener
        self._folder = Path(tempfile.mkdtemp(prefix="feature-warehouse-metrics-"))
        self._running: dict[subprocess.Popen[bytes], float] = {}
        self._asked: list[int] = []
        self._early = 0

    def run(self, started: Callable[[], None]) -> int:
        """Start all, and replace those that die, until a signal."""
        before = {
            number: signal.signal(number, lambda number, _: self._asked.append(number))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        code = 0
        try:
            for _ in range(self._settings.workers):
                self._start()
            started()
            while not self._asked and not code:
                time.sleep(_GLANCE)
                code = self._replace()
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)
            shutil.rmtree(self._folder, ignore_errors=True)
        return code

    def _start(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "feature_warehouse.server.worker", str(self._listener.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[self._listener.fileno()],
            env={**os.environ, METRICS_FOLDER: str(self._folder)},
            # A Ctrl-C at the terminal goes to this process alone, which passes it on.
            process_group=0,
        )
        assert process.stdin is not None
        content = msgspec.msgpack.encode(self._settings)
        with suppress(BrokenPipeError):  # it has ended already, which is seen soon
            process.stdin.write(len(content).to_bytes(4, "big") + content)
            process.stdin.flush()
        self._running[process] = time.monotonic()

    def _replace(self) -> int:
        """Start others for those that died; an exit code if that is of no use."""
        for process, since in list(self._running.items()):
            code = process.poll()
            if code is None:
                continue
            self._forget(process)
            self._early = self._early + 1 if time.monotonic() - since < _EARLY else 0
            if code == UsageError.exit_code or self._early >= _MOST_EARLY:
                return code if code > 0 else 70
            _logger.error("worker %d ended with %d; another takes its place", process.pid, code)
            self._start()
        return 0

    def _stop(self) -> None:
        """Pass on the signal that came, and those that still come, until all have ended."""
        settings, passed_on = self._settings, 0
        signals = self._asked or [signal.SIGTERM]
        drained = time.monotonic() + (settings.drain if signals[0] == signal.SIGTERM else 0.0)
        deadline = drained + settings.limits.seconds + SPARE
        while any(process.poll() is None for process in self._running):
            for number in signals[passed_on:]:
                for process in self._running:
                    process.send_signal(number)
                passed_on += 1
            if len(signals) > 1 or time.monotonic() > drained:
                # No worker accepts any more: clients are to be refused, not to wait.
                self._listener.close()
            time.sleep(_GLANCE)
            if time.monotonic() > deadline:
                for process in self._running:
                    process.kill()
        for process in list(self._running):
            process.wait()
            self._forget(process)

    def _forget(self, process: Any) -> None:
        with suppress(BrokenPipeError):  # it ended before it had read its settings
            process.stdin.close()
        self._running.pop(process, None)
        # What it counted stays; what it had at the time goes.
        for file in self._folder.glob(f"gauge_live*_{process.pid}.db"):
            file.unlink(missing_ok=True)
