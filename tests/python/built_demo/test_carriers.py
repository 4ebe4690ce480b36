"""The demo's slowly changing attribute against pandas: 17 aircraft change their carrier in 2013."""

from collections import Counter
from pathlib import Path
from shutil import copyfile

import duckdb
import pandas as pd
import pytest

from harness.support import ROOT, dbt

SPRING, YEAR = "2013-03-31", "2013-12-31"

Carriers = list[tuple[str, str, str, str]]
"""Tail number, carrier, since when, known when."""


@pytest.fixture(scope="module")
def stretches() -> pd.DataFrame:
    """Each time that an aircraft flew for a carrier without another one in between."""
    flights = pd.read_parquet(ROOT / "data/nycflights13/flights.parquet")
    legs = flights[flights.tailnum.notna() & flights.dep_ts.notna()].sort_values("dep_ts")
    last = legs.groupby("tailnum").carrier.shift()
    return legs[legs.carrier != last][["tailnum", "carrier", "dep_ts"]]


def test_seventeen_aircraft_change_their_carrier_once(stretches: pd.DataFrame) -> None:
    counts = stretches.groupby("tailnum").size()
    assert counts.value_counts().to_dict() == {1: 4020, 2: 17}


@pytest.mark.long
def test_the_view_holds_what_each_snapshot_saw(tmp_path: Path, stretches: pd.DataFrame) -> None:
    in_spring = _carriers_by(stretches, "2013-04-01")
    at_the_end = _carriers_by(stretches, "2014-01-01")
    known = {row[:3] for row in in_spring}
    expected = in_spring + [row for row in at_the_end if row[:3] not in known]
    seen = Counter(row[0] for row in expected)
    assert Counter(seen.values())[2] == 15
    assert seen["N146PQ"] == 2

    for day in (SPRING, YEAR):
        _snapshot(tmp_path, day)
    assert _found(tmp_path) == sorted(expected)
    # As when the demo is run again.
    _snapshot(tmp_path, SPRING)
    assert _found(tmp_path) == sorted(expected)


def _carriers_by(stretches: pd.DataFrame, end: str) -> Carriers:
    """The carrier of each aircraft at the end of a day, which is when that is known."""
    flown = stretches[stretches.dep_ts < pd.Timestamp(end)]
    last = flown.groupby("tailnum").tail(1)
    return [
        (tail, carrier, str(since), f"{end} 00:00:00")
        for tail, carrier, since in last.itertuples(index=False)
    ]


def _snapshot(folder: Path, day: str) -> None:
    copyfile(ROOT / "profiles.example.yml", folder / "profiles.yml")
    env = {
        "DBT_PROFILES_DIR": str(folder),
        "DBT_PROJECT_DIR": str(ROOT),
        "DBT_TARGET": "duckdb",
        # Each with its own: dbt parses everything anew where variables have changed.
        "DBT_TARGET_PATH": str(folder / f"target of {day}"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "FEATURE_WAREHOUSE_DUCKDB_PATH": str(folder / "demo.duckdb"),
        "FEATURE_WAREHOUSE_DATA": str(ROOT / "data" / "nycflights13"),
    }
    arguments = ["build", "--exclude-resource-type", "unit_test", "--indirect-selection", "empty"]
    if day == YEAR:
        arguments += ["--select", "+aircraft_carrier", "aircraft_n146pq_changed_its_carrier"]
    else:
        arguments += ["--select", "+aircraft_carrier", "--vars", f"carriers_as_of: {day}"]
    dbt(*arguments, project=folder, env=env)


def _found(folder: Path) -> Carriers:
    query = (
        "select tailnum, carrier, cast(carrier_since as text), cast(known_at as text)"
        " from aircraft_carrier order by all"
    )
    with duckdb.connect(str(folder / "demo.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()
