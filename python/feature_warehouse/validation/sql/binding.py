"""Values of columns between SQL, Great Expectations and messages.

Numbers leave the warehouse as texts: the one form in which PostgreSQL's driver and DuckDB's deliver
every integer and decimal exactly.
"""

import re
from decimal import Decimal
from typing import Any, Final

from feature_warehouse.declarations.model import Column
from feature_warehouse.engines.dialect import Dialect

__all__ = ["MASK", "Binder", "is_number", "number", "shown"]

MASK: Final = "***"
_LONGEST: Final = 60
_DIGITS: Final = 38
_INTEGER: Final = re.compile(
    r"u?(tiny|small|big|huge)?int|u?integer|int[1248]|(small|big)?serial|long|short"
)
_DECIMAL: Final = re.compile(r"(numeric|decimal|dec)\s*(\(.*\))?")
_FLOAT: Final = re.compile(r"double|double precision|real|float[48]?")


class Binder:
    """Collects the values of one query, which are bound as texts."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.values: list[str] = []

    def text(self, value: str) -> str:
        """A text."""
        return f"cast({self._parameter(value)} as {self.dialect.text})"

    def value(self, column: Column, value: Any) -> str:
        """A value to compare a column with: exactly, so 0.5 is not an integer and 0.1 no double."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        kind = column.data_type
        if _INTEGER.fullmatch(kind) or _DECIMAL.fullmatch(kind):
            exact = Decimal(text)
            exponent = exact.as_tuple().exponent
            scale = max(0, -exponent) if isinstance(exponent, int) else 0
            kind, text = f"decimal({_DIGITS},{scale})", f"{exact:f}"
        return self.dialect.bound(Column(column.name, kind), self._parameter(text))

    def _parameter(self, text: str) -> str:
        self.values.append(text)
        return self.dialect.parameter % len(self.values)


def is_number(column: Column) -> bool:
    """Whether sums and means of it exist."""
    kind = column.data_type
    return any(known.fullmatch(kind) for known in (_INTEGER, _DECIMAL, _FLOAT))


def number(text: str) -> int | float:
    """A number that the warehouse wrote as a text; a decimal is the nearest double."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def shown(value: Any) -> str:
    """A value in a message."""
    if value is None:
        return "NULL"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
