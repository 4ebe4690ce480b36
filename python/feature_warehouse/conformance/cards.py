"""What a card says of a training set: counts, the newest row of a view, and the fingerprint."""

import hashlib
import math
import struct
from collections.abc import Iterable, Sequence

from feature_warehouse.conformance.declared import Row, Value, View
from feature_warehouse.conformance.point_in_time import available_at

__all__ = ["fingerprint", "newest_available_at"]

_DAY = 86_400_000_000


def fingerprint(rows: Iterable[Sequence[Value]], kinds: Sequence[str]) -> str:
    """MD5 of the number of rows and of the sums of two parts of their digests, 15 digits each."""
    digests = [
        _md5("|".join(_text(value, kind) for value, kind in zip(row, kinds, strict=True)))
        for row in rows
    ]
    sums = [sum(int(digest[start : start + 15], 16) for digest in digests) for start in (0, 15)]
    return _md5(f"{len(digests)} {sums[0]} {sums[1]}")


def newest_available_at(view: View, rows: Iterable[Row], newest_label: int | None) -> int | None:
    """When the newest row became available that any label could have seen."""
    known = [
        at
        for row in rows
        if all(row[column.name] is not None for column in view.keys)
        and (at := available_at(view, row)) is not None
        and newest_label is not None
        and at <= newest_label
    ]
    return max(known, default=None)


def _text(value: Value, kind: str) -> str:
    """A text after its length, doubles by their bits, instants in microseconds, dates in days."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return f"{len(value)}:{value}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else str(struct.unpack("<q", struct.pack("<d", value))[0])
    if kind == "date":
        return str(int(value) // _DAY)
    return str(value)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
