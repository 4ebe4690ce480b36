"""Small pictures: numbers turned into paths of SVG. Nothing but numbers ever gets into them."""

from collections.abc import Sequence
from math import isfinite

import msgspec

__all__ = ["Fan", "bars", "fan", "line", "stacked", "then_and_now"]


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


def fan(points: Sequence[tuple[float, Sequence[float]]], width: int, height: int) -> Fan | None:
    """Five quantiles at instants, in order; None if there are not two with numbers."""
    known = [point for point in points if len(point[1]) == 5 and all(map(isfinite, point[1]))]
    if len(known) < 2:
        return None
    first, last = known[0][0], known[-1][0]
    low, high = min(five[0] for _, five in known), max(five[4] for _, five in known)

    def x(at: float) -> float:
        return width * (at - first) / ((last - first) or 1)

    def y(value: float) -> float:
        return height - height * ((value - low) / (high - low) if high > low else 0.5)

    def path(quantile: int) -> list[str]:
        return [f"{x(at):.1f} {y(five[quantile]):.1f}" for at, five in known]

    def area(lower: int, upper: int) -> str:
        return f"M{'L'.join(path(upper) + path(lower)[::-1])}z"

    return Fan(area(0, 4), area(1, 3), f"M{'L'.join(path(2))}", low, high)


def then_and_now(
    bins: Sequence[tuple[int, int]], width: int, height: int
) -> tuple[str, str] | None:
    """Rows of bins then and now as shares, to one scale: a line, and bars. None without rows."""
    rows = [sum(one[side] for one in bins) for side in (0, 1)]
    if not any(rows):
        return None
    shares = [[one[side] / (rows[side] or 1) for one in bins] for side in (0, 1)]
    top = max(map(max, shares))
    step = width / len(bins)
    then = "".join(
        f"M{number * step:.1f} {height - height * share / top:.1f}h{step:.1f}"
        for number, share in enumerate(shares[0])
    )
    now = "".join(
        f"M{number * step + 1:.1f} {height}v-{height * share / top:.1f}"
        f"h{max(step - 2, 1):.1f}V{height}z"
        for number, share in enumerate(shares[1])
    )
    return then, now


def stacked(counts: Sequence[int], width: int) -> list[tuple[float, float]]:
    """Places and widths of parts of a bar; what is there at all is at least two pixels wide."""
    whole = sum(counts)
    rest = width - 2 * sum(map(bool, counts))
    found, left = [], 0.0
    for count in counts:
        wide = 2 + rest * count / whole if count else 0.0
        found.append((round(left, 1), round(wide, 1)))
        left += wide
    return found
