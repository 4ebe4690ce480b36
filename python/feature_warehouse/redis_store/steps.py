"""Functions that need answers from Redis without talking to it, for both clients."""

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from feature_warehouse.redis_store import layout

__all__ = ["Steps", "refuse_other_types"]

_Result = TypeVar("_Result")

Steps = Generator[tuple[str, ...], Any, _Result]
"""Yields commands, is sent their replies, returns a result."""


def refuse_other_types(keys: Sequence[str]) -> Steps[bool]:
    """Look again at keys of which MGET says that there are none; whether one was just written.

    It says so of lists and hashes too: DamagedError.
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
            raise layout.damage(key, "it holds no text")
    return True
