"""Drift is what numpy and scipy compute of the same rows; alarms stop a scheduled job."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from watching.conftest import Watched
from watching.rows import CLEAN, CLOCK, newest, served

NUMBERS = ("level", "price", "ratio")
CLOCKS = {"clean": CLEAN, "drifted": CLOCK}
WEEK = timedelta(weeks=1)

Answer = tuple[datetime, dict[str, Any], int]
"""A clock, what the command said of each feature, and its exit code."""


@pytest.fixture(scope="module", params=list(CLOCKS))
def answer(watched: Watched, request: pytest.FixtureRequest) -> Answer:
    clock = CLOCKS[request.param]
    result = watched.drift("meters", "--as-of", clock.isoformat(), "--json")
    assert result.stderr == ""
    features = {one["feature"]: one for one in json.loads(result.stdout)["features"]}
    return clock, features, result.returncode


def _populations(watched: Watched, feature: str, clock: datetime) -> tuple[list[Any], list[Any]]:
    """The values of a feature now and then, as the rules of the project say."""
    if feature.startswith("copy_"):
        name = feature.removeprefix("copy_")
        return (
            [getattr(row, name) for row in newest(watched.readings, clock).values()],
            [getattr(row, name) for row in newest(watched.readings, clock - WEEK).values()],
        )
    vectors = served(watched.readings, watched.requests)
    now = [row[feature] for row in vectors if clock - WEEK < row["at"] <= clock]
    then = vectors
    if feature == "ratio":
        then = [
            row
            for row in vectors
            if row["at"] >= datetime(2026, 1, 15) and _days_apart(row["at"], clock) <= 30
        ]
    return now, [row[feature] for row in then]


def _days_apart(one: datetime, other: datetime) -> int:
    days = abs(one.timetuple().tm_yday - other.timetuple().tm_yday)
    return min(days, 365 - days)


def _shares(now: Sequence[Any], then: Sequence[Any]) -> tuple[list[int], list[int]]:
    """Rows by bin: ten of equal mass of then for numbers, the frequent values else."""
    bin_of: Callable[[Any], int]
    if isinstance(then[0], str | bool):
        known = sorted(set(then), key=lambda value: (-then.count(value), str(value).encode()))
        place = {value: min(number, 20) for number, value in enumerate(known)}

        def bin_of(value: Any) -> int:
            return place.get(value, 21)
    else:
        ordered = np.sort(np.array(then, dtype=float))

        def bin_of(value: Any) -> int:
            below = int(np.searchsorted(ordered, float(value), "left"))
            return min(10 * below // len(then), 9)

    bins = sorted({bin_of(value) for value in [*now, *then]})
    ours = [bin_of(value) for value in now]
    theirs = [bin_of(value) for value in then]
    return [ours.count(number) for number in bins], [theirs.count(number) for number in bins]


def _psi(now: list[int], then: list[int]) -> float:
    p = (np.array(now) + 0.5) / (sum(now) + 0.5 * len(now))
    q = (np.array(then) + 0.5) / (sum(then) + 0.5 * len(then))
    return float(((p - q) * np.log(p / q)).sum())


def test_figures(watched: Watched, answer: Answer) -> None:
    clock, features, _ = answer
    judged = [name for name, one in features.items() if one["baseline"]]
    assert len(judged) == 13
    for name in judged:
        now, then = _populations(watched, name, clock)
        one = features[name]
        assert (one["now_rows"], one["then_rows"]) == (len(now), len(then)), name
        assert (one["now_nulls"], one["then_nulls"]) == (now.count(None), then.count(None)), name
        expected = abs(now.count(None) / len(now) - then.count(None) / len(then))
        assert one["measures"]["null_share"] == pytest.approx(expected, abs=1e-12), name
        short = name.removeprefix("copy_")
        if short in ("email", "seen"):
            assert one["bins"] == []
            continue
        now, then = ([value for value in side if value is not None] for side in (now, then))
        rows_now, rows_then = _shares(now, then)
        assert [each["now_rows"] for each in one["bins"]] == rows_now, name
        assert [each["then_rows"] for each in one["bins"]] == rows_then, name
        measures = one["measures"]
        assert measures["psi"] == pytest.approx(_psi(rows_now, rows_then), rel=1e-9), name
        distance = jensenshannon(rows_now, rows_then, base=2)
        assert measures["jensen_shannon"] == pytest.approx(distance, abs=1e-9), name
        if short in NUMBERS:
            statistic = ks_2samp([float(v) for v in now], [float(v) for v in then]).statistic
            assert measures["kolmogorov_smirnov"] == pytest.approx(statistic, abs=1e-12), name
            assert measures["new_values"] is None
        else:
            known = set(then)
            new = sum(value not in known for value in now) / len(now)
            assert measures["new_values"] == pytest.approx(new, abs=1e-12), name
            assert measures["kolmogorov_smirnov"] is None


def test_verdicts(answer: Answer) -> None:
    clock, features, code = answer
    verdicts = {name: one["verdict"] for name, one in features.items()}
    assert verdicts.pop("is_open") == "off"
    assert features["is_open"]["reason"] == "a coin is tossed for it"
    alarms = {name for name, verdict in verdicts.items() if verdict == "alarm"}
    if clock == CLEAN:
        assert (alarms, code) == (set(), 0)
        return
    assert code == 1
    assert alarms == {"level", "price", "kind", "copy_level", "copy_price", "copy_kind"}
    assert next(iter(features)) in alarms, "the worst comes first"


def test_entities_are_counted(watched: Watched, answer: Answer) -> None:
    clock, features, _ = answer
    asked = {
        row.meter
        for row in watched.requests
        if row.meter is not None and clock - WEEK < row.at <= clock
    }
    assert features["level"]["entities"] == len(asked)
    assert features["copy_level"]["entities"] == len(newest(watched.readings, clock))


@pytest.mark.parametrize("watched", ["duckdb"], indirect=True)
def test_few_rows_are_not_judged(watched: Watched) -> None:
    clock = CLOCK.isoformat()
    result = watched.drift("meters", "--as-of", clock, "--json", "--last", "1 hour")
    features = {one["feature"]: one for one in json.loads(result.stdout)["features"]}
    assert features["level"]["verdict"] == "not judged"
    assert features["level"]["reason"] == "fewer than 50 rows"
    result = watched.drift("meters", "--as-of", "2026-01-16", "--json")
    features = {one["feature"]: one for one in json.loads(result.stdout)["features"]}
    assert features["ratio"]["reason"] == "judged from 2026-01-15 on"


def test_what_only_grows_is_judged_only_if_asked(watched: Watched) -> None:
    result = watched.drift("grown", "--as-of", CLEAN.isoformat(), "--json")
    features = {one["feature"]: one for one in json.loads(result.stdout)["features"]}
    off = {name for name, one in features.items() if one["verdict"] == "off"}
    assert off == {"readings_all_time", "level_sum_all_time", "kind_count_distinct_all_time"}
    assert {features[name]["reason"] for name in off} == {
        "a count or a sum over all time only grows"
    }
    assert features["price_count_all_time"]["verdict"] == "alarm"
    assert len(features) == 10


@pytest.mark.dbt_1
def test_the_generic_test_fails_on_drift_only(watched: Watched) -> None:
    said = watched.dbt("test", "--select", "training", code=1)
    lines = [line for line in said.splitlines() if " of 2 " in line]
    assert any(" PASS clean " in line for line in lines), said
    assert any(" FAIL 6 drifted " in line for line in lines), said


@pytest.mark.parametrize("watched", ["postgres"], indirect=True)
def test_nothing_is_left_in_the_warehouse(watched: Watched) -> None:
    query = (
        f"select table_name from information_schema.tables where table_schema = '{watched.schema}'"
        " order by 1"
    )
    before = watched.ask(query)
    watched.drift("meters", "--as-of", CLOCK.isoformat())
    assert watched.ask(query) == before


@pytest.mark.parametrize("watched", ["duckdb"], indirect=True)
def test_an_unknown_service_is_one_line(watched: Watched) -> None:
    result = watched.drift("nobody")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "feature-warehouse: drift: there is no service 'nobody'; known are asked, computed,"
        " grown, meters\n"
    )


@pytest.mark.parametrize("watched", ["duckdb"], indirect=True)
@pytest.mark.parametrize(
    ("last", "words"), [("1 month", "fixed length of time"), ("0 days", "longer than 0")]
)
def test_a_wrong_length_is_one_line(watched: Watched, last: str, words: str) -> None:
    result = watched.drift("meters", "--last", last)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
