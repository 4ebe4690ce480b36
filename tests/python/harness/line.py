"""A line to a server that speaks TLS, is cut, or ends where a test says."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

from feature_warehouse.dev.servers import Valkey

__all__ = ["Line"]


class Line:
    """A port behind which a server is, until the line is cut.

    ``context`` has it speak TLS. A connection on which ``last`` is sent ends in front of it: the
    server has all that came before, and its replies to that arrive. ``ended`` counts these.
    """

    def __init__(
        self, server: Valkey, context: ssl.SSLContext | None = None, *, last: bytes | None = None
    ) -> None:
        self._server = server
        self._context = context
        self._last = last
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.dead = False
        self.ended = 0
        self.port = int(self._listener.getsockname()[1])
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                outside, _ = self._listener.accept()
            except OSError:
                return
            if self.dead:
                outside.close()
                continue
            if self._context:
                try:
                    outside = self._context.wrap_socket(outside, server_side=True)
                except OSError:
                    outside.close()
                    continue
            inside = socket.create_connection((self._server.host, self._server.port))
            self._open += [outside, inside]
            self._start(self._pass_on, outside, inside, self._last)
            self._start(self._pass_on, inside, outside, None)

    def _pass_on(self, source: socket.socket, target: socket.socket, last: bytes | None) -> None:
        way = socket.SHUT_RDWR
        with suppress(OSError, ValueError):
            while data := source.recv(65_536):
                before, end, _ = data.partition(last) if last else (data, b"", b"")
                target.sendall(before)
                if end:
                    self.ended += 1
                    way = socket.SHUT_WR
                    break
        with suppress(OSError):
            target.shutdown(way)

    def cut(self, *, for_good: bool) -> None:
        """Bytes under way are lost."""
        self.dead = for_good
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End all that the line has begun."""
        self.cut(for_good=True)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
        for each in self._open:
            each.close()
