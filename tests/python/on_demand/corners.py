"""Expressions that random ones seldom are."""

from operator import itemgetter

from on_demand.generate import Made
from on_demand.oracle import all_of, any_of, arithmetic, best, compare, differs, strict

__all__ = ["corners"]


def corners() -> list[Made]:
    """What random expressions seldom are: two doubles, among them extremes, NaN and NaN."""
    found: list[Made] = []
    for one, other in (("ratio", "f_ratio"), ("single", "f_single"), ("f_single", "ratio")):
        found += [comparison(sign, one, other) for sign in ("=", "<>", "<", "<=", ">", ">=")]
        found += [extreme(name, one, other) for name in ("least", "greatest")]
        found += [of_doubles(sign, one, other) for sign in "+-*/"]
        found.append(distinction(one, other))
    return found + PRECEDENCE


def comparison(sign: str, one: str, other: str) -> Made:
    value = strict(lambda a, b: compare(sign, a, b), itemgetter(one), itemgetter(other))
    return Made(f"{one} {sign} {other}", "boolean", value)


def of_doubles(sign: str, one: str, other: str) -> Made:
    value = strict(
        lambda a, b: arithmetic(sign, "double", a, b), itemgetter(one), itemgetter(other)
    )
    return Made(f"{one} {sign} {other}", "double", value)


def extreme(name: str, one: str, other: str) -> Made:
    return Made(
        f"{name}({one}, {other})",
        "double",
        lambda row: best([row[one], row[other]], name == "greatest"),
    )


def distinction(one: str, other: str) -> Made:
    return Made(
        f"{one} is distinct from {other}", "boolean", lambda row: differs(row[one], row[other])
    )


PRECEDENCE = [
    Made(
        "flag or f_flag and whole > 0",
        "boolean",
        lambda row: any_of([row["flag"], all_of([row["f_flag"], is_positive(row["whole"])])]),
    ),
    Made(
        "not flag = f_flag",
        "boolean",
        strict(lambda a, b: a != b, itemgetter("flag"), itemgetter("f_flag")),
    ),
    Made(
        "1 - whole - f_whole * 2",
        "integer",
        strict(lambda a, b: 1 - a - b * 2, itemgetter("whole"), itemgetter("f_whole")),
    ),
]
"""Which operator binds more strongly."""


def is_positive(value: int | None) -> bool | None:
    return None if value is None else value > 0


# --- random rows ---------------------------------------------------------------------------------
