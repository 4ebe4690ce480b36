"""The search index: scripts that hold data, because a page opened from a file may fetch nothing.

An entry is a list: name, number of its kind, what it belongs to, description, other words that find
it, address, and whether it is unhealthy.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

__all__ = ["KINDS", "Entry", "scripts"]

KINDS: Final = (
    "feature",
    "on-demand feature",
    "feature view",
    "service",
    "training set",
    "entity",
    "label set",
)

_SHARD: Final = 200_000
_DESCRIPTION: Final = 140


class Entry(msgspec.Struct, frozen=True):
    """What can be found; ``words`` are tagged, such as ``owner:anna``."""

    name: str
    kind: str
    of: str
    description: str
    words: tuple[str, ...]
    address: str
    severity: str = ""


def scripts(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """Files by their address; none is much longer than 200,000 characters."""
    shard: list[str] = []
    length = number = 0
    for entry in entries:
        text = _row(entry)
        shard.append(text)
        length += len(text)
        if length > _SHARD:
            number += 1
            yield _file(number, shard)
            shard, length = [], 0
    if shard or not number:
        yield _file(number + 1, shard)


def _file(number: int, rows: list[str]) -> tuple[str, str]:
    content = ",\n".join(rows)
    return f"search/{number}.js", f"window.found([\n{content}\n]);\n"


def _row(entry: Entry) -> str:
    said = " ".join(entry.description.split())
    if len(said) > _DESCRIPTION:
        said = f"{said[: _DESCRIPTION - 1]}…"
    row = [
        entry.name,
        KINDS.index(entry.kind),
        entry.of,
        said,
        " ".join(entry.words),
        entry.address,
        {"": 0, "warn": 1, "bad": 2}[entry.severity],
    ]
    text = msgspec.json.encode(row).decode()
    # A script that is read as a page, or by an old parser, still holds nothing but texts.
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
