"""Values in JSON: what a response has for each stored type, and what a request gives.

    whole numbers           a number up to 2**53 - 1 and down to its negative, beyond them text:
                            JavaScript and many others would round them
    floating point          a number; "NaN", "Infinity" and "-Infinity" are text
    decimal                 text, with all its digits; of scale 0 it is a whole number
    boolean, text           as they are
    binary                  text in base64
    date, time, uuid        text, as ISO 8601 and RFC 9562 have it
    timestamp, timestamptz  text in UTC, with ``Z``; in a request any offset, and none is UTC
    interval                an object of months, days and microseconds
    list                    an array
    struct                  an object; so is a map whose keys are text
    other maps              an array of pairs, each an array of key and value

Requests give join keys and request columns likewise; a whole number or decimal may be either a
number or text. Dates and times have their hyphens and colons, and at most six digits of a second
that are not zero. A uuid has its four hyphens, and neither braces nor ``urn:uuid:``.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from feature_warehouse.codec.stored_types import Kind, parse_kind
from feature_warehouse.codec.texts import (
    read_date,
    read_decimal,
    read_instant,
    read_naive,
    read_uuid,
    read_whole,
)
from feature_warehouse.errors import EntityError
from feature_warehouse.on_demand.forms import stored_type_of

__all__ = [
    "MOST",
    "Reader",
    "key_readers",
    "request_readers",
    "writer_of",
]

MOST: Final = 2**53 - 1
"""The greatest whole number that is one in JSON."""

_SHOWN: Final = 60

_FLOATS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

Write = Callable[[Any], Any]
Reader = tuple[str, type, Callable[[Any], Any]]
"""A column's name, the type that needs nothing done, and what makes a value of all others."""


def writer_of(kind: str) -> Write | None:
    """What turns a value that is not NULL into one that JSON has; None: all of them already are."""
    return _writer(parse_kind(kind))


def _writer(kind: Kind) -> Write | None:
    if kind.whole:
        return _whole
    if kind.name == "list":
        return _list_writer(kind.parts[0])
    if kind.name == "struct":
        return _struct_writer(kind)
    if kind.name == "map":
        return _map_writer(*kind.parts)
    return _WRITERS.get(kind.name)


def _whole(value: int) -> int | str:
    return value if -MOST <= value <= MOST else str(value)


def _float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


_WRITERS: Final[dict[str, Write]] = {
    "float": _float,
    "float32": _float,
    "decimal": lambda value: format(value, "f"),
    "timestamp": _utc,
    "interval": lambda value: value._asdict(),
}


def _nullable(kind: Kind) -> Write | None:
    write = _writer(kind)
    return None if write is None else lambda value: None if value is None else write(value)


def _list_writer(element: Kind) -> Write | None:
    write = _nullable(element)
    return None if write is None else lambda values: [write(value) for value in values]


def _struct_writer(kind: Kind) -> Write | None:
    parts = zip(kind.fields, kind.parts, strict=True)
    writers = {name: write for name, part in parts if (write := _nullable(part))}
    if not writers:
        return None

    def written(value: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: writers[name](part) if name in writers else part for name, part in value.items()
        }

    return written


def _map_writer(key: Kind, value: Kind) -> Write | None:
    of_key, of_value = _writer(key) or _same, _nullable(value) or _same
    if key.name == "string":
        return lambda found: {name: of_value(one) for name, one in found.items()}
    return lambda found: [[of_key(name), of_value(one)] for name, one in found.items()]


def _same(value: Any) -> Any:
    return value


def key_readers(types: Mapping[str, str]) -> list[Reader]:
    """Of a service's or view's entity keys, given their types."""
    return [(name, *_reader(f"entity key {name!r}", kind)) for name, kind in types.items()]


def request_readers(types: Mapping[str, str]) -> list[Reader]:
    """Of a service's request columns, given their types."""
    found: list[Reader] = []
    for name, data_type in types.items():
        form = parse_kind(stored_type_of(data_type)).name
        found.append((name, *_reader(f"request column {name!r}", form)))
    return found


def _reader(what: str, form: str) -> tuple[type, Callable[[Any], Any]]:
    ready, read, wanted = _FORMS[form]

    def checked(value: Any) -> Any:
        try:
            return read(value)
        except (TypeError, ValueError, OverflowError):
            raise EntityError(f"{what} takes {wanted}, not {_shown(value)}") from None

    return ready, checked


def _shown(value: Any) -> str:
    """A value of a request as a message shows it: in JSON's words, not too long."""
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    text = str(value) if isinstance(value, Decimal) else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _float_of(value: Any) -> float:
    if isinstance(value, str):
        return _FLOATS[value] if value in _FLOATS else _none()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    number = float(value)
    return number if math.isfinite(number) else _none()


def _decimal_of(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError
    return read_decimal(str(value))


def _none(_: Any = None) -> Any:
    raise ValueError


_FORMS: Final[dict[str, tuple[type, Callable[[Any], Any], str]]] = {
    "int": (int, read_whole, "a whole number, or its digits as text"),
    "float": (float, _float_of, 'a number, "NaN", "Infinity" or "-Infinity"'),
    "float32": (float, _float_of, 'a number, "NaN", "Infinity" or "-Infinity"'),
    # None is ready: one from a number in JSON may be too large, too.
    "decimal": (object, _decimal_of, "a number, or its digits as text"),
    "bool": (bool, _none, "true or false"),
    "string": (str, _none, "text"),
    "date": (date, read_date, 'a date as text, such as "2026-01-31"'),
    "timestamp": (datetime, read_naive, 'an instant as text, such as "2026-01-31T12:00:00Z"'),
    "timestamptz": (datetime, read_instant, 'an instant as text, such as "2026-01-31T12:00:00Z"'),
    "uuid": (UUID, read_uuid, 'a UUID as text, such as "3b241101-e2bb-4255-8caf-4136c566a962"'),
}
