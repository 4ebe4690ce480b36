"""What is proved: views, training sets and window views that differ in what rules tell apart."""

from collections.abc import Sequence
from typing import Final

import msgspec

from feature_warehouse.conformance.declared import (
    Aggregate,
    Column,
    Length,
    Moment,
    Part,
    Split,
    TrainingSet,
    View,
    Window,
    WindowView,
)

__all__ = [
    "ANCHOR",
    "ARRIVALS",
    "ARRIVED",
    "ASKED_AT",
    "EVENTS",
    "LABELS",
    "LOOKBACK",
    "PREFIX",
    "Shapes",
    "shapes",
]

PREFIX: Final = "fwc_"
"""How the name of each relation begins that is ours."""

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

ANCHOR: Final = 1_362_898_800_000_000
"""2013-03-10 07:00 UTC, when clocks were changed in New York."""

CASE: Final = Column("case_id", "bigint")
KEY: Final = Column("k", "bigint")
WORD: Final = Column("word", "text")
HAPPENED_AT: Final = Column("happened_at", "timestamp")
LOADED_AT: Final = Column("loaded_at", "timestamp")
BATCH: Final = Column("batch_no", "integer")
ASKED_AT: Final = "asked_at"

LABELS: Final = (
    CASE,
    Column("label_id", "integer"),
    KEY,
    WORD,
    Column(ASKED_AT, "timestamp"),
    Column("outcome", "boolean"),
    Column("note", "text"),
)
ARRIVED: Final = {
    name: f"fwc_arrived_{name.removeprefix(PREFIX)}"
    for name in ("fwc_labels", "fwc_events", "fwc_arrivals")
}
"""Tables that come in batches, and the models of their rows until now."""

EVENTS: Final = (
    CASE,
    KEY,
    HAPPENED_AT,
    LOADED_AT,
    Column("i", "integer"),
    Column("d", "decimal"),
    Column("f", "double"),
    Column("t", "text"),
    Column("flag", "boolean"),
    Column("seq", "integer"),
)

LOOKBACK: Final = Length("1 hour", HOUR)
ARRIVALS: Final = View(
    "fwc_grown",
    keys=(CASE, KEY),
    event=HAPPENED_AT,
    created=LOADED_AT,
    features=(Column("a", "bigint"), Column("b", "text")),
)
"""A view made by ``append_only``."""


class Shapes(msgspec.Struct, frozen=True):
    """Everything that is built; ``grows`` is whether there are models that grow."""

    views: tuple[View, ...]
    sets: tuple[TrainingSet, ...]
    windows: tuple[WindowView, ...]
    grows: bool


def shapes(*, zones: bool = True, indexes: bool = True, grows: bool = True) -> Shapes:
    """What a warehouse can be asked.

    ``zones`` is whether it has timestamps with a time zone, ``indexes`` whether joins use indexes,
    ``grows`` whether it has incremental models.
    """
    views = [
        view if indexes else msgspec.structs.replace(view, has_index=False)
        for view in (*_VIEWS, *((_ZONED,) if zones else ()))
    ]
    sets = tuple(made for made in _sets(views) if grows or not made.grows)
    windows = tuple(view for view in _WINDOWS if grows or not view.grows)
    return Shapes(tuple(views), sets, windows, grows)


_VIEWS: Final = (
    View(
        "fwc_plain",
        keys=(CASE, KEY),
        event=HAPPENED_AT,
        features=(Column("a", "integer"), Column("b", "text"), Column("c", "double")),
    ),
    View(
        "fwc_loaded",
        keys=(CASE, KEY),
        event=HAPPENED_AT,
        created=LOADED_AT,
        features=(Column("a", "bigint"), Column("b", "boolean"), Column("c", "decimal")),
    ),
    View(
        "fwc_lagged",
        keys=(CASE, KEY),
        event=HAPPENED_AT,
        features=(Column("a", "integer"), Column("b", "date")),
        lag=Length("1 hour", HOUR),
        ttl=Length("3 hours", 3 * HOUR),
        defaults={"a": -1},
    ),
    View(
        "fwc_strict",
        keys=(CASE, WORD),
        event=HAPPENED_AT,
        created=LOADED_AT,
        features=(Column("a", "text"), Column("c", "double")),
        extra=(Column("seq", "integer"),),
        lag=Length("30 minutes", 30 * MINUTE),
        ttl=Length("2 hours", 2 * HOUR),
        tie_breaker="seq",
        defaults={"a": "it's none"},
    ),
    View(
        "fwc_days",
        keys=(CASE, KEY),
        event=Column("day", "date"),
        created=LOADED_AT,
        features=(Column("a", "integer"),),
        lag=Length("6 hours", 6 * HOUR),
    ),
    View(
        "fwc_indexed",
        keys=(CASE, KEY),
        event=HAPPENED_AT,
        created=LOADED_AT,
        features=(Column("a", "integer"), Column("b", "timestamp")),
        has_index=True,
    ),
    View(
        "fwc_world",
        keys=(),
        event=HAPPENED_AT,
        created=LOADED_AT,
        features=(Column("a", "integer"), Column("b", "text")),
        ttl=Length("90 minutes", 90 * MINUTE),
    ),
)
_ZONED: Final = View(
    "fwc_zoned",
    keys=(CASE, KEY),
    event=Column("happened_at", "zoned"),
    created=Column("loaded_at", "zoned"),
    features=(Column("a", "integer"),),
)


def _sets(views: Sequence[View]) -> Sequence[TrainingSet]:
    def parts(*names: str) -> tuple[Part, ...]:
        return tuple(
            Part(view, view.name.removeprefix(PREFIX) + "_", event_timestamp=True, age=True)
            for view in views
            if not names or view.name.removeprefix(PREFIX) in names
        )

    labels, arrived = "fwc_labels", ARRIVED["fwc_labels"]
    two_hours_later = Moment("2013-03-10T05:00:00-04:00", ANCHOR + 2 * HOUR)
    return (
        TrainingSet("fwc_set", labels, parts()),
        TrainingSet(
            "fwc_set_as_of",
            labels,
            parts("loaded", "lagged", "strict", "world"),
            as_of=two_hours_later,
        ),
        TrainingSet(
            "fwc_set_event_time",
            labels,
            parts("loaded", "strict", "days", "zoned"),
            knowledge="event_time",
        ),
        TrainingSet(
            "fwc_set_served",
            labels,
            parts("plain", "loaded", "lagged", "strict"),
            knowledge="served",
            every=Length("1 hour", HOUR),
            delay=Length("10 minutes", 10 * MINUTE),
        ),
        TrainingSet(
            "fwc_set_filtered",
            labels,
            parts("plain", "loaded"),
            start=Moment("2013-03-10 06:00:00", ANCHOR - HOUR),
            end=Moment("2013-03-10T11:00:00Z", ANCHOR + 4 * HOUR),
            where="note <> 'x'",
            holds=lambda label: label["note"] not in (None, "x"),
            split=Split(
                {"test": Moment("2013-03-10T09:00:00Z", ANCHOR + 2 * HOUR)},
                Length("30 minutes", 30 * MINUTE),
            ),
        ),
        TrainingSet("fwc_set_grown", arrived, parts("loaded", "strict"), grows=True),
    )


def _aggregate(function: str, of: str, kind: str, where: str | None = None) -> Aggregate:
    return Aggregate(function, of, f"{of}_{function}", kind, where)


_COUNT: Final = Aggregate("count", None, "count", "exact")
_NUMBERS: Final = (
    _COUNT,
    _aggregate("count", "i", "exact"),
    _aggregate("sum", "i", "exact"),
    _aggregate("avg", "i", "near"),
    _aggregate("stddev", "i", "near"),
    _aggregate("sum", "d", "exact"),
    _aggregate("avg", "d", "near"),
    _aggregate("sum", "f", "near"),
    _aggregate("share", "flag", "near"),
)
_ORDERED: Final = (
    _aggregate("min", "i", "exact"),
    _aggregate("max", "d", "exact"),
    _aggregate("min", "t", "text"),
    _aggregate("max", "f", "near"),
    _aggregate("first", "i", "exact"),
    _aggregate("last", "t", "text"),
    _aggregate("last", "f", "double"),
    _aggregate("count_distinct", "t", "exact"),
    Aggregate("count", None, "flagged", "exact", where="flag"),
    Aggregate("max", "i", "flagged_max", "exact", where="flag"),
)
_DAYS: Final = (
    Window("1 day", "1d", DAY),
    Window("60 hours", "60h", 60 * HOUR),
    Window("all time", "all_time", None),
)
_TINY: Final = Window("3 microseconds", "3us", 3)
_OFFSETS: Final = (
    Window({"length": "1 day", "offset": "2 days"}, "1d_offset_2d", DAY, 2 * DAY),
    Window({"length": "all time", "offset": "1 day"}, "all_time_offset_1d", None, DAY),
)
_SIX_HOURS: Final = Length("6 hours", 6 * HOUR)
_FEW: Final = (*_NUMBERS[:4], *_NUMBERS[7:8], *_ORDERED[1:3], *_ORDERED[5:8])

_WINDOWS: Final = (
    WindowView("fwc_windows", "fwc_events", (*_NUMBERS, *_ORDERED), (*_DAYS, _TINY)),
    WindowView(
        "fwc_windows_late", "fwc_events", (*_NUMBERS, *_ORDERED), (*_DAYS, _TINY), created=True,
        tie_breaker="seq",
    ),
    WindowView(
        "fwc_windows_lagged", "fwc_events", (*_NUMBERS, *_ORDERED), (*_DAYS[:1], *_OFFSETS),
        created=True, lag=_SIX_HOURS,
    ),
    WindowView("fwc_windows_grown", "fwc_arrived_events", _FEW, _DAYS[:2], grows=True),
    WindowView(
        "fwc_windows_grown_late", "fwc_arrived_events", _FEW, (*_DAYS[1:], *_OFFSETS[:1]),
        created=True, grows=True,
    ),
)  # fmt: skip
