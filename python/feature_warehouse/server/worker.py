"""One process that serves, by uvicorn.

At SIGTERM it goes on for ``drain`` seconds: ``/ready`` says no, and every answer closes its
connection, so that load balancers and clients have gone when it stops to listen. What it has begun
to answer by then it answers. At SIGINT, and at a second signal, it stops to listen at once.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, Final

import msgspec
import uvicorn

from feature_warehouse.errors import FeatureWarehouseError, UsageError
from feature_warehouse.server.app import App
from feature_warehouse.server.protocol import patient_protocol
from feature_warehouse.server.settings import Settings

__all__ = ["log_to_stderr", "prepared", "work"]

_KEEP_ALIVE: Final = 75
"""Seconds that an idle connection stays; longer than load balancers keep theirs."""


class _Server(uvicorn.Server):
    """Stops as it is said above."""

    def __init__(self, config: uvicorn.Config, app: App, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._tell = app, started
        self._ends: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self.config.ssl is not None:
            # asyncio's default is a minute, and uvicorn has no setting for it.
            loop: Any = asyncio.get_running_loop()
            seconds = self._app.settings.limits.seconds
            loop.create_server = partial(loop.create_server, ssl_handshake_timeout=seconds)
        await super().startup(sockets)
        # What is there now stays: no collection of garbage need look at it again.
        gc.collect()
        gc.freeze()
        self._tell()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        # Not noted as captured: uvicorn would raise it again, and the end is no failure.
        self._app.is_draining = True
        if self._ends is not None and self.should_exit:
            self.force_exit = True
        wait = self._app.settings.drain if sig == signal.SIGTERM and self._ends is None else 0.0
        self._ends = time.monotonic() + wait
        self.should_exit = self.should_exit or wait == 0.0

    async def on_tick(self, counter: int) -> bool:
        if self._ends is not None and time.monotonic() >= self._ends:
            self.should_exit = True
        return await super().on_tick(counter)


def work(settings: Settings, listener: socket.socket, started: Callable[[], None]) -> int:
    """Serve from a socket that listens, until a signal; the exit code. Raises UsageError."""
    app, config = prepared(settings)
    _Server(config, app, started).run([listener])
    return 0


def prepared(settings: Settings) -> tuple[App, uvicorn.Config]:
    """The application and how uvicorn runs it; UsageError for what cannot be served."""
    app = App(settings)
    limits = settings.limits
    config = uvicorn.Config(
        app,
        http=patient_protocol(app),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=int(limits.seconds) + 1,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    try:
        config.load()
    except OSError as error:
        raise UsageError(
            f"TLS cannot be set up from {settings.tls_certificate} and {settings.tls_key}:"
            f" {error.strerror or error}"
        ) from None
    return app, config


def log_to_stderr() -> None:
    """Warnings and errors, a line each."""
    logging.basicConfig(level=logging.WARNING, format="feature-warehouse: %(message)s")
    # It warns of each request that is none, with which anybody could fill a log.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def main() -> int:
    """What ``workers`` starts: the settings come on standard input, the socket is inherited."""
    log_to_stderr()
    size = int.from_bytes(sys.stdin.buffer.read(4), "big")
    settings = msgspec.msgpack.decode(sys.stdin.buffer.read(size), type=Settings)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        try:
            return work(settings, listener, lambda: None)
        except FeatureWarehouseError as error:
            logging.getLogger("feature_warehouse.server").error("%s", error)
            return error.exit_code


def _stop_with_parent() -> None:
    # Nothing comes any more: it ends when the process at the other end does.
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
