"""Sort keys of columns, which tell all values of a type apart.

Sorting by a value is not enough: -0.0 and 0.0, a month and 30 days, 1.0 and 1.00 sort alike and are
not the same. These are the keys that the macro ``_sort_keys`` writes; a differential test holds the
two together.
"""

import re

from feature_warehouse.declarations.model import Column
from feature_warehouse.engines.dialect import quote

__all__ = ["compared", "on_duckdb", "on_postgres"]

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
_FLOAT = re.compile(r"double|double precision|real|float[48]?")
_NUMBERS = {"numeric", "decimal", "dec"}
_DOCUMENTS = {"json", "jsonb", "xml", "variant"}
_WITHOUT_ORDER = {
    *("json", "jsonb", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"),
}


def compared(column: Column) -> str:
    """The column as an expression to compare and sort by; a text counts by its bytes."""
    scalar, is_list = _scalar(column)
    return quote(column.name) if is_list else _bytewise(quote(column.name), scalar)


def on_duckdb(column: Column) -> list[str]:
    """The expressions to sort by; downwards the greatest value is first."""
    name = quote(column.name)
    if (shared := _shared(column)) is not None:
        return shared
    scalar, is_list = _scalar(column)
    if _FLOAT.fullmatch(scalar) and not is_list:
        return [name, f"not signbit({name})"]
    if scalar in _NUMBERS and not is_list:
        return [name]
    return [name if is_list else _bytewise(name, scalar), f'cast({name} as text) collate "C"']


def on_postgres(column: Column) -> list[str]:
    """The expressions to sort by; downwards the greatest value is first."""
    name = quote(column.name)
    if (shared := _shared(column)) is not None:
        return shared
    scalar, is_list = _scalar(column)
    if _FLOAT.fullmatch(scalar):
        if is_list:
            return [name, f'case when 0 = any({name}) then cast({name} as text) end collate "C"']
        return [name, f"({name} <> 0 or cast({name} as text) = '0')"]
    if scalar in _NUMBERS and not is_list:
        return [name, f"scale({name})"]
    sent = f"record_send(row({name}))"
    if scalar in _WITHOUT_ORDER:
        return [sent]
    return [_bytewise(name, scalar, is_list=is_list), sent]


def _shared(column: Column) -> list[str] | None:
    """The keys that both warehouses take, None where each has its own."""
    name = quote(column.name)
    words = _words(column)
    scalar, is_list = _scalar(column)
    if is_list:
        return None
    if _TEXT.fullmatch(scalar) and words != "bpchar":
        return [_bytewise(name, scalar)]
    if scalar in _DOCUMENTS:
        return [f'cast({name} as text) collate "C"']
    if scalar == "interval":
        return [name, *(f"extract({part} from {name})" for part in ("year", "month", "day"))]
    if _PLAIN.fullmatch(scalar) or _EXACT.fullmatch(words):
        return [name]
    return None


def _bytewise(name: str, scalar: str, *, is_list: bool = False) -> str:
    if not _TEXT.fullmatch(scalar):
        return name
    text = f"cast({name} as text{'[]' * is_list})" if scalar == "citext" else name
    return f'{text} collate "C"'


def _words(column: Column) -> str:
    return " ".join(column.data_type.lower().split())


def _scalar(column: Column) -> tuple[str, bool]:
    """The type, or that of an array's elements, without its size; whether it is an array."""
    bare = _DIGITS.sub("", _words(column))
    scalar = _DIMENSIONS.sub("", bare)
    return scalar, scalar != bare
