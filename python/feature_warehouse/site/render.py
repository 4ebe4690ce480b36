"""Templates filled in: the functions that they call, and what every page has."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import msgspec
from jinja2 import Environment
from markupsafe import Markup

from feature_warehouse.monitoring.drift_report import FeatureDrift
from feature_warehouse.site.health import day, time_of
from feature_warehouse.site.model import Statistics
from feature_warehouse.site.statistics import MINIMUM_ROWS
from feature_warehouse.skew.report import described
from feature_warehouse.util.durations import readable
from feature_warehouse.util.pages import environment
from feature_warehouse.util.pictures import Fan, bars, fan, line, stacked, then_and_now

__all__ = ["Frame", "rendered"]


class Frame(msgspec.Struct, frozen=True):
    """What every page has; only the first one says when it was ``made``."""

    title: str
    lists: list[tuple[str, str]]
    shards: int
    made: str


def rendered(address: str, template: str, frame: Frame, values: dict[str, Any]) -> str:
    """A page at an address below the site's folder."""
    root = "../" * address.count("/")
    given = {"is_home": False, "root": root, "site": frame, **values}
    return _templates().get_template(template).render(given)


@cache
def _templates() -> Environment:
    found = environment().overlay()
    # An overlay shares the globals of what it lies over.
    functions: list[Callable[..., Any]] = [
        bars, day, described, line, readable, stacked, time_of,
    ]  # fmt: skip
    own = {"fan": _fan, "number": _number, "nulls": _nulls, "then_and_now": _then_and_now}
    own |= {each.__name__: each for each in functions}
    found.globals = {**found.globals, **own, "minimum_rows": MINIMUM_ROWS}
    found.filters = {**found.filters, "said": _said}
    return found


_CODE: Final = re.compile(r"`([^`\n]+)`")


def _said(text: str) -> Markup:
    """A description, whose words between backticks are code; everything else is text."""
    parts = _CODE.split(" ".join(text.split()))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def _fan(history: Sequence[Statistics], width: int, height: int) -> Fan | None:
    return fan([(one.computed_at, one.quantiles) for one in history], width, height)


def _then_and_now(one: FeatureDrift, width: int, height: int) -> tuple[str, str] | None:
    return then_and_now([(each.then_rows, each.now_rows) for each in one.bins], width, height)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"


def _nulls(history: Sequence[Statistics]) -> list[float]:
    return [one.null_share for one in history]
