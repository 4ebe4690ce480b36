"""Names, keys and instants as SQL that all engines share."""

import re
from typing import TYPE_CHECKING

from feature_warehouse.declarations.model import Column

if TYPE_CHECKING:
    pass

__all__ = ["bound", "quote"]

_ZONED = re.compile(r"timestamptz|timestamp\b.*with time zone")
TEXT = re.compile(r"(text|varchar|n?char|national|character|string|bpchar)\b[^\[]*")


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
