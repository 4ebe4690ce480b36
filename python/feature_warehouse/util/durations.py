"""Fixed lengths of time, as they are written in YAML. A day is 24 hours; months are refused."""

import re
from typing import Final

__all__ = ["microseconds", "readable"]

_UNITS: Final = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
_PART: Final = re.compile(rf"([0-9]+)\s*({'|'.join(_UNITS)})s?")
_PHRASE: Final = re.compile(rf"{_PART.pattern}(\s+{_PART.pattern})*")


def microseconds(text: str) -> int | None:
    """The length of ``"3 hours"`` or ``"1 day 12 hours"`` in microseconds, None for other text.

    The dbt macro ``_microseconds`` reads the same language; a test holds the two together.
    """
    phrase = text.strip().lower()
    if not _PHRASE.fullmatch(phrase):
        return None
    return sum(int(amount) * _UNITS[unit] for amount, unit in _PART.findall(phrase))


def readable(length: int) -> str:
    """A length in microseconds for a person, rounded to its two largest units: ``3 h 20 min``."""
    parts: list[str] = []
    rest = abs(length)
    for name, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000)):
        if rest >= size:
            parts.append(f"{rest // size} {name}")
            rest %= size
    if not parts:
        parts.append(f"{rest / 1_000_000:.3g} s")
    return ("-" if length < 0 else "") + " ".join(parts[:2])
