"""Extreme values of every type of each engine, and what aggregates of them have to be.

Nothing here knows the package under test: sums, means and deviations are fractions, all else is the
engine's plain aggregate, asked for one window at a time.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from harness.engines import ENGINES

HOUR = 3_600_000_000
WINDOW = 2 * HOUR
DELAY = HOUR // 2
TOLERANCE = Fraction(1, 10**12)
LARGEST = float.fromhex("0x1.fffffffffffffp1023")

DOUBLES = (
    "0.1",
    "NaN",
    "1e200",
    "1.7e308",
    "-Infinity",
    "-1.7e308",
    "5e-324",
    "-0.0",
    "3e-170",
    "1e-170",
)
DECIMALS = {"4,2": "99.99", "9,4": "99999.9999", "18,3": "9" * 15 + ".999", "28,2": "9" * 26 + ".9"}

WHOLE = {
    "tinyint": ("127", "-128", "0", "3"),
    "smallint": ("32767", "-32768", "0", "5"),
    "integer": (str(2**31 - 1), str(-(2**31)), "0", "7"),
    "bigint": (str(2**63 - 1), str(-(2**63)), "0", str(2**53 + 1)),
    "utinyint": ("255", "0", "3"),
    "usmallint": ("65535", "0", "5"),
    "uinteger": (str(2**32 - 1), "0", "7"),
    "ubigint": (str(2**64 - 1), "0", "9"),
}
HUGE = {
    "hugeint": (str(2**127 - 1), str(-(2**127)), "5"),
    "uhugeint": (str(2**128 - 1), "0", "5"),
    "decimal(38,0)": ("9" * 38, "-" + "9" * 38, "1"),
}
OTHERS = {
    "boolean": ("true", "false"),
    "text": ("", "é", "a", "B", "a:b", "NaN"),
    "date": ("0001-01-01", "infinity", "-infinity", "2026-01-01"),
    "timestamp": ("1969-12-31 23:59:59.999999", "infinity", "2026-01-01 00:00:00"),
    "timestamptz": ("1969-12-31 23:59:59.999999+00", "-infinity", "2026-01-01 00:00:00+00"),
    "interval": ("1 month", "30 days", "-3 hours", "1 year"),
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "time": ("00:00:00", "23:59:59.999999"),
}
JSON = ('{"a": 1}', "[null]", "2")


def types(engine: str) -> dict[str, tuple[str, ...]]:
    """The types of an engine with values of them, as texts."""
    decimals = {
        f"decimal({digits})": (value, "-" + value, "0", "0.01")
        for digits, value in DECIMALS.items()
    }
    doubles = {"real": ("0.1", "NaN", "3.4e38", "-Infinity", "-0.0", "1e-45"), "double": DOUBLES}
    if engine == "duckdb":
        return (
            WHOLE | HUGE | decimals | doubles | OTHERS | {"blob": ("\\x00", "a")} | {"json": JSON}
        )
    no_nan = ("smallint", "integer", "bigint")
    return (
        {name: WHOLE[name] for name in no_nan}
        | {name: (*values, "NaN") for name, values in decimals.items()}
        | {"numeric": ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "6", "3")}
        | {"decimal(38,0)": HUGE["decimal(38,0)"]}
        | {"real": doubles["real"], "double precision": DOUBLES}
        | OTHERS
        | {"bytea": ("\\x00", "a"), "json": JSON, "jsonb": JSON}
    )


def is_number(type_: str) -> bool:
    return type_ in WHOLE or type_ in HUGE or type_.startswith(("decimal", "real", "double", "num"))


def functions(engine: str, type_: str) -> tuple[str, ...]:
    """What there is for a type; the rest is refused when declared."""
    if type_ == "json" and engine == "postgres":
        return ("count",)
    found = ["count", "count_distinct", "first", "last"]
    if engine == "duckdb" or type_ not in ("boolean", "uuid", "jsonb"):
        found += ["min", "max"]
    if is_number(type_):
        found += ["avg", "stddev"] + (["sum"] if type_ not in HUGE else [])
    return tuple(found)


@dataclass(frozen=True)
class Case:
    """A view over a table with a column for each type: with late events or without."""

    engine: str
    late: bool

    @property
    def name(self) -> str:
        return f"extreme_{self.engine}{'_late' if self.late else ''}"

    @property
    def columns(self) -> dict[str, str]:
        return {f"c{number}": type_ for number, type_ in enumerate(types(self.engine))}

    @property
    def features(self) -> list[tuple[str, str, str]]:
        """Function, column and type; late ones differ in how numbers of doubles are made."""
        return [
            (function, column, type_)
            for column, type_ in self.columns.items()
            if not self.late or type_.startswith(("double", "numeric", "real", "uint"))
            for function in functions(self.engine, type_)
        ]

    @property
    def sql(self) -> str:
        aggregates = [{function: column} for function, column, _ in self.features]
        created = "created_timestamp='loaded', " if self.late else ""
        return (
            "{{ config(materialized='view', enabled=target.type == '" + self.engine + "') }}\n"
            "{{ feature_warehouse.window_features(events=ref('extremes_" + self.engine + "'), "
            f"join_keys=['k'], event_timestamp='ts', {created}aggregates={aggregates!r},"
            " windows=['2 hours', 'all time']) }}\n"
        )


CASES = tuple(Case(engine, late) for engine in ENGINES for late in (False, True))


def rows(engine: str, steps: range) -> Iterator[tuple[int, int, dict[str, str | None]]]:
    """Key, instant and values: every value of a type beside others, in the window and after it."""
    table = types(engine)
    longest = max(len(values) for values in table.values())
    for step in steps:
        for first in range(longest):
            key = step * 100 + first
            for number, shift in enumerate((0, step, 2 * step + 1)):
                values: dict[str, str | None] = {
                    f"c{column}": one[(first + shift) % len(one)] if shift != 3 else None
                    for column, one in enumerate(table.values())
                }
                yield key, number * HOUR + (number == 2) * 2 * HOUR, values


def of_numbers(function: str, type_: str, texts: list[str], engine: str) -> Any:
    """A sum, a mean or a deviation; a fraction where it is finite, else a double."""

    def read(text: str) -> Any:
        if type_ == "real":
            return struct.unpack("f", struct.pack("f", float(text)))[0]
        return float(text) if type_.startswith("double") else Decimal(text)

    values = [read(text) for text in texts]
    if not values or (function == "stddev" and len(values) == 1):
        return None
    exact = [Fraction(one) for one in values if is_finite(str(one))]
    total = sum(exact, Fraction(0))
    # DuckDB's own sum of doubles that is too large is infinite, and so is the mean made of it.
    overflows = engine == "duckdb" and type_.startswith("double") and abs(total) > LARGEST
    infinite = math.inf if total > 0 else -math.inf
    odd = {float(one) for one in values if not is_finite(str(one))}
    if odd:
        odd |= {infinite} if overflows else set()
        return odd.pop() if len(odd) == 1 and function != "stddev" else math.nan
    mean = total / len(exact)
    if function == "sum":
        return total
    if function == "avg":
        return infinite if overflows else mean
    squares = sum(((one - mean) ** 2 for one in exact), Fraction(0)) / (len(exact) - 1)
    return root(squares)


def root(square: Fraction) -> Fraction:
    """Of a fraction, to 30 digits, however large or small."""
    if not square:
        return Fraction(0)
    shift = 4**2300
    return Fraction(math.isqrt(int(square * shift * shift)), shift)


def alike(wanted: Any, got: Any, size: Fraction, type_: str, function: str) -> bool:
    """Whether a number is the right one, exactly or as close as doubles are."""
    if wanted is None or got is None:
        return wanted is got
    if isinstance(wanted, float):
        got = float(got)
        return bool(got == wanted or (math.isnan(got) and math.isnan(wanted)))
    is_double = function != "sum" or type_.startswith(("double", "real"))
    if is_double and abs(wanted) > LARGEST:
        return bool(math.isinf(got)) and (got > 0) == (wanted > 0)
    if not is_finite(str(got)):
        return False
    error = abs(Fraction(got) - Fraction(wanted))
    return (
        error <= max(size, abs(wanted)) * TOLERANCE + Fraction(5e-324) if is_double else not error
    )


def is_finite(text: str) -> bool:
    """Not of a double, which is narrower than the decimals."""
    return text.lower().lstrip("-") not in ("nan", "infinity", "inf")
