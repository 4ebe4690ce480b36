"""Bearer tokens: who may read what. Only their SHA-256 is kept, and only that need be given.

A line for each token: its hash, and the names of services and views that it may read::

    # sha256 of the token                                                     what it may read
    sha256:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8   churn fraud
    sha256:0b14d501a594442a01c6859541bcb3e8164d183d32937b851835442f69d5c94e   *

``*`` is all there is, with the metrics; ``/metrics`` is the metrics alone.
"""

import hmac
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from feature_warehouse.errors import UsageError

__all__ = ["EVERYTHING", "METRICS", "Rights", "Tokens", "read_tokens"]

METRICS: Final = "/metrics"
_ALL: Final = "*"
_HASH: Final = re.compile("sha256:([0-9a-f]{64})", re.IGNORECASE)
_OF_NOTHING: Final = sha256(b"").hexdigest()
_HOW: Final = 'write "sha256:", the 64 hexadecimal digits of its hash, and what it may read'


class Rights(msgspec.Struct, frozen=True):
    """The names that a request may read; None for all."""

    names: frozenset[str] | None

    def allow(self, name: str) -> bool:
        """Whether a service, a view or ``METRICS`` may be read."""
        return self.names is None or name in self.names


EVERYTHING: Final = Rights(None)


class Tokens(msgspec.Struct, frozen=True):
    """Hashes of tokens, each with the names that it may read."""

    entries: tuple[tuple[bytes, tuple[str, ...]], ...] = ()

    def rights(self, authorization: bytes) -> Rights | None:
        """What a request with this header may read; None if the token is none of these.

        It takes as long whichever token it is, or none.
        """
        scheme, _, token = authorization.partition(b" ")
        given = sha256(token.strip()).digest()
        found: list[str] = []
        known = False
        if not token.strip():
            return None
        for own, names in self.entries:
            if hmac.compare_digest(own, given):
                known = True
                found += names
        if not known or scheme.lower() != b"bearer":
            return None
        return EVERYTHING if _ALL in found else Rights(frozenset(found))


def read_tokens(text: str | None, file: Path | None) -> Tokens:
    """The tokens of an environment variable and of a file. Raises UsageError.

    In the variable a semicolon may stand for the end of a line. No message repeats a line: it may
    hold a token that somebody forgot to hash.
    """
    entries = list(_entries((text or "").replace(";", "\n"), "FEATURE_WAREHOUSE_TOKENS"))
    if file is not None:
        try:
            content = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise UsageError(f"the tokens in {file} cannot be read: {why}") from None
        own = list(_entries(content, str(file)))
        if not own:
            raise UsageError(f"{file} has no token; {_HOW}, in a line for each")
        entries += own
    return Tokens(tuple(entries))


def _entries(text: str, source: str) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].replace(",", " ").split()
        if not words:
            continue
        match = _HASH.fullmatch(words[0])
        if match is None or len(words) == 1:
            raise UsageError(f"line {number} of {source} is not a token; {_HOW}")
        if match[1].lower() == _OF_NOTHING:
            raise UsageError(
                f"line {number} of {source} is the hash of an empty text; hash the token itself"
            )
        yield bytes.fromhex(match[1]), tuple(words[1:])
