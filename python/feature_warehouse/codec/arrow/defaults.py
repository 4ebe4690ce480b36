"""Defaults of features, as YAML has them, in stored form."""

import re
from decimal import Context, Decimal
from typing import Any, Final

import msgspec
import pyarrow as pa

from feature_warehouse.codec.arrow.columns import stored_values
from feature_warehouse.codec.rows import decoder_of
from feature_warehouse.codec.stored_types import Kind, parse_kind
from feature_warehouse.errors import UnservableError, UsageError
from feature_warehouse.util.values_in_text import in_json

__all__ = ["stored_default"]

_LENGTH: Final = re.compile(r"([+-]?\d+) ([a-z]+?)s?")

# Months, days and microseconds of each unit.
_UNITS: Final = {
    "year": (12, 0, 0),
    "month": (1, 0, 0),
    "week": (0, 7, 0),
    "day": (0, 1, 0),
    "hour": (0, 0, 3_600_000_000),
    "minute": (0, 0, 60_000_000),
    "second": (0, 0, 1_000_000),
    "millisecond": (0, 0, 1_000),
    "microsecond": (0, 0, 1),
}

_EXACT: Final = Context(prec=200_000)


def stored_default(name: str, value: Any, kind: pa.DataType, stored: str) -> Any:
    """A default from YAML in stored form; UsageError if it is not a value of the column's type.

    A list stands for a list, a mapping for a struct or a map with text as keys, and text such as
    ``1 day 2 hours`` for an interval.
    """
    try:
        found = _default(value, kind, parse_kind(stored))
        decode = decoder_of(stored)
        if decode is not None and found is not None:
            decode(found)
        # Descriptions are JSON: what does not survive that would reach readers as something else.
        if msgspec.json.decode(msgspec.json.encode(found)) != found:
            raise TypeError
    except (pa.ArrowException, ArithmeticError, TypeError, ValueError, UnservableError):
        raise UsageError(
            f"default {in_json(value)} of {name!r} is not a {stored};"
            " correct it in the column's meta"
        ) from None
    return found


def _default(value: Any, arrow: pa.DataType, kind: Kind) -> Any:
    if value is None:
        return None
    if isinstance(value, bool) != (kind.name == "bool"):
        raise TypeError
    if kind.name == "list":
        return _list(value, arrow, kind)
    if kind.name == "struct":
        if not isinstance(value, dict) or set(value) != set(kind.fields):
            raise TypeError
        return [
            _default(value[field], arrow.field(index).type, kind.parts[index])
            for index, field in enumerate(kind.fields)
        ]
    if kind.name == "map":
        # The manifest is JSON: whatever the keys were in YAML, they have become text.
        if not isinstance(value, dict) or kind.parts[0].name != "string":
            raise TypeError
        return {key: _default(item, arrow.item_type, kind.parts[1]) for key, item in value.items()}
    return _scalar(value, arrow, kind)


def _list(value: Any, arrow: pa.DataType, kind: Kind) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    if pa.types.is_fixed_size_list(arrow) and len(value) != arrow.list_size:
        raise ValueError
    return [_default(item, arrow.value_type, kind.parts[0]) for item in value]


def _scalar(value: Any, arrow: pa.DataType, kind: Kind) -> Any:
    if isinstance(value, list | dict):
        raise TypeError
    if kind.name == "interval":
        return _interval(value)
    if kind.name == "decimal":
        return _decimal(value, kind.digits)
    if kind.name == "bigint":
        if not -(2**127) <= int(str(value)) < 2**128:
            raise ValueError
        return str(value)
    if kind.name == "uuid":
        return str(value)
    if pa.types.is_dictionary(arrow):
        arrow = arrow.value_type
    plain = arrow.storage_type if isinstance(arrow, pa.BaseExtensionType) else arrow
    # Arrow infers no type for integers beyond 64 bits with a sign.
    inferred = pa.uint64() if kind.name == "uint" and isinstance(value, int) else None
    [found] = stored_values("", pa.array([value], inferred).cast(plain), str(kind))
    return found


def _decimal(value: Any, digits: tuple[int, int] | None) -> str:
    number = Decimal(str(value))
    if digits is None:
        return str(number)
    precision, scale = digits
    # What the warehouse would have to round is not a value of the type.
    exact = number.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    if exact != number or len(exact.as_tuple().digits) > max(precision, scale):
        raise ValueError
    return f"{exact:f}"


def _interval(value: Any) -> list[int]:
    """An interval as both warehouses read it: whole numbers, each with its unit."""
    total = [0, 0, 0]
    for length in re.split(r"(?<=[a-z])[ ,]+", str(value).strip().lower()):
        found = _LENGTH.fullmatch(length)
        if found is None or found[2] not in _UNITS:
            raise ValueError
        parts = zip(total, _UNITS[found[2]], strict=True)
        total = [part + int(found[1]) * unit for part, unit in parts]
    return total
