"""What is answered instead of features: errors as RFC 9457 describes them, one line each.

    {"title": "Not Found", "status": 404, "code": "not_published", "detail": "..."}

``code`` is for programs, ``detail`` for people: what is wrong, where, and what to do.
"""

import http
from typing import Any, Final

import msgspec

from feature_warehouse.errors import (
    DamagedError,
    EntityError,
    FeatureWarehouseError,
    FingerprintError,
    NotPublishedError,
    UnreachableError,
    UsageError,
)

__all__ = ["CODES", "MEDIA_TYPE", "Problem", "answer_of", "body_of", "problem_of"]

MEDIA_TYPE: Final = "application/problem+json"
_LONGEST: Final = 600
"""Characters of a detail; it may repeat what was sent."""

CODES: Final = {
    "request": (400, "the body or a parameter is not what the path takes"),
    "malformed": (400, "what came is not a request of HTTP/1.1"),
    "entity": (400, "an entity key or request column is missing, unknown or of another type"),
    "token": (401, "there is no token, or it is not known"),
    "right": (403, "the token may not read this name"),
    "host": (403, "a server without tokens was asked by another name than that of this machine"),
    "origin": (403, "a page of another site asked a server without tokens"),
    "path": (404, "there is no such path"),
    "not_published": (404, "no service or view has this name"),
    "method": (405, "the path does not take this method"),
    "media_type": (406, "none of the media types that are accepted can be made"),
    "slow": (408, "the request did not arrive in time"),
    "fingerprint": (409, "the features are not those that were expected"),
    "too_large": (413, "the body has too many bytes, or asks for too many entities"),
    "content": (415, "the body is not JSON, or is compressed"),
    "headers": (431, "the request's line and headers have more than 65,536 bytes"),
    "internal": (500, "a bug of ours; the server's log says where"),
    "damaged": (500, "a key in Redis holds what no publisher wrote there"),
    "unreachable": (503, "Redis does not answer, or the name changes too fast; try again"),
    "half_published": (503, "views and service do not fit; publish again"),
    "busy": (503, "there are more connections than --max-connections; try again"),
    "late": (504, "Redis did not answer in time"),
}
"""Each code with its HTTP status and when it is given."""

_HEADERS: Final[dict[str, tuple[bytes, bytes]]] = {
    "token": (b"www-authenticate", b"Bearer"),
    "unreachable": (b"retry-after", b"1"),
    "half_published": (b"retry-after", b"1"),
    "busy": (b"retry-after", b"1"),
    "late": (b"retry-after", b"1"),
}

# The first that fits; a class stands before its bases.
_OURS: Final[tuple[tuple[type[FeatureWarehouseError], str], ...]] = (
    (EntityError, "entity"),
    (NotPublishedError, "not_published"),
    (FingerprintError, "half_published"),
    (DamagedError, "damaged"),
    (UnreachableError, "unreachable"),
    (UsageError, "request"),
)


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """An answer that is an error; ``code`` is one of ``CODES``."""

    def __init__(self, code: str, detail: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.status = CODES[code][0]
        self.headers = [*headers, *([_HEADERS[code]] if code in _HEADERS else [])]


def problem_of(error: FeatureWarehouseError) -> Problem:
    """What is answered for an error of the client."""
    code = next((code for kind, code in _OURS if isinstance(error, kind)), "internal")
    # The message has the address of Redis, which is for the log alone.
    hides = isinstance(error, UnreachableError)
    return Problem(code, "Redis cannot be read now; try again" if hides else str(error))


def body_of(problem: Problem) -> bytes:
    """Its JSON."""
    detail = " ".join(problem.detail.split())
    if len(detail) > _LONGEST:
        detail = f"{detail[:_LONGEST]}..."
    content: dict[str, Any] = {
        "title": http.HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": detail,
    }
    return msgspec.json.encode(content)


def answer_of(problem: Problem) -> bytes:
    """The whole answer, for a connection that is closed after it."""
    body = body_of(problem)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        *problem.headers,
        (b"connection", b"close"),
    ]
    phrase = http.HTTPStatus(problem.status).phrase.encode()
    lines = [
        b"HTTP/1.1 %d %s" % (problem.status, phrase),
        *(b"%s: %s" % pair for pair in headers),
        b"",
        body,
    ]
    return b"\r\n".join(lines)
