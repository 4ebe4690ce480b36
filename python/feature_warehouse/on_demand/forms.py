"""Values of features and of requests in the forms that expressions are evaluated in, and back."""

import math
import operator
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any, Final, NamedTuple

from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.errors import EntityError
from feature_warehouse.on_demand.expressions import GREATEST, LEAST, scale_of
from feature_warehouse.util.values_in_text import in_python

__all__ = [
    "FromRequest",
    "from_feature",
    "from_request",
    "stored_type",
    "stored_type_of",
    "to_value",
]

_DAY: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_PRECISION: Final = 60

_STORED: Final = {
    "integer": "int",
    "double": "float",
    "boolean": "bool",
    "text": "string",
    "timestamp": "timestamp",
}

_STORED_FOR_REQUESTS: Final = {
    "double precision": "float",
    "real": "float32",
    "boolean": "bool",
    "text": "string",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
}
"""By the data type's name; all others are whole numbers."""


def stored_type(kind: str) -> str:
    """The name that a type of expressions has among the stored types."""
    return _STORED.get(kind, kind)


def from_feature(kind: str) -> Callable[[Any], Any] | None:
    """What turns a decoded value that is not NULL into the form of its type; None if it is it."""
    if kind == "timestamp":
        return _instant
    if kind.startswith("decimal("):
        scale = scale_of(kind)

        def scaled(value: Any) -> int | None:
            number = Decimal(value)
            return _scaled(number, scale) if number.is_finite() else None

        return scaled
    return None


def to_value(kind: str) -> Callable[[Any], Any] | None:
    """What turns a result that is not NULL into what a reader gets; None if it is it."""
    if kind == "timestamp":
        return lambda value: _EPOCH + timedelta(microseconds=value)
    scale = scale_of(kind)
    return (lambda value: _decimal(value, scale)) if scale else None


def stored_type_of(data_type: str) -> str:
    """The stored type for the values of a request column, given the column's data type."""
    name, digits, rest = data_type.partition("(")
    if name == "numeric":
        return f"decimal{digits}{rest}"
    return _STORED_FOR_REQUESTS.get(name.strip(), "int")


class FromRequest(NamedTuple):
    """How values that requests give for the column ``name`` get the form of its type.

    Those of the types in ``ready`` have it; ``take`` raises EntityError, which names the column.
    """

    name: str
    ready: frozenset[type]
    take: Callable[[Any], Any]


def from_request(name: str, data_type: str) -> FromRequest:
    """That of a column of the label set.

    A form is what the warehouse would hold: a REAL is rounded to 32 bits, but nothing is lost.
    """
    wanted, take = _taker(data_type)

    def taken(value: Any) -> Any:
        try:
            return take(value)
        except (TypeError, ValueError, OverflowError, InvalidOperation):
            raise EntityError(
                f"request column {name!r} takes {wanted}, not {in_python(value)}"
            ) from None

    return FromRequest(name, _READY.get(data_type, frozenset()) | {type(None)}, taken)


def _taker(data_type: str) -> tuple[str, Callable[[Any], Any]]:
    name = data_type.partition("(")[0].strip()
    if name == "numeric":
        digits, scale = map(int, data_type[8:-1].split(","))
        wanted = f"a Decimal or int of at most {digits} digits, {scale} of them after the point"
        return wanted, lambda value: _fixed(value, digits, scale)
    return _TAKERS.get(name) or ("an int of 64 bits", _whole)


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    number = operator.index(value)
    if not LEAST <= number <= GREATEST:
        raise OverflowError
    return number


def _double(value: Any) -> float:
    if isinstance(value, bool | str):
        raise TypeError
    return float(value)


def _real(value: Any) -> float:
    number = _double(value)
    if not math.isfinite(number):
        return number
    rounded: float = struct.unpack("<f", struct.pack("<f", number))[0]
    return rounded


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _fixed(value: Any, digits: int, scale: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError
    given = Decimal(value)
    # A power of ten of a few letters is longer than the memory as a whole number.
    if not given.is_finite() or (given.adjusted() >= digits - scale and given):
        raise ValueError
    number = _scaled(given, scale)
    if abs(number) >= 10**digits or _decimal(number, scale) != value:
        raise ValueError
    return number


def _instant(value: Any) -> int:
    if isinstance(value, datetime):
        return to_microseconds(value)
    return _midnight(value)


def _midnight(value: Any) -> int:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError
    return (value.toordinal() - _EPOCH_DAY) * _DAY


def _naive(value: Any) -> int:
    if not isinstance(value, datetime) or value.tzinfo is not None:
        raise TypeError
    return to_microseconds(value)


def _aware(value: Any) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return to_microseconds(value.astimezone(UTC))


def _scaled(value: Decimal, scale: int) -> int:
    with localcontext(prec=_PRECISION):
        return int(value.scaleb(scale))


def _decimal(value: int, scale: int) -> Decimal:
    with localcontext(prec=_PRECISION):
        return Decimal(value).scaleb(-scale)


_TAKERS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "double precision": ("a float or int", _double),
    "real": ("a float or int", _real),
    "boolean": ("True or False", _boolean),
    "text": ("a str", _text),
    "date": ("a datetime.date", _midnight),
    "timestamp": ("a naive datetime in UTC", _naive),
    "timestamptz": ("an aware datetime", _aware),
}

_READY: Final[dict[str, frozenset[type]]] = {
    "double precision": frozenset((float,)),
    "boolean": frozenset((bool,)),
    "text": frozenset((str,)),
}
"""Types whose form is the value itself; most requests give one of these."""
