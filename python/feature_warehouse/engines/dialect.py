"""What engines say alike, and what each says its own way, in the queries of this package."""

import re
from collections.abc import Callable, Sequence

import msgspec

from feature_warehouse.codec.stored_types import Kind
from feature_warehouse.declarations.model import Column

__all__ = ["Dialect", "bound", "quote"]

_ZONED = re.compile(r"timestamptz|timestamp\b.*with time zone")
TEXT = re.compile(r"(text|varchar|n?char|national|character|string|bpchar)\b[^\[]*")


class Dialect(msgspec.Struct, frozen=True):
    """How one engine says what the others say differently."""

    type_of: str
    """The function that names the type of an expression."""

    sort_keys: Callable[[Column], list[str]]
    """The expressions to sort a column by, so that no two values tie."""

    hashed: Callable[[Sequence[Column]], str]
    """Makes a number of the values of columns: another one of values that readers could tell apart,
    such as 0.0 and -0.0, or an interval of a day and one of 24 hours."""

    stored_as: Callable[[Kind], str]
    """The type of a column that holds values of a kind, as the engine itself writes it."""


def quote(name: str) -> str:
    """An identifier, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def bound(key: Column, parameter: str) -> str:
    """A parameter that is bound as a text, as a value to compare a column with."""
    # A cast to varchar(n) would cut a longer text off, and so make another entity of it.
    text = f"cast({parameter} as text)"
    return text if TEXT.fullmatch(key.data_type) else f"cast({text} as {key.data_type})"


def in_utc(column: Column) -> str:
    """A column of instants, as a timestamp in UTC."""
    if _ZONED.search(column.data_type):
        return f"({quote(column.name)} at time zone 'UTC')"
    return f"cast({quote(column.name)} as timestamp)"


def interval(length: int) -> str:
    """A length of time in microseconds."""
    # Hours and less only: a calendar day is not always 24 hours.
    hours, rest = divmod(length, 3_600_000_000)
    return f"interval '{hours} hours {rest} microseconds'"


def instant(clock: int) -> str:
    """An instant in microseconds since 1970 UTC."""
    seconds, rest = divmod(clock, 1_000_000)
    hours, seconds = divmod(seconds, 3600)
    offset = f"interval '{hours} hours {seconds} seconds {rest} microseconds'"
    return f"(timestamp '1970-01-01' + {offset})"
