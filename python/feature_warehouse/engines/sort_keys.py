"""Sort keys of columns, which tell all values of a type apart.

Sorting by a value is not enough: -0.0 and 0.0, a month and 30 days, 1.0 and 1.00 sort alike and are
not the same. These are the keys that the macro ``_sort_keys`` writes; `tests/python` compares what
the two choose. See ``queries.newest_rows_query`` for the order as a whole.
"""

import re

from feature_warehouse.declarations.model import Column
from feature_warehouse.engines.dialect import quote

__all__ = ["FLOAT", "NUMBERS", "bytewise", "compared", "scalar_of", "shared_keys"]

_DIGITS = re.compile(r" ?\([^()]*\)")
_DIMENSIONS = re.compile(r"( ?\[\d*\]| array)+$")
_TEXT = re.compile(
    r"text|string|n?varchar|character varying|n?char|character|bpchar|citext|national .*"
)
_PLAIN = re.compile(
    r"u?(tiny|small|big|huge)?int(eger)?|u?int(1|2|4|8|16|32|64|128)|short|long|signed"
    r"|bool(ean)?|logical|date|datetime|time(tz)?|time with(out)? time zone|timestamp.*|uuid"
    r"|bytea|blob|varbinary"
)
_EXACT = re.compile(r"(numeric|decimal|dec) ?\(.*\)")
FLOAT = re.compile(r"double|double precision|real|float[48]?")
NUMBERS = {"numeric", "decimal", "dec"}
_DOCUMENTS = {"json", "jsonb", "xml", "variant"}


def compared(column: Column) -> str:
    """The column as an expression to compare and sort by; a text counts by its bytes."""
    scalar, is_list = scalar_of(column)
    return quote(column.name) if is_list else bytewise(quote(column.name), scalar)


def shared_keys(column: Column) -> list[str] | None:
    """The keys that all engines take, None where each has its own."""
    name = quote(column.name)
    words = _words(column)
    scalar, is_list = scalar_of(column)
    if is_list:
        return None
    if _TEXT.fullmatch(scalar) and words != "bpchar":
        return [bytewise(name, scalar)]
    if scalar in _DOCUMENTS:
        return [f'cast({name} as text) collate "C"']
    if scalar == "interval":
        return [name, *(f"extract({part} from {name})" for part in ("year", "month", "day"))]
    if _PLAIN.fullmatch(scalar) or _EXACT.fullmatch(words):
        return [name]
    return None


def bytewise(name: str, scalar: str, *, is_list: bool = False) -> str:
    """A text, or an array of texts, as it is compared by its bytes; anything else as it is."""
    if not _TEXT.fullmatch(scalar):
        return name
    text = f"cast({name} as text{'[]' * is_list})" if scalar == "citext" else name
    return f'{text} collate "C"'


def _words(column: Column) -> str:
    return " ".join(column.data_type.lower().split())


def scalar_of(column: Column) -> tuple[str, bool]:
    """The type, or that of an array's elements, without its size; whether it is an array."""
    bare = _DIGITS.sub("", _words(column))
    scalar = _DIMENSIONS.sub("", bare)
    return scalar, scalar != bare
