"""HTTP as uvicorn speaks it, with limits to the time that a client may take.

uvicorn waits for the rest of the headers for as long as a client likes, and for the client to take
the answer: a few thousand connections that send a letter now and then would be all that there can
be, and some hundred that take nothing would fill the memory with answers.

And it sends the head of an answer and its body one after the other. Each takes the system as long
as all that is computed for a small answer, so both go together here.
"""

import asyncio
import socket
import struct
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["patient_protocol"]


_AT_ONCE: Final = struct.pack("ii", 1, 0)


class _Joining:
    """A transport that keeps the head of an answer until its body comes, or the answer ends."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.set_protocol = transport.set_protocol
        self.abort = transport.abort
        self.get_write_buffer_size = transport.get_write_buffer_size

    def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send what has waited in vain."""
        if self._head:
            data, self._head = self._head, b""
            self._transport.write(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()


class _Protocol(HttpToolsProtocol):
    """Closes a connection that does not go on with a request, or does not take the answer."""

    seconds: ClassVar[float]
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        joining: Any = _Joining(transport)
        self.transport = self._joining = joining
        self._wait()

    def data_received(self, data: bytes) -> None:
        cycle: Any = self.cycle  # None before the first request
        if self._waiting is None and (cycle is None or cycle.response_complete):
            self._wait()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._heard()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        self._joining.flush()
        if self._joining.get_write_buffer_size():
            self.loop.call_later(self.seconds, self._drop)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._heard()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.seconds, self._give_up)

    def _heard(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _drop(self) -> None:
        if self._joining.get_write_buffer_size():
            # What the system has of the answer goes, too, instead of waiting for the client.
            connection = self._joining.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.transport.abort()

    def _give_up(self) -> None:
        self._waiting = None
        self.transport.abort()


def patient_protocol(seconds: float) -> type[HttpToolsProtocol]:
    """The class of connections where headers, and later the answer, may take so many seconds."""
    return type("Protocol", (_Protocol,), {"seconds": seconds})
