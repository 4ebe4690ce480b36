"""The logarithm and the exponential function of expressions, with the same bits everywhere.

C libraries differ in the last bit of both. So they are computed here, and in the SQL of
macros/internal/on_demand/_logarithms.sql, by sums, products and quotients in one order, which
IEEE 754 rounds alike wherever they are computed. The results are less than 0.9 units in the last
place away from the exact ones.
"""

from math import floor, frexp, ldexp
from typing import Final

from feature_warehouse.on_demand.expressions import MOST, TINIEST

__all__ = ["exponential", "logarithm"]

_GREATEST_EXPONENT: Final = 345.0
"""Its power of e, and that of its negative, lie between TINIEST and MOST."""

_LN_2: Final = 0.6931471805598903
"""So much of the logarithm of 2 that its product with an exponent is exact."""
_LN_2_REST: Final = 5.497923018708371e-14
_LOG_2_E: Final = 1.4426950408889634
"""The logarithm of e to the base of 2."""
_LEAST_MANTISSA: Final = 0.7


def logarithm(value: float) -> float | None:
    """That to the base of e; None if the value does not lie between TINIEST and MOST.

    The value is ``(1 + rest) * 2**exponent`` with ``1 + rest`` from 0.7 to 1.4. The logarithm of
    ``1 + rest`` is ``2 * artanh(ratio)``, of which the continued fraction is taken.
    """
    if not TINIEST <= value <= MOST:
        return None
    mantissa, exponent = frexp(value)
    if mantissa < _LEAST_MANTISSA:
        mantissa *= 2.0
        exponent -= 1
    rest = mantissa - 1.0
    ratio = rest / (rest + 2.0)
    z = ratio * ratio
    c = 11.0 - 36.0 * z / (13.0 - 49.0 * z / (15.0 - 64.0 * z / 17.0))
    c = 2.0 * z / (3.0 - z - 4.0 * z / (5.0 - 9.0 * z / (7.0 - 16.0 * z / (9.0 - 25.0 * z / c))))
    return exponent * _LN_2 + (rest - (ratio * (rest - c) - exponent * _LN_2_REST))


def exponential(value: float) -> float | None:
    """That power of e; None if the value does not lie between -345 and 345.

    The value is ``exponent * ln(2) + r`` with r from -0.35 to 0.35. The exponential function of r
    is ``1 + r + r * c / (2 - c)``, where c has a continued fraction.
    """
    if not -_GREATEST_EXPONENT <= value <= _GREATEST_EXPONENT:
        return None
    exponent = floor(value * _LOG_2_E + 0.5)
    rest = value - exponent * _LN_2
    less = exponent * _LN_2_REST
    r = rest - less
    z = r * r
    c = r - z / (6.0 + z / (10.0 + z / (14.0 + z / (18.0 + z / 22.0))))
    return ldexp(1.0 + (rest - (less - r * c / (2.0 - c))), exponent)
