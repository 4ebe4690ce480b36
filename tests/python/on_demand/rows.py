"""Random rows, with extremes, of a column of each type."""

import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

__all__ = ["COLUMNS", "rows"]

FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)

COLUMNS = {
    "big": "bigint",
    "small": "smallint",
    "whole": "integer",
    "ratio": "double precision",
    "single": "real",
    "price": "decimal(10,2)",
    "exact": "decimal(18,4)",
    "wide": "decimal(38,10)",
    "word": "text",
    "flag": "boolean",
    "seen": "timestamp",
    "zoned": "timestamptz",
    "day": "date",
}
"""Each is there twice: as a column of the label set and, with `f_` before it, as a feature."""


def rows(seed: int, count: int) -> list[dict[str, Any]]:
    """Values as the warehouse holds them, and extremes; ``request_time`` is the label's time."""
    rng = random.Random(seed)
    return [
        {
            **{
                f"{prefix}{name}": None if rng.random() < 0.15 else value_of(rng, name)
                for prefix in ("", "f_")
                for name in COLUMNS
            },
            "request_time": instant(rng, calm=True),
        }
        for _ in range(count)
    ]


def value_of(rng: random.Random, name: str) -> Any:
    bits = {"small": 15, "whole": 31, "big": 63}
    if name in bits:
        most = 2 ** bits[name]
        return rng.choice([0, 1, -1, 2, 7, most - 1, -most, rng.randrange(-most, most)])
    if name == "ratio":
        extremes = [
            0.0,
            -0.0,
            *[math.nan] * 5,
            math.inf,
            -math.inf,
            5e-324,
            -1.7e308,
            1e150,
            1.1e150,
        ]
        extremes += [1e-150, 0.9e-150, 0.5, -2.5, 3.0, 1 / 3]
        return rng.choice([rng.choice(extremes), rng.gauss(0, 100)])
    if name == "single":
        specials = [0.0, -0.0, *[math.nan] * 4, math.inf, 2.0**-149]
        return rng.choice([*specials, 0.5, 0.25, -3.0, float(2**24)])
    if name == "price":
        return Decimal(rng.choice([0, 1, -1, 10**10 - 1, rng.randrange(-(10**5), 10**5)])) / 100
    if name in ("exact", "wide"):
        digits, scale = {"exact": (18, 4), "wide": (38, 10)}[name]
        most = 10**digits
        number = rng.choice([0, 1, most - 1, 1 - most, rng.randrange(-most, most), 12_500_000])
        with localcontext(prec=60):
            return Decimal(number).scaleb(-scale)
    if name == "word":
        return rng.choice(["", "a", "A", "b", "it's", "ß", "ss", "b  c"])
    if name == "flag":
        return rng.random() < 0.5
    when = instant(rng)
    return when.replace(hour=0, minute=0, second=0, microsecond=0) if name == "day" else when


def instant(rng: random.Random, calm: bool = False) -> datetime:
    extremes = [FIRST, LAST, datetime(1970, 1, 1), datetime(2024, 2, 29, 23, 59, 59, 999_999)]
    if not calm and rng.random() < 0.3:
        return rng.choice(extremes)
    start = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    return start + timedelta(microseconds=rng.randrange(-(10**15), 10**15))
