"""One request and its answer, in ASGI's terms."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from feature_warehouse.server import problems
from feature_warehouse.server.problems import Problem
from feature_warehouse.server.settings import Limits
from feature_warehouse.server.tokens import EVERYTHING, Rights

__all__ = ["ARROW", "JSON", "Exchange", "Receive", "Scope", "Send"]

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON: Final = "application/json"
ARROW: Final = "application/vnd.apache.arrow.stream"

_IN_BODIES: Final = (b"application/json", b"application/x-www-form-urlencoded", b"text/")
"""Media types of bodies that are taken for JSON; curl says the second if nobody tells it."""

_QUALITY: Final = re.compile(r"\bq\s*=\s*([\d.]+)")


class Exchange:
    """What a handler needs: headers, the body within its limits, and a way to answer.

    ``closing`` is whether the connection ends with the answer, which it also does while the server
    drains. ``status`` is that of the answer, None before there is one. ``name`` is that of the
    service or view, once it is known to exist.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Limits) -> None:
        self.scope, self.limits = scope, limits
        self.closing = False
        self.rights: Rights = EVERYTHING
        self.status: int | None = None
        self.name = ""
        self.is_read = False
        """Whether the body has arrived."""
        self._receive, self._send = receive, send

    def header(self, name: bytes) -> bytes:
        """The first header of that name, empty if there is none."""
        for own, value in self.scope["headers"]:
            if own == name:
                found: bytes = value
                return found
        return b""

    async def body(self) -> bytes:
        """The whole body. Raises Problem if it is too long, or not what it should be."""
        kind = self.header(b"content-type").lower()
        if kind and not kind.startswith(_IN_BODIES) and b"+json" not in kind:
            raise Problem("content", "the body has to be JSON; send it as application/json")
        if self.header(b"content-encoding").lower() not in (b"", b"identity"):
            raise Problem("content", "the body is compressed; send it as it is")
        most = self.limits.body
        length = self.header(b"content-length")
        if length and int(length) > most:
            raise self._too_large()
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            piece = message.get("body", b"")
            size += len(piece)
            if size > most:
                raise self._too_large()
            pieces.append(piece)
            if not message.get("more_body", False):
                self.is_read = True
                return b"".join(pieces)

    def accepted(self, *made: str) -> str:
        """The media type to answer in, one of those that can be made. Raises Problem."""
        given = [value for own, value in self.scope["headers"] if own == b"accept"]
        header = b",".join(given).decode("latin-1").lower()
        if not header or (made[0] in header and "," not in header and ";" not in header):
            return made[0]
        found = max(made, key=lambda kind: _quality(header, kind))
        if _quality(header, found) <= 0:
            raise Problem("media_type", f"the answer is {' or '.join(made)}; accept one of them")
        return found

    async def answer(
        self, body: bytes, kind: str = JSON, status: int = 200, headers: Sequence[Header] = ()
    ) -> None:
        """Send an answer."""
        self.status = status
        found: list[Header] = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            *headers,
        ]
        if self.closing or self.scope["app"].is_draining:
            found.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": status, "headers": found}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    async def answer_json(self, content: Any, status: int = 200) -> None:
        """Send what msgspec can encode."""
        await self.answer(msgspec.json.encode(content), status=status)

    async def refuse(self, problem: Problem) -> None:
        """Send a problem. What is left of the body is not read."""
        if not self.is_read and self.scope["method"] == "POST":
            self.closing = True
        await self.answer(
            problems.body_of(problem), problems.MEDIA_TYPE, problem.status, problem.headers
        )

    def _too_large(self) -> Problem:
        return Problem("too_large", f"the body is larger than {self.limits.body} bytes; ask twice")


def _quality(header: str, kind: str) -> float:
    """How much a media type is wanted, by the most exact of the ranges that fit; 0 if not."""
    found = (0, 0.0)
    for part in header.split(","):
        name, _, parameters = part.partition(";")
        name = name.strip()
        exact = 3 if name == kind else 2 if name == f"{kind.split('/')[0]}/*" else 0
        exact = 1 if name == "*/*" else exact
        if exact > found[0]:
            match = _QUALITY.search(parameters)
            try:
                found = (exact, float(match[1]) if match else 1.0)
            except ValueError:
                found = (exact, 0.0)
    return found[1]
