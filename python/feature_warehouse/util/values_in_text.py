"""Values in messages, as who gave them wrote them: not as Python's ``repr`` has them."""

import json
from typing import Any

__all__ = ["in_json", "in_python"]

_LONGEST = 60


def in_python(value: Any) -> str:
    """A value that a program passed, with its type: ``str '7'``, ``Decimal 1.001``, ``a list``."""
    name = type(value).__name__
    if value is None:
        return "None"
    if isinstance(value, list | tuple | set | frozenset | dict):
        return f"a {name}"
    text = repr(value) if isinstance(value, str | bytes) else " ".join(str(value).split())
    return f"{name} {_cut(text)}"


def in_json(value: Any) -> str:
    """A value of YAML, of the manifest or of a request: ``true``, ``null``, ``{"min": 1}``."""
    if isinstance(value, str):
        return _cut(repr(value))
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
