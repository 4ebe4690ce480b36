"""Clean data raises no false alarm: weekly runs over the year, drift and gate."""

import json
from datetime import date, timedelta

import pytest

from conftest import Demo
from harness.support import run

SLICE = (27,)
"""A week in summer, when delays are longest; all others are for the long run."""


def weeks() -> list[object]:
    """The ends of all weeks."""
    ends = [date(2013, 1, 1) + timedelta(weeks=number) for number in range(1, 53)]
    return [
        pytest.param(end, id=str(end), marks=() if number in SLICE else pytest.mark.long)
        for number, end in enumerate(ends, start=1)
    ]


@pytest.mark.parametrize("end", weeks())
def test_a_week_raises_no_alarm(end: date, demo_duckdb: Demo, redis_url: str) -> None:
    env = {**demo_duckdb.env, "REDIS_URL": redis_url}
    clock = ("--as-of", f"{end}T00:00:00Z", "--json")
    drift = run("feature-warehouse", "drift", "flight_delay", *clock, env=env)
    found = [one for one in json.loads(drift.stdout)["features"] if one["verdict"] == "alarm"]
    assert [(one["feature"], one["reason"]) for one in found] == []
    gate = run("feature-warehouse", "validate", *clock, env=env)
    assert gate.returncode == 0, gate.stdout + gate.stderr
