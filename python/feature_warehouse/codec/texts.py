"""Values of keys and request columns as text, in the one form that every door takes.

The command line and the server read such text. Python and its libraries take more, each something
else: ``1_0``, Arabic digits, ``2026-W05-6``, ``{3b24...}``, ``urn:uuid:3b24...``. Who writes that
has most often made a mistake, so it is refused.

    whole numbers           digits, perhaps with ``-`` before them
    numbers, decimals       with a point between digits, and ``e`` with a power of ten
    boolean                 true or false; the command line takes any case
    date                    2026-01-31
    timestamp, timestamptz  2026-01-31T12:00:00Z, with any offset, a blank for the ``T``, or a part
                            of it from the left; without an offset it is in UTC
    uuid                    8-4-4-4-12 hexadecimal digits of either case
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from feature_warehouse.errors import EntityError

__all__ = [
    "LONGEST_NUMBER",
    "read_date",
    "read_decimal",
    "read_instant",
    "read_naive",
    "read_typed",
    "read_uuid",
    "read_whole",
]

LONGEST_NUMBER: Final = 400
"""Digits of a number; no column holds more, and millions of them take a while."""

_WHOLE: Final = re.compile("-?[0-9]+")
_DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6}0*)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_UUID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def read_whole(text: str) -> int:
    """A whole number. Raises ValueError, as all of these do."""
    return int(_matched(_WHOLE, text, LONGEST_NUMBER))


def read_decimal(text: str) -> Decimal:
    """A decimal number that is finite and not too long when it is written without a power."""
    try:
        number = Decimal(_matched(_DECIMAL, text, LONGEST_NUMBER))
    except InvalidOperation:  # an exponent of twenty digits
        raise ValueError from None
    # Powers of ten that are written in a few letters fill the memory as whole numbers.
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_NUMBER:
        raise ValueError
    return number


def read_date(text: str) -> date:
    """A date."""
    return date.fromisoformat(_matched(_DATE, text))


def read_instant(text: str) -> datetime:
    """An instant, in UTC. Raises OverflowError, too."""
    found = datetime.fromisoformat(_matched(_INSTANT, text))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def read_naive(text: str) -> datetime:
    """An instant, as a datetime in UTC that is naive. Raises OverflowError, too."""
    return read_instant(text).replace(tzinfo=None)


def read_uuid(text: str) -> UUID:
    """A UUID."""
    return UUID(_matched(_UUID, text))


def _matched(pattern: re.Pattern[str], text: str, longest: int | None = None) -> str:
    """The text, if it is of that form."""
    if not pattern.fullmatch(text) or (longest is not None and len(text) > longest):
        raise ValueError
    return text


def _read_float(text: str) -> float:
    if text in _NOT_FINITE:
        return _NOT_FINITE[text]
    number = float(_matched(_DECIMAL, text, LONGEST_NUMBER))
    return number if math.isfinite(number) else _none()


def _none() -> Any:
    raise ValueError


_NOT_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

_A_NUMBER: Final = "a number, such as 1.5, or NaN, Infinity or -Infinity"
_AN_INSTANT: Final = "an instant, such as 2026-01-31T12:00:00Z"

# By stored type: what makes a value of a text, and what the text should be.
_FORMS: Final[dict[str, tuple[Callable[[str], Any], str]]] = {
    "bool": (lambda text: {"true": True, "false": False}[text.lower()], "true or false"),
    "int": (read_whole, "a whole number"),
    "float": (_read_float, _A_NUMBER),
    "float32": (_read_float, _A_NUMBER),
    "decimal": (read_decimal, "a number, such as 1.5"),
    "string": (str, "text"),
    "date": (read_date, "a date, such as 2026-01-31"),
    "timestamp": (read_naive, _AN_INSTANT),
    "timestamptz": (read_instant, _AN_INSTANT),
    "uuid": (read_uuid, "a UUID, such as 3b241101-e2bb-4255-8caf-4136c566a962"),
}


def read_typed(what: str, text: str, kind: str) -> Any:
    """What a person typed for a key or request column of a stored type, as a read takes it.

    Raises EntityError, which begins with ``what``.
    """
    read, wanted = _FORMS[kind.partition("(")[0]]
    try:
        return read(text)
    except (KeyError, ValueError, OverflowError):
        raise EntityError(f"{what} takes {wanted}, which {text!r} is not") from None
