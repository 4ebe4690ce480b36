"""HTTP as uvicorn speaks it, with a limit to the time that headers may take.

uvicorn waits for the rest of a request for as long as a client likes: a few thousand connections
that send a letter now and then would be all that there can be.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["patient_protocol"]


def patient_protocol(seconds: float) -> type[HttpToolsProtocol]:
    """The class of connections whose headers have to be there within so many seconds."""

    class Protocol(HttpToolsProtocol):
        """Closes a connection that has begun a request, or never one, and does not go on."""

        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            cycle: Any = self.cycle  # None before the first request
            if self._waiting is None and (cycle is None or cycle.response_complete):
                self._wait()
            super().data_received(data)

        def on_headers_complete(self) -> None:
            self._heard()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._heard()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._waiting = self.loop.call_later(seconds, self._give_up)

        def _heard(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None

        def _give_up(self) -> None:
            self._waiting = None
            self.transport.abort()

    return Protocol
