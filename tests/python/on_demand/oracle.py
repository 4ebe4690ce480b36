"""The language in plain Python, from the documented rules, with exact fractions and decimals.

It shares nothing with the package. Its values are int, float, Decimal, str, bool and naive datetime
in UTC; None is NULL. Logarithms and powers are the documented steps, each rounded by itself.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]

TINY, HUGE = Fraction(1e-150), Fraction(1e150)


def in_range(value: float) -> bool:
    return math.isfinite(value) and (value == 0 or TINY <= abs(Fraction(value)) <= HUGE)


def is_negative(value: float) -> bool:
    return math.copysign(1, value) < 0


def double_sum(one: float, other: float) -> float | None:
    if not all(math.isfinite(x) and abs(Fraction(x)) <= HUGE for x in (one, other)):
        return None
    total = Fraction(one) + Fraction(other)
    if total == 0:
        return -0.0 if is_negative(one) and is_negative(other) else 0.0
    return float(total)


def double_product(one: float, other: float) -> float | None:
    if not (in_range(one) and in_range(other)):
        return None
    size = float(abs(Fraction(one)) * abs(Fraction(other)))
    return -size if is_negative(one) != is_negative(other) else size


def double_quotient(one: float, other: float) -> float | None:
    if other == 0 or not (in_range(one) and in_range(other)):
        return None
    size = float(abs(Fraction(one)) / abs(Fraction(other)))
    return -size if is_negative(one) != is_negative(other) else size


def of_64_bits(value: int) -> int | None:
    return value if -(2**63) <= value < 2**63 else None


def sort_key(value: Any) -> Any:
    """NaN equals itself and is the greatest."""
    if isinstance(value, float):
        return (1, 0.0) if math.isnan(value) else (0, value)
    return value


def compare(sign: str, one: Any, other: Any) -> bool:
    a, b = sort_key(one), sort_key(other)
    if sign in ("=", "<>", "!="):
        return bool(a == b) == (sign == "=")
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign])


def arithmetic(sign: str, kind: str, one: Any, other: Any) -> Any:
    if kind == "double":
        if sign == "-":
            return double_sum(one, -other)
        return {"+": double_sum, "*": double_product, "/": double_quotient}[sign](one, other)
    with localcontext(prec=100):
        result = {"+": one + other, "-": one - other, "*": one * other}[sign]
    return of_64_bits(result) if kind == "integer" else result


def rounded(name: str, value: Any) -> Any:
    if isinstance(value, int):
        return value
    if not math.isfinite(value) or abs(Fraction(value)) > HUGE:
        return None
    whole = Fraction(value).__floor__() if name == "floor" else Fraction(value).__ceil__()
    return -0.0 if whole == 0 and is_negative(value) else float(whole)


def root(value: float) -> float | None:
    if math.isnan(value) or value < 0 or math.isinf(value) or Fraction(value) > HUGE:
        return None
    with localcontext(prec=200):
        return float(Decimal(value).sqrt())


def near(value: Fraction) -> Fraction:
    """The double that is nearest."""
    return Fraction(float(value))


with localcontext(prec=60):
    LN_2 = Fraction(Decimal(2).ln())
LN_2_FIRST = Fraction(math.floor(LN_2 * 2**42), 2**42)
LN_2_LAST = near(LN_2 - LN_2_FIRST)
LOG_2_E = near(1 / LN_2)


def exponent_of(value: float) -> int:
    """That of 2 with which a double is 0.7 or more, and less than 1.4."""
    exact, first = Fraction(value), Fraction(0.7)
    exponent = exact.numerator.bit_length() - exact.denominator.bit_length()
    while exact < first * Fraction(2) ** exponent:
        exponent -= 1
    while exact >= first * Fraction(2) ** (exponent + 1):
        exponent += 1
    return exponent


def natural_logarithm(value: float) -> float | None:
    """By artanh(s) = s / (1 - z / (3 - 4z / (5 - 9z / ...))) with z = s * s, cut off after 17."""
    if not in_range(value) or value <= 0:
        return None
    exponent = exponent_of(value)
    rest = Fraction(value) / Fraction(2) ** exponent - 1
    ratio = near(rest / near(rest + 2))
    z = near(ratio * ratio)
    c = Fraction(17)
    for n in range(8, 2, -1):
        c = near(2 * n - 1 - near(near(n * n * z) / c))
    c = near(2 * z / near(near(3 - z) - near(4 * z / c)))
    last = near(near(ratio * near(rest - c)) - near(exponent * LN_2_LAST))
    return float(near(exponent * LN_2_FIRST) + near(rest - last))


def power_of_e(value: float) -> float | None:
    """By exp(r) = 1 + r + r * c / (2 - c), c = r - z / (6 + z / (10 + ...)) with z = r * r."""
    if not math.isfinite(value) or abs(value) > 345:
        return None
    exact = Fraction(value)
    exponent = math.floor(near(near(exact * LOG_2_E) + Fraction(1, 2)))
    rest = near(exact - near(exponent * LN_2_FIRST))
    last = near(exponent * LN_2_LAST)
    r = near(rest - last)
    z = near(r * r)
    c = Fraction(22)
    for n in (18, 14, 10, 6):
        c = near(n + near(z / c))
    c = near(r - near(z / c))
    last = near(last - near(near(r * c) / near(2 - c)))
    return float(near(1 + near(rest - last)) * Fraction(2) ** exponent)


def seconds(first: datetime, last: datetime) -> float:
    # Microseconds as a double, then divided: two roundings, each to the nearest.
    return float(Fraction(float((last - first) // timedelta(microseconds=1))) / 10**6)


def moved(value: datetime, length: timedelta) -> datetime | None:
    try:
        return value + length
    except OverflowError:
        return None


def best(values: Iterable[Any], take_greatest: bool) -> Any:
    found = None
    for value in values:
        if value is not None and (
            found is None
            or (
                sort_key(value) > sort_key(found)
                if take_greatest
                else sort_key(value) < sort_key(found)
            )
        ):
            found = value
    return found


def all_of(values: list[Any]) -> bool | None:
    return False if False in values else None if None in values else True


def any_of(values: list[Any]) -> bool | None:
    return True if True in values else None if None in values else False


def strict(function: Callable[..., Any], *args: Callable[[Row], Any]) -> Callable[[Row], Any]:
    """NULL if an argument is."""

    def run(row: Row) -> Any:
        values = [arg(row) for arg in args]
        return None if None in values else function(*values)

    return run


def minus(value: Any) -> Any:
    if isinstance(value, Decimal):
        # No decimal is a negative zero in a warehouse.
        return value.copy_negate() if value else value
    return -value


def abs_decimal(value: Decimal) -> Decimal:
    return value.copy_abs()


def equals(one: Any, other: Any) -> bool | None:
    return None if one is None or other is None else compare("=", one, other)


def nullif(one: Any, other: Any) -> Any:
    return None if equals(one, other) else one


def differs(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is not other
    return not compare("=", one, other)
