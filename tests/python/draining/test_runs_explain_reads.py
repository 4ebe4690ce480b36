"""The two logs together say of every served value where it came from: none is left over.

A source that only grows is loaded, corrected late, published and rolled back at random, and read in
between. Then each logged value has to be what rule 1, as a loop, gives at the clock of the last run
that had come to its end before the read.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from conftest import Runs
from draining.places import SCHEMA, Place
from feature_warehouse import OnlineStore, RequestLog
from feature_warehouse.errors import NotPublishedError
from feature_warehouse.publishing.generations import Generations
from harness.mini import NAMES, NOW, Mini

START = NOW.replace(tzinfo=None)
TTL, GRACE = timedelta(hours=6), timedelta(days=1)
IDS = range(5)
COLUMNS = {"id": "bigint", "ts": "timestamp", "loaded": "timestamp", "score": "double precision"}


class Row(NamedTuple):
    id: int
    event: datetime
    created: datetime
    score: float | None


def answer(rows: list[Row], entity: int, clock: datetime) -> Row | None:
    """Rule 1, without the ttl."""
    best: Row | None = None
    for row in rows:
        if row.id == entity and max(row.event, row.created) <= clock:
            rank = (row.event, row.created, row.score is not None, row.score or 0.0)
            if best is None or rank > (
                best.event, best.created, best.score is not None, best.score or 0.0,
            ):  # fmt: skip
                best = row
    return best


def status_of(row: Row | None, now: datetime) -> str:
    if row is None or row.event < now - TTL - GRACE:
        return "missing"
    return "expired" if row.event < now - TTL else "found"


class Game:
    """A source, a store and a clock that goes on."""

    def __init__(self, mini: Mini, publish: Runs, client: Any, store: OnlineStore) -> None:
        self.mini, self.publish, self.client, self.store = mini, publish, client, store
        self.rows: list[Row] = []
        self.now = START
        self.is_published = False

    def load(self, choose: random.Random) -> None:
        """New rows, late rows, and others for an event that is there."""
        for _ in range(choose.randrange(1, 4)):
            event = self.now - timedelta(minutes=choose.choice((0, 5, 60, 300, 2500)))
            if self.rows and choose.random() < 0.3:
                event = choose.choice(self.rows).event
            score = choose.choice((None, choose.random()))
            self.rows.append(Row(choose.choice(IDS), event, self.now, score))

    def run(self, choose: random.Random) -> None:
        values = [
            f"({row.id}, timestamp '{row.event}', timestamp '{row.created}',"
            f" {'null' if row.score is None else repr(row.score)}::double)"
            for row in self.rows
        ]
        names = ", ".join(COLUMNS)
        query = f"select * from (values {', '.join(values)}) as t({names})"
        self.mini.view("scores", COLUMNS, query, created_timestamp="loaded", ttl="6 hours")
        self.mini.built = NOW + (self.now - START)
        [result] = self.publish(self.mini.built, full_refresh=choose.random() < 0.3).values()
        assert result.status == "success", result.message
        self.is_published = True

    def roll_back(self, _: random.Random) -> None:
        if self.is_published:
            try:
                Generations(self.client, NAMES, "scores").roll_back({})
            except NotPublishedError:
                return

    def read(self, choose: random.Random) -> None:
        if self.is_published:
            ids = [choose.choice((*IDS, 99)) for _ in range(choose.randrange(1, 5))]
            self.store.get_many("risk", [{"id": number} for number in ids])

    def play(self, choose: random.Random) -> None:
        self.load(choose)
        steps: list[Callable[[random.Random], None]] = [
            *([self.load] * 3), *([self.run] * 3), self.roll_back, *([self.read] * 5),
        ]  # fmt: skip
        for _ in range(40):
            choose.choice(steps)(choose)
            # What is loaded at the very clock of a run, after it, no run could see.
            self.now += timedelta(minutes=choose.choice((1, 30, 90)))


@pytest.mark.parametrize("seed", range(3))
def test_every_served_value_is_explained(
    place: Place, mini: Mini, publish: Runs, client: Any, redis_url: str, seed: int
) -> None:
    mini.service("risk", {"view": "scores"})
    log = RequestLog(interval=0.01)
    with OnlineStore.from_url(redis_url, request_log=log) as store:
        game = Game(mini, publish, client, store)
        game.play(random.Random(seed))
    assert [one.message for one in place.drain(client, publications=True)] == ["", ""]
    notes = place.rows(
        f"select * from {SCHEMA}.feature_warehouse_publications order by finished_at"
    )
    served = place.rows(f"select * from {SCHEMA}.requests_risk")
    assert len(served) == log.written > 10
    for row in served:
        last = [one for one in notes if one["finished_at"] <= row["requested_at"]][-1]
        wanted = answer(game.rows, row["id"], last["clock"])
        status = status_of(wanted, row["clock"])
        found = wanted if status == "found" else None
        version = None if status == "missing" or wanted is None else wanted
        assert row["clock"] == last["clock"]
        assert (row["scores_status"], row["score"]) == (status, found and found.score)
        assert (row["scores_event_timestamp"], row["scores_created_timestamp"]) == (
            version and version.event,
            version and version.created,
        )
        assert row["scores_generation"] == last["generation"]
        if version is not None:
            # The run that wrote it is one that could know it.
            [wrote] = [
                one
                for one in notes
                if one["run"] == row["scores_run"] and one["mode"] != "rollback"
            ]
            assert wrote["finished_at"] <= row["requested_at"]
            assert wrote["clock"] >= max(version.event, version.created)
    assert {row["scores_status"] for row in served} >= {"found", "missing"}
