"""Expressions that random ones seldom are."""

from collections.abc import Callable
from operator import itemgetter

from on_demand.generate import Made
from on_demand.oracle import (
    Row,
    all_of,
    any_of,
    arithmetic,
    best,
    compare,
    differs,
    natural_logarithm,
    power_of_e,
    root,
    rounded,
    strict,
)

__all__ = ["corners", "logarithms"]


def corners() -> list[Made]:
    """What random expressions seldom are: two doubles, among them extremes, NaN and NaN."""
    found: list[Made] = []
    for one, other in (("ratio", "f_ratio"), ("single", "f_single"), ("f_single", "ratio")):
        found += [comparison(sign, one, other) for sign in ("=", "<>", "<", "<=", ">", ">=")]
        found += [extreme(name, one, other) for name in ("least", "greatest")]
        found += [of_doubles(sign, one, other) for sign in "+-*/"]
        found.append(distinction(one, other))
        found += [whole(name, one) for name in ("floor", "ceil")]
        found.append(Made(f"sqrt({one})", "double", strict(root, itemgetter(one))))
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


def whole(name: str, one: str) -> Made:
    value = strict(lambda a: rounded(name, a), itemgetter(one))
    return Made(f"{name}({one})", "double", value)


def distinction(one: str, other: str) -> Made:
    return Made(
        f"{one} is distinct from {other}", "boolean", lambda row: differs(row[one], row[other])
    )


def logarithms() -> list[Made]:
    """Of columns, the first of doubles, of constants, and in other expressions."""
    found: list[Made] = []
    for name in ("ratio", "single", "big", "exact"):
        value = strict(float, itemgetter(name))
        found.append(Made(f"ln({name})", "double", strict(natural_logarithm, value)))
        found.append(Made(f"exp({name})", "double", strict(power_of_e, value)))
    for number in ("0.0", "1.4", "-1", "346", "null"):
        given = constant(None if number == "null" else float(number))
        found.append(Made(f"ln({number})", "double", strict(natural_logarithm, given)))
        found.append(Made(f"exp({number})", "double", strict(power_of_e, given)))
    share = Made("1 / (1 + exp(-(single / 100)))", "double", strict(logistic, itemgetter("single")))
    half = Made("exp(ln(abs(ratio)) / 2)", "double", strict(half_as_high, itemgetter("ratio")))
    return [*found, share, half]


def constant(value: float | None) -> Callable[[Row], float | None]:
    return lambda _: value


def logistic(value: float) -> float | None:
    share = arithmetic("/", "double", value, 100.0)
    power = None if share is None else power_of_e(-share)
    return None if power is None else 1 / (1 + power)


def half_as_high(value: float) -> float | None:
    logarithm = natural_logarithm(abs(value))
    return None if logarithm is None else power_of_e(logarithm / 2)


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
