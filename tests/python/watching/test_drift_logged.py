"""Drift of logged requests: the values are those that readers got, the figures are numpy's."""

import json
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest
import redis
from scipy.stats import ks_2samp

from feature_warehouse import OnlineStore, RequestLog
from feature_warehouse.dev.servers import Valkey
from harness.engines import literal
from watching.conftest import Watched
from watching.project import TTL
from watching.rows import CLEAN, CLOCK, newest, served
from watching.test_drift import WEEK, _psi, _shares

Row = dict[str, Any]

INSTANTS = [
    *(CLEAN - timedelta(days=days) for days in (7, 6.5, 4, 2, 0)),
    *(CLOCK - timedelta(days=days) for days in (6.9, 5, 3, 1, 0)),
]
"""When requests are made: of two weeks, whose ends belong to them, and whose beginnings do not."""

NUMBERS = ("level", "price", "level_age", "ratio", "ratio_age", "tone", "cost", "double_ratio")
ONLY_NULLS = ("level_at",)
OF_RATIOS = ("ratio", "ratio_age", "double_ratio")
"""What is compared with the week before."""

PERSONAL = "personal data is not in the log"
KEYLESS = "the key 'phone' is personal data and not in the log"


class Logged(NamedTuple):
    """A project with a request log, and what its readers got: a row for each request."""

    watched: Watched
    rows: list[Row]

    def drift(self, *arguments: str) -> Any:
        """The report and its features by name."""
        result = self.watched.drift("asked", "--json", *arguments)
        assert result.stderr == ""
        report = json.loads(result.stdout)
        return report, {one["feature"]: one for one in report["features"]}

    def between(self, begin: datetime, end: datetime) -> list[Row]:
        return [row for row in self.rows if begin < row["at"] <= end]

    def trained_on(self) -> list[Row]:
        """The rows of the training set."""
        found = []
        tones = {row.phone: row for row in reversed(self.watched.requests) if row.request < 400}
        for row in served(self.watched.readings, self.watched.requests):
            known = tones.get(row["phone"])
            tone = known.request % 7 if known and known.at <= row["at"] else None
            is_fresh = row["age"] is not None and row["age"] <= TTL / timedelta(seconds=1)
            shown = {
                name: row[name] if is_fresh else None
                for name in ("level", "kind", "price", "email")
            }
            amount, price = row["amount"], shown["price"]
            found.append(
                shown
                | {
                    "level_at": row["ts"] if is_fresh else None,
                    "level_age": row["age"] if is_fresh else None,
                    "tone": tone,
                    "cost": None if None in (amount, price) else amount * price,
                    "later": None if amount is None else amount + 1,
                }
            )
        return found


@pytest.fixture(scope="module")
def logged(watched: Watched, valkey_server: Valkey) -> Iterator[Logged]:
    """Rows are published once, in the last week, and read at all instants."""
    url = valkey_server.url
    with redis.Redis.from_url(url) as client:
        client.flushall()
    environment = {"REDIS_URL": url}
    at = (CLOCK - timedelta(days=2)).isoformat()
    done = watched.command("materialize", "--as-of", at, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = list(_read(url, watched))
    done = watched.command("drain", "--create", "asked", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    watched.ask("update requests_asked set fingerprint = 'x' where request_id = 'another'")
    # In the first week readers had no key for hashes. The label set has a `clock` of its own.
    watched.ask(f"update requests_asked set phone = null where clock_ <= {literal(CLEAN)}")
    yield Logged(watched, rows)
    watched.ask("drop table requests_asked")


def _read(url: str, watched: Watched) -> Iterator[Row]:
    """Busy meters, those that are unknown, and those whose rows are too old."""
    chance = random.Random(22)
    log = RequestLog(interval=0.01, pii_key=os.urandom(16))
    with OnlineStore.from_url(
        url, project=watched.project.name, environment=watched.engine, request_log=log
    ) as store:
        for at in INSTANTS:
            asked = [
                {
                    "meter": int(chance.expovariate(1 / 80)),
                    "phone": f"+1 555 {chance.randrange(600):04}",
                    "amount": (amount := round(chance.uniform(0, 150), 2)),
                    "clock": amount,
                }
                for _ in range(20 if at == CLEAN - WEEK else 120)
            ]
            read_at = at.replace(tzinfo=UTC)
            found = store.get_many("asked", asked, at=read_at).to_dicts()
            for given, one in zip(asked, found, strict=True):
                kind = one["kind"].rstrip(" ") if one["kind"] else one["kind"]
                yield {**given, **one, "kind": kind, "at": at}
            store.get_many("asked", asked[:7], at=read_at, request_id="another")


def _compare(one: Row, now: list[Any], then: list[Any]) -> None:
    """All figures of a feature."""
    name = one["feature"]
    assert (one["now_rows"], one["then_rows"]) == (len(now), len(then)), name
    assert (one["now_nulls"], one["then_nulls"]) == (now.count(None), then.count(None)), name
    now, then = ([value for value in side if value is not None] for side in (now, then))
    if name in ONLY_NULLS:
        assert one["bins"] == []
        return
    rows_now, rows_then = _shares(now, then)
    assert [each["now_rows"] for each in one["bins"]] == rows_now, name
    assert [each["then_rows"] for each in one["bins"]] == rows_then, name
    assert one["measures"]["psi"] == pytest.approx(_psi(rows_now, rows_then), rel=1e-9), name
    if name in NUMBERS:
        statistic = ks_2samp(np.array(now, float), np.array(then, float)).statistic
        assert one["measures"]["kolmogorov_smirnov"] == pytest.approx(statistic, abs=1e-12), name


def test_what_readers_got_is_compared(logged: Logged) -> None:
    report, features = logged.drift("--as-of", CLOCK.isoformat())
    now, before = logged.between(CLEAN, CLOCK), logged.between(CLEAN - WEEK, CLEAN)
    assert (len(now), len(before)) == (600, 480)
    assert (report["requests"], report["of_another_fingerprint"]) == (600, 35)
    trained = logged.trained_on()
    taken = {name for name, one in features.items() if one["source"] == "requests"}
    assert taken == {*NUMBERS, *ONLY_NULLS, "kind", "later"}
    for name in taken:
        then = before if name in OF_RATIOS else trained
        _compare(features[name], [row[name] for row in now], [row[name] for row in then])
    # Rows that were missing or expired are NULLs, as the model got them.
    assert features["level"]["now_nulls"] > 60
    known = {row["meter"] for row in now}
    assert features["level"]["entities"] == features["ratio"]["entities"] == len(known)
    assert features["tone"]["entities"] == len({row["phone"] for row in now})
    # What the log does not have is judged as before.
    for name in ("email", "is_known"):
        assert (features[name]["source"], features[name]["note"]) == ("labels", PERSONAL)
        asked = [row for row in logged.watched.requests if CLEAN < row.at <= CLOCK]
        assert features[name]["now_rows"] == len(asked)
    assert len(features) == len(taken) + 2


@pytest.mark.parametrize("watched", ["duckdb"], indirect=True)
def test_what_is_not_logged_is_compared_as_before(logged: Logged) -> None:
    """And text, page and JSON say so."""
    result = logged.watched.drift("asked", "--as-of", CLEAN.isoformat())
    assert result.stderr == ""
    folder = logged.watched.target / "drift"
    report = json.loads((folder / "asked.json").read_text())
    features = {one["feature"]: one for one in report["features"]}
    few = "480 requests were logged, and minimum_rows is 550"
    few_before = "20 requests of the time before were logged, and minimum_rows is 50"
    asked = sum(CLEAN - WEEK < row.at <= CLEAN for row in logged.watched.requests)
    meters = len(newest(logged.watched.readings, CLEAN))
    assert {
        name: (one["source"], one["now_rows"], one["note"]) for name, one in features.items()
    } == {
        "level": ("requests", 480, ""),
        "kind": ("requests", 480, ""),
        "level_at": ("requests", 480, ""),
        "level_age": ("requests", 480, ""),
        "price": ("labels", asked, few),
        "cost": ("labels", asked, few),
        "email": ("labels", asked, PERSONAL),
        "is_known": ("labels", asked, PERSONAL),
        "tone": ("labels", asked, KEYLESS),
        # Of the request alone: its entities are those of the service.
        "later": ("labels", asked, KEYLESS),
        "ratio": ("newest_rows", meters, few_before),
        "ratio_age": ("", 0, few_before),
        "double_ratio": ("", 0, few_before),
    }
    off = {name: one["reason"] for name, one in features.items() if one["verdict"] == "off"}
    assert off.keys() == {"ratio_age", "double_ratio"}
    now, then = logged.between(CLEAN - WEEK, CLEAN), logged.trained_on()
    _compare(features["level"], [row["level"] for row in now], [row["level"] for row in then])
    told = [line for line in result.stdout.splitlines() if line.startswith("now of ")]
    assert len(told) == 5
    assert told[0].endswith(": 480 logged requests")
    assert set(told[0].removeprefix("now of ").partition(":")[0].split(", ")) == {
        name for name, one in features.items() if one["source"] == "requests"
    }
    assert (
        f"now of ratio: {meters} newest rows of all entities of ratios, because {few_before}"
        in told
    )
    fingerprint = report["fingerprint"]
    assert (
        f"28 logged requests have another fingerprint than {fingerprint}, and are left out"
        in result.stdout
    )
    page = (folder / "asked.html").read_text()
    for line in told:
        assert f"<li>{line.replace('now', 'Now', 1)}</li>".replace("'", "&#39;") in page
    assert "Now 480 logged requests, " in page
    assert f"Baseline: newest rows of all entities before. Now {meters} newest rows" in page


@pytest.mark.dbt_1
@pytest.mark.parametrize("watched", ["duckdb"], indirect=True)
def test_requests_alone_and_labels_alone(logged: Logged) -> None:
    """By the command and by the generic test."""
    _, features = logged.drift("--as-of", CLEAN.isoformat(), "--source", "requests")
    off = {name: one["reason"] for name, one in features.items() if one["verdict"] == "off"}
    assert off == {"email": PERSONAL, "is_known": PERSONAL, "tone": KEYLESS, "later": KEYLESS}
    assert {one["source"] for name, one in features.items() if name not in off} == {"requests"}
    for name in OF_RATIOS:
        assert (features[name]["now_rows"], features[name]["then_rows"]) == (480, 20)
        assert features[name]["reason"] == "fewer than 50 rows"
    alarms = sum(one["verdict"] == "alarm" for one in features.values())
    assert alarms > 0
    said = logged.watched.dbt("test", "--select", "asked", code=1)
    assert f" FAIL {alarms} asked_requests " in said, said
    assert " PASS asked_labels " in said, said


@pytest.mark.parametrize("watched", ["duckdb"], indirect=True)
def test_requests_that_are_not_there_are_one_line(watched: Watched) -> None:
    result = watched.drift("meters", "--source", "requests")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "feature-warehouse: training set 'training': there is no table main.requests_meters of"
        " logged requests; run `feature-warehouse drain --create`, or compare label rows (source:"
        " labels)\n"
    )
