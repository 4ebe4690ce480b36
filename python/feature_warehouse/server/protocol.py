"""HTTP as uvicorn speaks it, with limits to what a client may take of the server.

uvicorn waits for the rest of the headers for as long as a client likes, takes headers of any size,
and waits for the client to take the answer: a few thousand connections that send a letter now and
then would be all that there can be, and some hundred that take nothing would fill the memory with
answers.

It takes what follows a request to upgrade the connection for a request of its own, though it may be
the body. Here no connection is upgraded: such a request is parsed again without its ``Upgrade``.

And it sends the head of an answer and its body one after the other. Each takes the system as long
as all that is computed for a small answer, so both go together here.
"""

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any, ClassVar, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from feature_warehouse.server import problems
from feature_warehouse.server.problems import Problem

if TYPE_CHECKING:
    from feature_warehouse.server.app import App

__all__ = ["patient_protocol"]

_LONGEST_HEAD: Final = 65_536
"""Bytes of a request's line and headers; also of what comes without being any part of a request."""

_SPARE: Final = 64
"""Connections beyond the limit that are told so, or answered if they ask for the health."""

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

    served: ClassVar["App"]
    _waiting: asyncio.TimerHandle | None = None
    _head = 0
    """Bytes of the head so far, as the parser has passed them on."""
    _idle = 0
    """Bytes since the parser passed anything on that is kept to a limit."""
    _moved = False
    _in_head = False
    _upgrading = False
    _problem: Problem | None = None

    # As uvicorn's own, whose transport is narrower than what asyncio declares.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        joining: Any = _Joining(transport)
        self.transport = self._joining = joining
        if len(self.connections) > self.served.settings.limits.connections + _SPARE:
            self._refuse(Problem("busy", "there are too many connections; try again"))
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        cycle: Any = self.cycle  # None before the first request
        if self._waiting is None and (cycle is None or cycle.response_complete):
            self._wait()
        self._unset_keepalive_if_required()
        self._feed(data)

    def _feed(self, data: bytes) -> None:
        self._moved = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            head = self._head_again()
            if head is not None:
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self._feed(head + data[upgrade.args[0] :])
                return
            self._refuse(Problem("malformed", "the connection cannot be upgraded"))
        except httptools.HttpParserError:
            self._refuse(self._problem or Problem("malformed", "the request is not HTTP/1.1"))
        else:
            self._idle = 0 if self._moved else self._idle + len(data)
            if self._idle > _LONGEST_HEAD:
                self._refuse(_too_long())

    def _head_again(self) -> bytes | None:
        """The head of a request to upgrade, without that; None if there is no such request."""
        if not self._upgrading:
            return None
        self._upgrading = False
        line = b"%s %s HTTP/%s" % (
            self.parser.get_method(), self.url, self.parser.get_http_version().encode()
        )  # fmt: skip
        rest = [b"%s: %s" % pair for pair in self.headers if pair[0] != b"upgrade"]
        return b"\r\n".join([line, *rest, b"", b""])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._moved = self._in_head = True
        self._head = 0

    def on_url(self, url: bytes) -> None:
        self._passed_on(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._passed_on(len(name) + len(value))
        if self._in_head:  # and no trailer of a body in chunks
            super().on_header(name, value)

    def _passed_on(self, size: int) -> None:
        self._head += size
        if self._head > _LONGEST_HEAD:
            self._problem = _too_long()
            raise self._problem

    def on_headers_complete(self) -> None:
        self._moved, self._in_head = True, False
        if self.parser.get_method() == b"CONNECT":
            self._problem = Problem("malformed", "this server is no proxy, and takes no CONNECT")
            raise self._problem
        if self.parser.should_upgrade():
            self._upgrading = True
            return
        self._heard()
        scope: Any = self.scope  # uvicorn's type has only the keys of ASGI
        scope["is_surplus"] = len(self.connections) > self.served.settings.limits.connections
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._moved = True
        if not self._upgrading:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        self._joining.flush()
        if self._joining.get_write_buffer_size():
            self.loop.call_later(self.served.settings.limits.seconds, self._drop)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._heard()
        super().connection_lost(exc)

    def _refuse(self, problem: Problem) -> None:
        """Answer what never becomes a request, and close the connection."""
        self._heard()
        if self.transport.is_closing():
            return
        self.served.metrics.refused(problem.status)
        self.transport.write(problems.answer_of(problem))
        self.transport.close()
        if self._joining.get_write_buffer_size():
            self.loop.call_later(self.served.settings.limits.seconds, self._drop)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.served.settings.limits.seconds, self._give_up)

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


def _too_long() -> Problem:
    return Problem("headers", f"the headers have more than {_LONGEST_HEAD} bytes; send fewer")


def patient_protocol(app: "App") -> type[HttpToolsProtocol]:
    """The class of an application's connections, with the limits of its settings."""
    return type("Protocol", (_Protocol,), {"served": app})
