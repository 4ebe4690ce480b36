"""`late_data_cost` against a loop in Python, and `scoring_set` against a training set."""

from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from harness.engines import quote
from training_sets.lab import Lab
from training_sets.rows import AT, LAG, TTL, Row, newest, with_order
from training_sets.tables import balance, status, visits

AS_OF = datetime(2024, 1, 15, 12)
STATUS = [{**row, "due": row["valid_from"] and row["valid_from"] + LAG} for row in status()]
BALANCE = [{**row, "due": row["as_from"]} for row in balance()]
FEATURES = ["level", "score", "ratio", "friend_score", "friend_level", "amount", "currency"]
END = datetime(9999, 1, 1)


def _available(row: Row, created: str) -> datetime | None:
    due: datetime | None = row["due"]
    return due and max(due, row[created] or due)


def _candidates(
    rows: list[Row], event: str, created: str, ties: list[str], as_of: datetime
) -> list[Row]:
    ready = [{**row, "available": _available(row, created)} for row in rows if row[event]]
    return with_order([row for row in ready if row["available"] <= as_of], event, created, ties)


def _status(key: int | None, at: datetime | None, known: str, as_of: datetime, name: str) -> Any:
    rows = _candidates(STATUS, "valid_from", "loaded_at", ["level", "score", "ratio"], as_of)
    row = newest(rows, at, event="valid_from", known=known, customer_id=key)
    if row is None or at is None or row["valid_from"] + TTL < at:
        return -1 if name == "score" else None
    return row[name]


def _balance(visit: Row, known: str, as_of: datetime, name: str) -> Any:
    rows = _candidates(BALANCE, "as_from", "booked_at", ["amount", "currency"], as_of)
    key = visit["customer_id"]
    row = newest(rows, visit["at"], event="as_from", known=known, customer_id=key)
    return row and row[name]


def _value(feature: str, visit: Row, known: str, as_of: datetime) -> Any:
    if feature in ("amount", "currency"):
        return _balance(visit, known, as_of, feature)
    key = visit["friend_id" if feature.startswith("friend_") else "customer_id"]
    return _status(key, visit["at"], known, as_of, feature.removeprefix("friend_"))


def expected_cost(labels: list[Row], as_of: datetime) -> dict[str | None, tuple[int, int]]:
    wrong: dict[str | None, set[int]] = {
        name: {
            number
            for number, visit in enumerate(labels)
            if _value(name, visit, "available", as_of) != _value(name, visit, "due", as_of)
        }
        for name in FEATURES
    }
    wrong[None] = {number for rows in wrong.values() for number in rows}
    return {name: (len(labels), len(rows)) for name, rows in wrong.items()}


@pytest.mark.parametrize(
    ("report", "labels", "as_of"),
    [
        ("cost", [v for v in visits() if v["visit_id"] != 7], END),
        ("early_cost", visits(), END),
        (
            "past_cost",
            [v for v in visits() if v["at"] and v["at"] <= AS_OF and v["known"] <= AS_OF],
            AS_OF,
        ),
    ],
)
def test_late_data_cost_is_what_a_loop_counts(
    lab: Lab, report: str, labels: list[Row], as_of: datetime
) -> None:
    expected = expected_cost(labels, as_of)
    assert len({count for _, count in expected.values()}) > 2
    found = lab.ask(f"select feature, label_rows, rows_that_differ from {report}")
    assert {name: (rows, differ) for name, rows, differ in found} == expected
    assert len(found) == len(expected)


def test_without_created_timestamps_late_data_costs_nothing(lab: Lab) -> None:
    assert lab.ask("select * from no_cost") == [(None, len(visits()), 0)]


@pytest.mark.parametrize(
    ("scored", "asked"),
    [
        ("scored", "asked_set"),
        ("scored_early", "asked_early_set"),
        ("scored_served", "asked_served_set"),
    ],
)
def test_a_scoring_set_is_a_training_set_of_that_instant(lab: Lab, scored: str, asked: str) -> None:
    assert lab.columns(scored) == lab.columns(asked)
    columns = ", ".join(map(quote, lab.columns(asked)))
    rows = lab.ask(f"select {columns} from {scored}")
    assert Counter(rows) == Counter(lab.ask(f"select {columns} from {asked}"))
    assert len(rows) == len(visits())
    assert {row[4] for row in rows} == {AT}
    levels = Counter(row[lab.columns(asked).index("level")] for row in rows)
    by_knowledge = {
        known: Counter(_status(visit["customer_id"], AT, known, AT, "level") for visit in visits())
        for known in ("available", "due")
    }
    if scored == "scored_served":
        assert levels not in by_knowledge.values()
    else:
        assert levels == by_knowledge["due" if "early" in scored else "available"]


def test_without_an_instant_it_is_that_of_the_run(lab: Lab) -> None:
    rows = lab.ask("select visit_id, scored_at, level, amount from scored_now")
    assert Counter(row[0] for row in rows) == Counter(v["visit_id"] for v in visits())
    [now] = {row[1] for row in rows}
    [first, last] = lab.ask(
        "select (current_timestamp at time zone 'UTC') - interval '1 hour'"
        " union all select (current_timestamp at time zone 'UTC') order by 1"
    )
    assert first[0] < now <= last[0]
    assert {row[2] for row in rows} == {None}
    people = {v["visit_id"]: v["customer_id"] for v in visits()}
    for visit_id, _, _, amount in rows:
        visit = {"customer_id": people[visit_id], "at": now}
        expected = _balance(visit, "available", END, "amount")
        assert (amount and str(amount)) == expected
