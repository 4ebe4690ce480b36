"""`stale_data_cost` against a loop in Python."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, NamedTuple

import pytest

from training_sets import rows as made
from training_sets.lab import Lab
from training_sets.rows import LAG, TTL, Row, newest, with_order
from training_sets.tables import balance, runs, status, visits

EPOCH = datetime(1970, 1, 1)
AS_OF = datetime(2024, 1, 15, 12)
END = datetime(9999, 1, 1)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Part(NamedTuple):
    """A view of the training set; ``features`` map columns of the set to those of the view."""

    view: str
    rows: list[Row]
    event: str
    created: str
    ties: list[str]
    keys: dict[str, str]
    features: dict[str, str]
    lag: timedelta = timedelta()
    ttl: timedelta | None = None
    default: tuple[str, Any] = ("", None)


def _rates() -> list[Row]:
    midnight = datetime.min.time()
    return [{**row, "day": datetime.combine(row["day"], midnight)} for row in made.rate()]


def _same(*names: str) -> dict[str, str]:
    return dict(zip(names, names, strict=True))


ODD = [name for name in next(made.odd(Random(11))) if name not in ("Group", "event_at")]
STATUS = (status(), "valid_from", "loaded_at", ["level", "score", "ratio"])
PARTS = (
    Part("status", *STATUS, {"customer_id": "customer_id"}, _same("level", "score", "ratio"),
         LAG, TTL, ("score", -1)),
    Part("status", *STATUS, {"customer_id": "friend_id"},
         {"friend_score": "score", "friend_level": "level"}, LAG, TTL, ("score", -1)),
    Part("balance", balance(), "as_from", "booked_at", ["amount", "currency"],
         {"customer_id": "customer_id"}, _same("amount", "currency")),
    Part("rate", _rates(), "day", "", [], {}, _same("rate"), DAY),
    Part("odd", list(made.odd(Random(11))), "event_at", "", [], {"Group": "Group"},
         _same(*(name for name in ODD if name != "expires_at")), ttl=5 * DAY,
         default=("choice", "it's")),
)  # fmt: skip

Clock = Callable[[datetime, str], datetime]
"""When a reader's view was published, by the instant and the view."""


def at_once(at: datetime, _: str) -> datetime:
    return at


def every(length: timedelta, delay: timedelta = timedelta()) -> Clock:
    return lambda at, _: EPOCH + (at - delay - EPOCH) // length * length


def logged(at: datetime, view: str) -> datetime:
    """By the publication log, and before its first run by the schedule of the training set."""
    found = []
    for run in runs():
        since = run["clock"] if run["is_simulated"] else run["finished_at"]
        if run["view"] == view and since <= at:
            found.append((since, run["finished_at"], run["run"], run["clock"]))
    return max(found)[3] if found else every(DAY, 5 * HOUR)(at, view)


@cache
def candidates(number: int, as_of: datetime) -> list[Row]:
    """The rows of a part that were known by then."""
    part = PARTS[number]
    ready = []
    for row in part.rows:
        if row[part.event] is not None:
            due = row[part.event] + part.lag
            known = max(due, row.get(part.created) or due)
            ready += [{**row, "": None, "known": known}] if known <= as_of else []
    return with_order(ready, part.event, part.created, part.ties)


def value(number: int, feature: str, label: Row, clock: Clock, as_of: datetime) -> Any:
    part, at = PARTS[number], label["at"]
    key = {name: label[column] for name, column in part.keys.items()}
    rows = candidates(number, as_of)
    row = newest(rows, at and clock(at, part.view), event=part.event, known="known", **key)
    if row is None or (part.ttl is not None and row[part.event] + part.ttl < at):
        return part.default[1] if part.default[0] == feature else None
    return row[feature]


def expected(labels: list[Row], clock: Clock, as_of: datetime) -> dict[str | None, int]:
    differing: dict[str | None, set[int]] = {
        name: {
            row
            for row, label in enumerate(labels)
            if value(number, feature, label, clock, as_of)
            != value(number, feature, label, at_once, as_of)
        }
        for number, part in enumerate(PARTS)
        for name, feature in part.features.items()
    }
    differing[None] = {row for rows in differing.values() for row in rows}
    return {name: len(rows) for name, rows in differing.items()}


KNOWN = [v for v in visits() if v["at"] and v["at"] <= AS_OF and v["known"] <= AS_OF]


@pytest.mark.parametrize(
    ("report", "labels", "as_of", "clocks"),
    [
        (
            "stale_cost",
            [v for v in visits() if v["visit_id"] != 7],
            END,
            {"1 hour": every(HOUR), "15 minutes": every(HOUR / 4), "1 minute": every(HOUR / 60)},
        ),
        (
            "served_cost",
            visits(),
            END,
            {
                None: every(DAY, 5 * HOUR),
                "1 day": every(DAY, 2 * HOUR),
                "5 hours": every(5 * HOUR, 2 * HOUR),
            },
        ),
        ("logged_cost", visits(), END, {None: logged, "9 hours": every(9 * HOUR)}),
        ("past_stale_cost", KNOWN, AS_OF, {"1 day": every(DAY)}),
    ],
)
def test_stale_data_cost_is_what_a_loop_counts(
    lab: Lab, report: str, labels: list[Row], as_of: datetime, clocks: dict[str | None, Clock]
) -> None:
    wanted = {
        (text, name): (len(labels), count)
        for text, clock in clocks.items()
        for name, count in expected(labels, clock, as_of).items()
    }
    rows = lab.ask(f"select every, feature, label_rows, rows_that_differ from {report}")
    assert {(text, name): (count, differ) for text, name, count, differ in rows} == wanted
    assert len(rows) == len(wanted)


def test_the_cases_differ_from_one_another() -> None:
    """Else the test above could not fail."""
    counts = [
        expected(visits(), clock, END)[None]
        for clock in (every(HOUR), every(DAY), every(DAY, 5 * HOUR), every(9 * HOUR), logged)
    ]
    assert len(set(counts)) == len(counts)
