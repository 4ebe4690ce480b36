"""Names that were meant by others."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["hint"]


def hint(name: str, known: Iterable[str]) -> str:
    """A question for the name that was meant, empty if none is like it."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
