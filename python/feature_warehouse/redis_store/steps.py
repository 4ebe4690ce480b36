"""Functions that need answers from Redis without talking to it, for both clients."""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar

from feature_warehouse.redis_store import layout

__all__ = ["MarkedRead", "ReadSteps", "Steps", "look_again"]

_Result = TypeVar("_Result")

Steps = Generator[tuple[str, ...], Any, _Result]
"""Yields commands, is sent their replies, returns a result."""


class MarkedRead(NamedTuple):
    """A read, and a command that notes it: sent together, and the read alone may fail.

    The reply is that of the read, and whether the server refused the mark.
    """

    read: tuple[str, ...]
    mark: tuple[str, ...]


ReadSteps = Generator[tuple[str, ...] | MarkedRead, Any, _Result]
"""The same with such reads."""


def look_again(keys: Sequence[str]) -> Steps[bool]:
    """Look again at keys that MGET did not find; whether one was written in between.

    DamagedError for a key that holds no string: MGET does not find lists and hashes either.
    """
    if not (yield ("EXISTS", *keys)):
        return False
    for key in keys:
        # Twice: it may come or go between two looks.
        for _ in range(2):
            [text] = yield ("MGET", key)
            if text is not None or not (yield ("EXISTS", key)):
                break
        else:
            raise layout.damage(key, "it does not hold a string")
    return True
