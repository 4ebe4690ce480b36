"""The window views that are proved, and the columns of the events that they read."""

from dataclasses import replace
from typing import Any

from windows.oracle import Aggregate, Event, View, Window

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

COLUMNS = {
    "k": "bigint",
    "k2": "text",
    "ts": "timestamp",
    "tz": "timestamptz",
    "day": "date",
    "loaded": "timestamp",
    "i": "integer",
    "s": "smallint",
    "b": "bigint",
    "d": "numeric(8,2)",
    "w": "numeric(20,4)",
    "f": "double precision",
    "r": "real",
    "t": "text",
    "flag": "boolean",
    "n": "integer",
    "Order": "integer",
}

DECLARED = COLUMNS | {"ts": "timestamptz", "tz": "timestamp", "day": "timestamptz"}
"""What YAML says, which nobody is held to; no instant may depend on it."""


def _of(column: str) -> Any:
    return lambda event: event[column]


def _plain(function: str, column: str, **more: str) -> Aggregate:
    stem = more.pop("as", f"{column}_{function}")
    asked = {function: column, **({"as": stem} if stem != f"{column}_{function}" else {}), **more}
    return Aggregate(asked=asked, stem=stem, of=_of(column), bytewise=column == "t")


COUNT = Aggregate(asked={"count": "*"}, stem="count", of=lambda _: 1)

EXACT = (
    COUNT,
    _plain("count", "i"),
    _plain("sum", "i"),
    _plain("avg", "i", **{"as": "mean_i"}),
    _plain("stddev", "i"),
    _plain("stddev", "s"),
    _plain("sum", "b"),
    _plain("avg", "b"),
    _plain("sum", "d"),
    _plain("avg", "d"),
    _plain("stddev", "d"),
    _plain("sum", "w"),
    _plain("stddev", "w"),
    Aggregate(
        asked={"share": "i > 2", "as": "large_share"},
        stem="large_share",
        of=lambda event: None if event["i"] is None else int(event["i"] > 2),
    ),
)
DISTINCT = (
    _plain("count_distinct", "t"),
    _plain("count_distinct", "i"),
    _plain("count_distinct", "f"),
)
ORDERED = (
    _plain("min", "i"),
    _plain("max", "i"),
    _plain("max", "d"),
    _plain("min", "t"),
    _plain("max", "t"),
    _plain("max", "f"),
    _plain("sum", "f"),
    _plain("avg", "f"),
    _plain("stddev", "f"),
    _plain("sum", "r"),
    _plain("stddev", "r"),
)
ENDS = (
    _plain("first", "i"),
    _plain("last", "i"),
    _plain("last", "t"),
    _plain("first", "t"),
    _plain("last", "d"),
    _plain("last", "f"),
    _plain("last", "flag"),
)
CONDITIONAL = (
    Aggregate(
        asked={"count": "*", "where": "flag", "as": "flagged"},
        stem="flagged",
        of=lambda _: 1,
        counts=lambda event: event["flag"] is True,
    ),
    Aggregate(
        asked={"sum": "i * 2", "where": "not flag or t = 'a'", "type": "integer", "as": "doubled"},
        stem="doubled",
        of=lambda event: None if event["i"] is None else event["i"] * 2,
        counts=lambda event: event["flag"] is False or event["t"] == "a",
    ),
    Aggregate(
        asked={"count_distinct": "t", "where": "i > 1", "as": "kinds"},
        stem="kinds",
        of=_of("t"),
        counts=lambda event: event["i"] is not None and event["i"] > 1,
    ),
    Aggregate(
        asked={"last": "i", "where": "flag is not null", "as": "last_known"},
        stem="last_known",
        of=_of("i"),
        counts=lambda event: event["flag"] is not None,
    ),
    Aggregate(
        asked={"share": "flag", "where": "i is not null", "as": "flag_share"},
        stem="flag_share",
        of=lambda event: None if event["flag"] is None else int(event["flag"]),
        counts=lambda event: event["i"] is not None,
    ),
)
ALL = EXACT + DISTINCT + ORDERED + ENDS + CONDITIONAL

WINDOWS = (
    Window(asked="1 day", suffix="1d", length=DAY),
    Window(asked="60 hours", suffix="60h", length=60 * HOUR),
    Window(asked="all time", suffix="all_time", length=None),
)
OFFSETS = (
    Window(asked="1 day 12 hours", suffix="1d12h", length=36 * HOUR),
    Window(
        asked={"length": "1 day", "offset": "2 days"},
        suffix="1d_offset_2d",
        length=DAY,
        offset=2 * DAY,
    ),
    Window(
        asked={"length": "1 day", "offset": "3 hours", "as": "until_lately"},
        suffix="until_lately",
        length=DAY,
        offset=3 * HOUR,
    ),
    Window(
        asked={"length": "all time", "offset": "1 day"},
        suffix="all_time_offset_1d",
        length=None,
        offset=DAY,
    ),
)
TINY = (
    Window(asked="1 microsecond", suffix="1us", length=1),
    Window(asked="3 microseconds", suffix="3us", length=3),
)

LATELY, SHORTLY = (
    Window(asked={"length": f"{days} days", "as": "lately"}, suffix="lately", length=days * DAY)
    for days in (2, 1)
)
OWN = (
    replace(_plain("max", "i"), windows=(LATELY,)),
    replace(_plain("min", "i"), windows=(SHORTLY,)),
    replace(_plain("count", "i"), windows=OFFSETS[1:2]),
    replace(_plain("count_distinct", "t"), windows=OFFSETS[3:]),
)
"""No two have the same windows; two of those have the same name."""

KEY = {"k": "k"}


def _has_small_i(event: Event) -> bool:
    return event["i"] is not None and event["i"] < 4


VIEWS = (
    View(name="plain", keys=KEY, event="ts", aggregates=ALL, windows=WINDOWS),
    View(name="offsets", keys=KEY, event="ts", aggregates=ALL, windows=OFFSETS),
    View(
        name="lagging",
        keys={"k2": "k2", "k": "k"},
        event="ts",
        aggregates=(*EXACT[:4], *DISTINCT[:1], *ORDERED[:6], *ENDS[:2]),
        windows=(*WINDOWS, *OFFSETS),
        lag=6 * HOUR,
        options={"availability_lag": "6 hours"},
    ),
    View(name="late", keys=KEY, event="ts", created="loaded", aggregates=ALL, windows=WINDOWS),
    View(
        name="late_and_lagging",
        keys={"k": "k"},
        event="ts",
        created="loaded",
        aggregates=ALL,
        windows=OFFSETS,
        lag=6 * HOUR,
        options={"availability_lag": "6 hours"},
    ),
    View(
        name="everybody",
        keys={},
        event="tz",
        created="loaded",
        aggregates=(*EXACT[:4], *DISTINCT[:1], *ORDERED, *ENDS[:2]),
        windows=WINDOWS,
    ),
    View(
        name="tiny",
        keys=KEY,
        event="ts",
        aggregates=(*EXACT[:3], *DISTINCT[:1], *ORDERED, *ENDS[:2]),
        windows=TINY,
    ),
    View(
        name="days",
        keys={"who": "k"},
        event="day",
        aggregates=(*EXACT[:4], *ORDERED[:3]),
        windows=WINDOWS[:1],
    ),
    View(
        name="chosen",
        keys=KEY,
        event="ts",
        aggregates=(*EXACT[:4], *ENDS, *CONDITIONAL),
        windows=WINDOWS,
        tie="n",
        counts=_has_small_i,
        options={"tie_breaker": "n", "where": "i < 4"},
    ),
    View(
        name="told_by_text",
        keys=KEY,
        event="ts",
        aggregates=ENDS,
        windows=WINDOWS[:1],
        tie="t",
        options={"tie_breaker": "t"},
    ),
    View(name="own_windows", keys=KEY, event="ts", aggregates=OWN, windows=WINDOWS),
    View(
        name="own_windows_late",
        keys=KEY,
        event="ts",
        created="loaded",
        aggregates=OWN,
        windows=WINDOWS,
    ),
    View(
        name="words",
        keys={"select": "k"},
        event="ts",
        aggregates=(
            Aggregate(asked={"max": '"Order"', "as": "Max"}, stem="Max", of=_of("Order")),
            Aggregate(asked={"count": '"Order"'}, stem="Order_count", of=_of("Order")),
            Aggregate(asked={"last": '"Order"'}, stem="Order_last", of=_of("Order")),
        ),
        windows=WINDOWS,
    ),
)
