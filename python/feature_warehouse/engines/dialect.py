"""What engines say alike, and what each says its own way, in the queries of this package."""

import re
from collections.abc import Callable, Sequence

import msgspec

from feature_warehouse.codec.stored_types import Kind
from feature_warehouse.declarations.model import Column

__all__ = ["Dialect", "quote"]

_ZONED = re.compile(r"timestamptz|timestamp\b.*with time zone")
TEXT = re.compile(r"(text|varchar|n?char|national|character|string|bpchar)\b[^\[]*")


class Dialect(msgspec.Struct, frozen=True):
    """How one engine says what the others say differently.

    The methods say it as the standard does, and most engines; an engine that does not overrides
    them.
    """

    type_of: str
    """The function that names the type of an expression."""

    sort_keys: Callable[[Column], list[str]]
    """The expressions to sort a column by, so that no two values tie."""

    hashed: Callable[[Sequence[Column]], str]
    """Makes a number of the values of columns: another one of values that readers could tell apart,
    such as 0.0 and -0.0, or an interval of a day and one of 24 hours."""

    compared: Callable[[Column], str]
    """The column as an expression to compare and sort by; a text counts by its bytes."""

    stored_as: Callable[[Kind], str]
    """The type of a column that holds values of a kind, as the engine itself writes it."""

    text: str = "text"
    """The type of texts of any length."""

    double: str = "double precision"
    """The type of floating point numbers of 64 bits."""

    computed_once: str = "materialized "
    """What stands before the parenthesis of a common table expression that is to be a table."""

    parameter: str = "$%d"
    """How a parameter is written, by its number from 1."""

    backslash: str = "\\"
    """A backslash, as it stands in a literal."""

    def quote(self, name: str) -> str:
        """An identifier, whatever it contains."""
        return quote(name)

    def total(self, column: Column) -> str:
        """The sum of a column of numbers; of whole numbers and decimals exactly."""
        return f"sum({self.quote(column.name)})"

    def quantile(self, expression: str, fraction: float) -> str:
        """The least value below or at which a fraction of all values lies; NULL without any."""
        return f"percentile_disc({fraction!r}) within group (order by {expression})"

    def joined(self, *texts: str) -> str:
        """One text of several, and of numbers; NULL is nothing."""
        return f"concat({', '.join(texts)})"

    def bound(self, key: Column, parameter: str) -> str:
        """A parameter that is bound as a text, as a value to compare a column with."""
        # A cast to varchar(n) would cut a longer text off, and so make another entity of it.
        text = f"cast({parameter} as {self.text})"
        return text if TEXT.fullmatch(key.data_type) else f"cast({text} as {key.data_type})"

    def in_utc(self, column: Column) -> str:
        """A column of instants, as a timestamp in UTC."""
        if _ZONED.search(column.data_type):
            return f"({self.quote(column.name)} at time zone 'UTC')"
        return f"cast({self.quote(column.name)} as timestamp)"

    def interval(self, length: int) -> str:
        """A length of time in microseconds."""
        # Hours and less only: a calendar day is not always 24 hours.
        hours, rest = divmod(length, 3_600_000_000)
        return f"interval '{hours} hours {rest} microseconds'"

    def instant(self, clock: int) -> str:
        """An instant in microseconds since 1970 UTC."""
        seconds, rest = divmod(clock, 1_000_000)
        hours, seconds = divmod(seconds, 3600)
        offset = f"interval '{hours} hours {seconds} seconds {rest} microseconds'"
        return f"(timestamp '1970-01-01' + {offset})"


def quote(name: str) -> str:
    """An identifier in double quotes, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'
