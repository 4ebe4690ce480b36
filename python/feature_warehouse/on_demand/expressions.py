"""Expressions with the type of each part, as they stand in the description of a service."""

from typing import Final

import msgspec

__all__ = [
    "FIRST_INSTANT",
    "GREATEST",
    "LAST_INSTANT",
    "LEAST",
    "MOST",
    "TINIEST",
    "Node",
    "names_in",
    "scale_of",
]

LEAST: Final = -(2**63)
GREATEST: Final = 2**63 - 1

TINIEST: Final = 1e-150
MOST: Final = 1e150
"""Between these, or 0, are doubles that can be multiplied: no result is infinite, none is lost."""

FIRST_INSTANT: Final = -62_135_596_800_000_000
LAST_INSTANT: Final = 253_402_300_799_999_999
"""The years 1 to 9999, in microseconds since 1970 UTC."""


class Node(msgspec.Struct, frozen=True, array_like=True):
    """``call`` with arguments; ``name`` and ``literal`` have a ``value``, ``shift`` microseconds.

    A literal's value is its text, None for NULL.
    """

    call: str
    type: str
    args: tuple["Node", ...] = ()
    value: str | None = None


def names_in(node: Node) -> dict[str, str]:
    """The columns and on-demand features that an expression names, with their types."""
    if node.call == "name":
        return {str(node.value): node.type}
    found: dict[str, str] = {}
    for arg in node.args:
        found |= names_in(arg)
    return found


def scale_of(kind: str) -> int:
    """The digits after the point of a type, 0 of one that is no decimal."""
    return int(kind[8:-1].partition(",")[2]) if kind.startswith("decimal(") else 0
