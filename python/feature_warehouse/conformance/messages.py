"""What dbt and the warehouse say, for a report that leaves the house."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from feature_warehouse.util.secrets_in_text import masked

__all__ = ["in_one_line"]

_LONGEST: Final = 400
_DEEPEST: Final = 6
_SHORT: Final = 2
_SECRET: Final = re.compile("pass|secret|token|key", re.IGNORECASE)


def in_one_line(text: str, folder: Path, credentials: Any) -> str:
    """A message without the texts that a profile's target holds, and the path of a folder."""
    lines = [line.strip() for line in text.replace(str(folder), "").splitlines()]
    kept = [line for line in lines if line and not line.startswith("compiled code")]
    line = " ".join(" ".join(kept).split())
    for secret in sorted(_texts(credentials), key=len, reverse=True):
        line = masked(line, secret)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _texts(value: Any, name: str = "", seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """All texts of a profile's target that may say where it is, or let somebody in."""
    if id(value) in seen or len(seen) > _DEEPEST:
        return
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name, None) for field in fields(value)}
    elif hasattr(value, "__dict__"):
        value = vars(value)
    seen |= {id(value)}
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, str(key), seen)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each, name, seen)
    elif isinstance(value, str) and name not in ("type", "schema") and _tells(name, value):
        yield value


def _tells(name: str, text: str) -> bool:
    """A number of threads tells nothing, and would be found in each version."""
    is_secret = _SECRET.search(name) and re.search(r"\w", text)
    return len(text) > _SHORT or bool(is_secret)
