"""Join key values as text: unambiguous, and readable in redis-cli.

Values are joined by commas; ``%``, ``,``, ``{`` and ``}`` within a value are percent-encoded, so
that ("1", "23") and ("12", "3") differ.
"""

import operator
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from feature_warehouse.codec.texts import read_uuid
from feature_warehouse.errors import EntityError
from feature_warehouse.util.values_in_text import in_python

__all__ = ["ESCAPES", "KEY_TYPES", "join_texts", "key_text", "split_texts"]

ESCAPES: Final = (("%", "%25"), (",", "%2C"), ("{", "%7B"), ("}", "%7D"))
_TABLE: Final = str.maketrans(dict(ESCAPES))


def join_texts(texts: Iterable[str]) -> str:
    """What stands between the braces of a row key."""
    return ",".join([text.translate(_TABLE) for text in texts])


def split_texts(text: str, count: int) -> list[str]:
    """The texts of so many values that ``join_texts`` has joined."""
    texts = text.split(",") if count else []
    if "%" in text:
        for character, escape in reversed(ESCAPES):
            texts = [one.replace(escape, character) for one in texts]
    return texts


def _int(value: Any) -> str:
    if isinstance(value, bool):
        raise TypeError
    return str(operator.index(value))


def _bool(value: Any) -> str:
    if not isinstance(value, bool):
        raise TypeError
    return "true" if value else "false"


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _date(value: Any) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError
    return value.isoformat()


def _timestamp(value: Any) -> str:
    if not isinstance(value, datetime) or value.tzinfo is not None:
        raise TypeError
    return value.isoformat(" ", "microseconds")


def _timestamptz(value: Any) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds") + "Z"


def _uuid(value: Any) -> str:
    return str(value if isinstance(value, UUID) else read_uuid(value))


# Per type: the text of a value, what to pass in Python.
_FORMS: Final[dict[str, tuple[Callable[[Any], str], str]]] = {
    "bool": (_bool, "True or False"),
    "int": (_int, "an int"),
    "string": (_string, "a str"),
    "date": (_date, "a datetime.date"),
    "timestamp": (_timestamp, "a naive datetime in UTC"),
    "timestamptz": (_timestamptz, "an aware datetime"),
    "uuid": (_uuid, "a UUID or its text, such as 3b241101-e2bb-4255-8caf-4136c566a962"),
}

KEY_TYPES: Final = frozenset(_FORMS)


def key_text(name: str, value: Any, key_type: str) -> str:
    """The text of one join key value; EntityError names the key if the value is of another type."""
    text, wanted = _FORMS[key_type]
    try:
        return text(value)
    except (TypeError, ValueError):
        raise EntityError(f"entity key {name!r} takes {wanted}, not {in_python(value)}") from None
