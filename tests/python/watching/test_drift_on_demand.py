"""Drift of what is computed when asked: as of stored features, by values worked out in Python."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from scipy.stats import ks_2samp

from watching.conftest import Watched
from watching.rows import CLEAN, CLOCK, served
from watching.test_drift import WEEK, _days_apart, _psi, _shares

Row = dict[str, Any]


def _of(function: Callable[..., Any], *names: str) -> Callable[[Row], Any]:
    """NULL if an input is."""

    def value(row: Row) -> Any:
        given = [row[name] for name in names]
        return None if None in given else function(*given)

    return value


def _band(row: Row) -> str | None:
    if row["amount"] is None or row["amount"] >= 60:
        return None
    return "low" if row["amount"] < 30 else "mid"


VALUES: dict[str, Callable[[Row], Any]] = {
    "level": lambda row: row["level"],
    "price": lambda row: row["price"],
    "email": lambda row: row["email"],
    "reading_at": lambda row: row["ts"],
    "reading_age": lambda row: row["age"],
    "cost": _of(lambda amount, price: amount * price, "amount", "price"),
    "is_dear": _of(lambda amount, price: amount * price > 500, "amount", "price"),
    "band": _band,
    "is_nightly": lambda row: row["at"].hour < 6,
    "hours_old": _of(lambda age: age / 3600, "age"),
    "twice": _of(lambda ratio: ratio + ratio, "ratio"),
    "copied_still": _of(lambda level: level + 1, "level"),
    "is_known": lambda row: (row["email"] or row["phone"]) == "x",
    "called": lambda row: row["phone"],
    "priced": _of(lambda amount: amount * 3, "amount"),
    "taxed": _of(lambda price: price * 5, "price"),
}
"""What is judged; the rest is off."""

ONLY_NULLS = {"email", "reading_at", "is_known", "called"}
"""Personal data, also by way of others, and what has no distribution."""

OFF = {
    "steps": "it follows the level",
    "has_open": "computed from 'is_open', which is off: a coin is tossed for it",
    "copied": (
        "computed from 'copy_level', which is compared by newest rows, and these have no request"
    ),
    "copy_age": (
        "only a request has it, and the newest rows that view 'copies' is compared by have none"
    ),
}
EXPRESSIONS = {
    "cost": "amount * price",
    "is_dear": "cost > 500",
    "copied": "copy_level + amount",
    "price": "",
    "reading_age": "",
}


@pytest.fixture(scope="module", params=["clean", "drifted"])
def answer(
    watched: Watched, request: pytest.FixtureRequest
) -> tuple[datetime, dict[str, Any], int]:
    clock = {"clean": CLEAN, "drifted": CLOCK}[request.param]
    result = watched.drift("computed", "--as-of", clock.isoformat(), "--json")
    assert result.stderr == ""
    features = {one["feature"]: one for one in json.loads(result.stdout)["features"]}
    return clock, features, result.returncode


def test_values_are_compared(
    watched: Watched, answer: tuple[datetime, dict[str, Any], int]
) -> None:
    clock, features, _ = answer
    assert features.keys() == VALUES.keys() | OFF.keys()
    vectors = served(watched.readings, watched.requests)
    for name, value in VALUES.items():
        one = features[name]
        now = [value(row) for row in vectors if clock - WEEK < row["at"] <= clock]
        then = [
            value(row)
            for row in vectors
            # Its input has the baseline `season`, and is judged since then.
            if name != "twice"
            or (row["at"] >= datetime(2026, 1, 15) and _days_apart(row["at"], clock) <= 30)
        ]
        assert (one["now_rows"], one["then_rows"]) == (len(now), len(then)), name
        assert (one["now_nulls"], one["then_nulls"]) == (now.count(None), then.count(None)), name
        if name in ONLY_NULLS:
            assert one["bins"] == [], name
            continue
        now, then = ([each for each in side if each is not None] for side in (now, then))
        rows_now, rows_then = _shares(now, then)
        assert [each["now_rows"] for each in one["bins"]] == rows_now, name
        assert [each["then_rows"] for each in one["bins"]] == rows_then, name
        assert one["measures"]["psi"] == pytest.approx(_psi(rows_now, rows_then), rel=1e-9), name
        if not isinstance(then[0], str | bool):
            statistic = ks_2samp(np.array(now, float), np.array(then, float)).statistic
            assert one["measures"]["kolmogorov_smirnov"] == pytest.approx(statistic, abs=1e-12)


def test_they_are_judged_as_what_they_are_computed_from(
    answer: tuple[datetime, dict[str, Any], int],
) -> None:
    clock, features, code = answer
    assert {n: one["reason"] for n, one in features.items() if one["verdict"] == "off"} == OFF
    assert features["twice"]["baseline"] == "season"
    assert features["cost"]["baseline"] == features["is_nightly"]["baseline"] == "training_set"
    assert features["twice"]["limits"]["psi"] == 9
    assert features["copied_still"]["limits"]["psi"] == 0.2
    assert features["cost"]["limits"]["psi"] == 0.25
    alarms = {name for name, one in features.items() if one["verdict"] == "alarm"}
    if clock == CLEAN:
        assert (alarms, code) == (set(), 0)
    else:
        wanted = {"level", "price", "cost", "is_dear", "band", "copied_still", "priced"}
        assert (alarms, code) == (wanted, 1)
    for name, text in EXPRESSIONS.items():
        assert features[name]["expression"] == text
        assert bool(features[name]["view"]) != bool(text)


def test_entities_are_those_of_their_views(
    watched: Watched, answer: tuple[datetime, dict[str, Any], int]
) -> None:
    clock, features, _ = answer
    asked = {
        row.meter
        for row in watched.requests
        if row.meter is not None and clock - WEEK < row.at <= clock
    }
    # A view of a single entity that says that one is enough does not count.
    for name in ("cost", "band", "is_nightly", "reading_age", "priced"):
        assert features[name]["entities"] == len(asked), name
    # And the fewest count.
    assert features["taxed"]["entities"] == 1
    assert features["taxed"]["reason"] == "fewer than 200 entities"


def test_text_and_page_name_what_is_off(watched: Watched) -> None:
    result = watched.drift("computed", "--as-of", CLEAN.isoformat())
    assert result.returncode == 0, result.stderr
    *lines, page = result.stdout.splitlines()
    html = (watched.target / "drift" / "computed.html").read_text()
    assert page.endswith("computed.html")
    for name, reason in OFF.items():
        [line] = [line for line in lines if line.split()[1:2] == [name]]
        assert line.split(maxsplit=2) == ["off", name, reason]
        assert f"<h2>{name}</h2>" in html
        assert reason.replace("'", "&#39;") in html
    assert "= <code>copy_level + amount</code>" in html
    report = json.loads((watched.target / "drift" / "computed.json").read_text())
    assert {one["feature"] for one in report["features"] if one["verdict"] == "off"} == OFF.keys()
    assert "+1 555" not in html + json.dumps(report)


@pytest.mark.dbt_1
def test_the_generic_test_judges_them(watched: Watched) -> None:
    said = watched.dbt("test", "--select", "computed", code=1)
    lines = [line for line in said.splitlines() if " of 2 " in line]
    assert any(" PASS computed_clean " in line for line in lines), said
    assert any(" FAIL 7 computed_drifted " in line for line in lines), said
