"""Small pictures: numbers turned into paths of SVG. Nothing but numbers ever gets into them."""

from collections.abc import Sequence
from math import isfinite

import msgspec

from feature_warehouse.monitoring.drift import FeatureDrift
from feature_warehouse.site.model import Statistics

__all__ = ["Fan", "bars", "fan", "line", "then_and_now"]


class Fan(msgspec.Struct, frozen=True):
    """A distribution over time: areas between quantiles, and the median as a line."""

    outer: str
    inner: str
    median: str
    low: float
    high: float


def bars(counts: Sequence[float], width: int, height: int) -> str:
    """A histogram as one path; a part that has values is at least a pixel high."""
    top = max(counts, default=0)
    if top <= 0:
        return ""
    step = width / len(counts)
    path = []
    for number, count in enumerate(counts):
        if count:
            tall = max(1.0, height * count / top)
            left = number * step
            path.append(f"M{left:.1f} {height}v-{tall:.1f}h{max(step - 0.8, 0.6):.1f}V{height}z")
    return "".join(path)


def line(values: Sequence[float], width: int, height: int, top: float | None = None) -> str:
    """A line from left to right, from 0 at the bottom to ``top``, by default the greatest value."""
    if len(values) < 2:
        return ""
    most = max(values) if top is None else top
    step = width / (len(values) - 1)
    points = (
        f"{number * step:.1f} {height - height * value / (most or 1):.1f}"
        for number, value in enumerate(values)
    )
    return "M" + "L".join(points)


def fan(history: Sequence[Statistics], width: int, height: int) -> Fan | None:
    """Quantiles over the runs; None if there are not two with numbers."""
    known = [one for one in history if _quantiles(one)]
    if len(known) < 2:
        return None
    quantiles = [_quantiles(one) for one in known]
    low = min(five[0] for five in quantiles)
    high = max(five[4] for five in quantiles)
    first, last = known[0].computed_at, known[-1].computed_at
    xs = [width * (one.computed_at - first) / max(last - first, 1) for one in known]

    def y(value: float) -> float:
        return height - height * ((value - low) / (high - low) if high > low else 0.5)

    def area(lower: int, upper: int) -> str:
        there = [f"{x:.1f} {y(five[upper]):.1f}" for x, five in zip(xs, quantiles, strict=True)]
        back = [f"{x:.1f} {y(five[lower]):.1f}" for x, five in zip(xs, quantiles, strict=True)]
        return "M" + "L".join(there + back[::-1]) + "z"

    median = "M" + "L".join(
        f"{x:.1f} {y(five[2]):.1f}" for x, five in zip(xs, quantiles, strict=True)
    )
    return Fan(area(0, 4), area(1, 3), median, low, high)


def _quantiles(one: Statistics) -> tuple[float, ...]:
    five = (one.p05, one.p25, one.p50, one.p75, one.p95)
    found = tuple(value for value in five if value is not None and isfinite(value))
    return found if len(found) == 5 else ()


def then_and_now(one: FeatureDrift, width: int, height: int) -> tuple[str, str] | None:
    """The shares of the bins then and now, to one scale; None where there are no bins."""
    then = sum(values.then_rows for values in one.bins)
    now = sum(values.now_rows for values in one.bins)
    if not one.bins or not then + now:
        return None
    shares_then = [values.then_rows / (then or 1) for values in one.bins]
    shares_now = [values.now_rows / (now or 1) for values in one.bins]
    top = max(*shares_then, *shares_now)
    step = width / len(one.bins)
    before, after = [], []
    for number, (old, new) in enumerate(zip(shares_then, shares_now, strict=True)):
        left = number * step
        after.append(
            f"M{left + 1:.1f} {height}v-{height * new / top:.1f}h{max(step - 2, 1):.1f}V{height}z"
        )
        before.append(f"M{left:.1f} {height - height * old / top:.1f}h{step:.1f}")
    return "".join(before), "".join(after)
