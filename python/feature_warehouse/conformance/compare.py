"""What a warehouse gave beside what the rules say, case by case."""

import json
import math
import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

import msgspec

from feature_warehouse.conformance.declared import Column
from feature_warehouse.conformance.expected import Cell, Check, Near

__all__ = ["CARD_COLUMNS", "Difference", "card_rows", "compare", "shown", "value_of"]

PRECISION: Final = 1e-12
"""By which a sum of doubles may differ, as a share of the size of its terms."""

CARD_COLUMNS: Final = (Column("card", "text"),)
_DAY: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Rows = Sequence[Sequence[Cell]]
Shown = list[dict[str, str]]


class Difference(msgspec.Struct, frozen=True):
    """The smallest case that differs: rows that are missing, and rows that should not be there."""

    case: int | None
    cases: int
    missing: Shown
    unexpected: Shown


def compare(check: Check, found: Rows, sizes: Mapping[Any, int]) -> Difference | None:
    """None if they agree. ``sizes`` has the number of rows of each case, by which one is small."""
    wanted, got = _by_case(check, check.rows), _by_case(check, found)
    differing: list[tuple[int, Any, Rows, Rows]] = []
    for case in wanted.keys() | got.keys():
        missing, unexpected = _unmatched(check, wanted[case], got[case])
        if missing or unexpected:
            differing.append((sizes.get(case, 0), case, missing, unexpected))
    if not differing:
        return None
    _, case, missing, unexpected = min(differing, key=lambda one: (one[0], str(one[1])))
    named = [[_named(check.columns, row) for row in rows] for rows in (missing, unexpected)]
    told = {column.name for column in check.columns[: check.leading]}
    told |= {column.name for column in check.columns if _tells(column.name, *named)}
    short = [[{name: row[name] for name in row if name in told} for row in rows] for rows in named]
    return Difference(case if isinstance(case, int) else None, len(differing), *short)


def value_of(text: str | None, kind: str) -> Cell:
    """The value that a text of the package's macro stands for; the text itself if it is none."""
    if text is None or kind == "text":
        return text
    try:
        if kind in ("double", "near"):
            return _double(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text.lower()]
        if kind == "date":
            return int(text) * _DAY
        number = Fraction(Decimal(text))
    except (KeyError, ValueError, InvalidOperation, OverflowError):
        return text
    return int(number) if number.denominator == 1 else number


def card_rows(texts: Sequence[Sequence[str | None]]) -> Rows:
    """A card's document as rows of a name and a value."""
    try:
        [[text]] = texts
        card = json.loads(text or "")
        rows: list[tuple[str, Any]] = [
            (name, card[name]) for name in ("row_count", "label_count", "content_fingerprint")
        ]
        rows += [(f"nulls of {one['name']}", one["null_count"]) for one in card["columns"]]
        for one in card["views"]:
            at = one["newest_available_at"]
            rows.append((f"newest of {one['view']}", None if at is None else _microseconds(at)))
    except (ValueError, KeyError, TypeError) as error:
        return [["card", f"cannot be read: {error}"]]
    return [[name, None if value is None else str(value)] for name, value in rows]


def shown(value: Any, kind: str) -> str:
    """A value as a person reads it."""
    if isinstance(value, Near):
        value = value.value
    if value is None:
        return "NULL"
    if kind in ("timestamp", "date", "zoned") and isinstance(value, int):
        try:
            instant = _EPOCH + timedelta(microseconds=value)
        except OverflowError:
            return str(value)
        return f"{instant:%Y-%m-%d}" if kind == "date" else f"{instant:%Y-%m-%d %H:%M:%S.%f}"
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else str(float(value))
    return repr(value) if isinstance(value, str | float) else str(value)


def _by_case(check: Check, rows: Rows) -> defaultdict[Any, list[Sequence[Cell]]]:
    place = check.case_column
    found: defaultdict[Any, list[Sequence[Cell]]] = defaultdict(list)
    for row in rows:
        found[None if place is None else row[place]].append(row)
    return found


def _unmatched(check: Check, wanted: Rows, got: Rows) -> tuple[Rows, Rows]:
    """The rows of each side that the other has not, counting equal ones."""
    near = [place for place, column in enumerate(check.columns) if column.kind == "near"]
    exact = [place for place in range(len(check.columns)) if place not in near]
    left: defaultdict[Any, list[Sequence[Cell]]] = defaultdict(list)
    for row in got:
        left[tuple(_identity(row[place]) for place in exact)].append(row)
    missing = []
    for row in wanted:
        candidates = left[tuple(_identity(row[place]) for place in exact)]
        for number, other in enumerate(candidates):
            if all(_is_near(row[place], other[place]) for place in near):
                del candidates[number]
                break
        else:
            missing.append(row)
    return missing, [row for rows in left.values() for row in rows]


def _identity(value: Cell) -> Any:
    """What makes two values one: type, and for doubles the sign of zero."""
    if isinstance(value, bool | str) or value is None:
        return (type(value), value)
    if isinstance(value, float):
        return (float, "NaN") if math.isnan(value) else (float, value, math.copysign(1, value))
    assert not isinstance(value, Near)
    return (Fraction, Fraction(value))


def _is_near(wanted: Cell, got: Cell) -> bool:
    assert isinstance(wanted, Near)
    if wanted.value is None or got is None:
        return wanted.value is got
    if not isinstance(got, float) or not isinstance(wanted.value, float):
        return False
    return abs(got - wanted.value) <= PRECISION * max(wanted.size, abs(wanted.value))


def _named(columns: Iterable[Column], row: Sequence[Cell]) -> dict[str, str]:
    return {
        column.name: shown(value, column.kind) for column, value in zip(columns, row, strict=True)
    }


def _tells(name: str, missing: Shown, unexpected: Shown) -> bool:
    """Whether a column has other values in the rows of one side."""
    one, other = (sorted(row[name] for row in rows) for rows in (missing, unexpected))
    return one != other


def _double(text: str) -> float:
    if text == "NaN":
        return math.nan
    found: float = struct.unpack("<d", struct.pack("<q", int(text)))[0]
    return found


def _microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
