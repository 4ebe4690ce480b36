"""A source, a store and a clock, played at random, and the law as a loop of what was served.

The loop knows what no log tells: which rows the warehouse had when each run read it. A served value
is right if it is the rule's answer over those; the verdict is then what has come since.
"""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.errors import NotPublishedError
from feature_warehouse.publishing.generations import Generations
from skew.site import NAMES, START, Score, Site

IDS = range(5)
HOUR = 3_600_000_000
TTL = 6 * HOUR


def available(row: Score) -> datetime:
    return max(row.ts, row.loaded)


def newest(rows: Sequence[Score], entity: int, clock: datetime) -> Score | None:
    """Rule 1, without the ttl; no two rows of the game tie."""
    known = [row for row in rows if row.id == entity and available(row) <= clock]
    return max(known, key=lambda row: (row.ts, row.loaded), default=None)


class InService(NamedTuple):
    """What a generation was published from, the clock of its last run, and the ttl.

    ``torn`` are the rows and clocks of runs since that were killed: any of their rows may be there.
    """

    rows: tuple[Score, ...]
    clock: datetime
    ttl: int | None
    torn: tuple[tuple[tuple[Score, ...], datetime], ...] = ()


class Killed(BaseException):
    """What no handler of ours expects."""


class Read(NamedTuple):
    entity: int
    at: datetime
    given: InService


class Game:
    """Rows of ``scores`` alone; ``wanted`` are the verdicts of its feature ``score``.

    ``published`` has when each run over it, or rollback, came to its end.
    """

    def __init__(self, site: Site, url: str, choose: random.Random) -> None:
        self.site, self._url, self._choose = site, url, choose
        self.rows: list[Score] = []
        self.now = START
        self.reads: list[Read] = []
        self.published: list[datetime] = []
        self._generations: dict[int, InService] = {}
        self._unread = 0

    def play(self, steps: int, *, kills: bool = False, plain: bool = False) -> None:
        """``plain`` leaves out what may have been seen or not, and other declarations."""
        self.load()
        self.run()
        others = [] if plain else [self.run_of_a_build, self.run_of_another_schema]
        chances: list[Callable[[], None]] = [
            *([self.load] * 3), *([self.run] * 2), *others, self.roll_back, *([self.read] * 6),
        ]  # fmt: skip
        chances += [self.run_that_is_killed] * 2 * kills
        for _ in range(steps):
            self._choose.choice(chances)()
            self.now += timedelta(minutes=self._choose.choice((1, 20, 90)))

    def load(self) -> None:
        """New rows, late rows, and corrections of events that are there."""
        self._load(*(self._row(self.now) for _ in range(self._choose.randrange(1, 5))))

    def _row(self, loaded: datetime) -> Score:
        choose = self._choose
        event = loaded - timedelta(minutes=choose.choice((0, 7, 60, 300, 2500)))
        entity = choose.choice(IDS)
        if self.rows and choose.random() < 0.3:
            entity, event, *_ = choose.choice(self.rows)
        # So that no two rows tie.
        loaded += timedelta(microseconds=len(self.rows) + 1 + self._unread)
        self._unread += 1
        score = choose.choice((None, 0.0, -0.0, 1.5, choose.random()))
        return Score(entity, event, loaded, score)

    def _load(self, *rows: Score) -> None:
        self.site.load(*rows)
        self.rows += rows

    def run(self, views: dict[str, FeatureView] | None = None) -> None:
        self.now += timedelta(minutes=1)
        self.site.publish(self.now, full_refresh=self._choose.random() < 0.3, views=views)
        ttl = views["scores"].ttl if views else self.site.registry.views["scores"].ttl
        self._publish(ttl)

    def run_of_a_build(self) -> None:
        """Rows are loaded while dbt builds: some are seen, and others are there later."""
        begun = self.now
        self.now += timedelta(minutes=10)
        during = [self._row(begun + timedelta(minutes=1)) for _ in range(4)]
        self._load(*during[:2])
        self.site.publish(self.now, built_at=begun)
        self._publish(TTL)
        self._load(*during[2:])

    def run_of_another_schema(self) -> None:
        """The view has its columns in another order, or another ttl, and so a new generation."""
        view = self.site.registry.views["scores"]
        changes: list[dict[str, Any]] = [
            {"features": view.features[::-1]}, {"ttl": HOUR}, {"ttl": None},
        ]  # fmt: skip
        changed = msgspec.structs.replace(view, **self._choose.choice(changes))
        self.run(views={"scores": changed})

    def run_that_is_killed(self) -> None:
        """After it has sent rows, and before it is complete."""
        self.now += timedelta(minutes=1)
        number = self._in_service()

        def kill(*_: Any) -> None:
            raise Killed

        with suppress(Killed):
            self.site.publish(self.now, progress=kill)
            self._publish(TTL)
            return
        self.site.client.delete(NAMES.lock("scores"))
        assert self._in_service() == number
        given = self._generations[number]
        torn = (*given.torn, (tuple(self.rows), self.now))
        self._generations[number] = given._replace(torn=torn)

    def roll_back(self) -> None:
        try:
            Generations(self.site.client, NAMES, "scores").roll_back({})
        except NotPublishedError:
            return
        self.published.append(self.now)

    def _publish(self, ttl: int | None) -> None:
        self._generations[self._in_service()] = InService(tuple(self.rows), self.now, ttl)
        self.published.append(self.now)

    def _in_service(self) -> int:
        found = Generations(self.site.client, NAMES, "scores").pointer().value.version
        assert isinstance(found, int)
        return found

    def read(self) -> None:
        asked = [self._choose.choice((*IDS, 99)) for _ in range(self._choose.randrange(1, 5))]
        given = self._generations[self._in_service()]
        at = max(self.now, given.clock)
        self.site.read(self._url, at, *((one, "Rome") for one in asked))
        self.reads += [Read(one, at, given) for one in asked]

    def wanted(self, logged: Sequence[tuple[float | None, str]]) -> list[tuple[str, float | None]]:
        """The verdict of each served score, and the score, in the order of the reads.

        Of several scores that a read may have got it is the one that was ``logged``.
        """
        return [self._wanted(*pair) for pair in zip(self.reads, logged, strict=True)]

    def _wanted(self, read: Read, logged: tuple[float | None, str]) -> tuple[str, float | None]:
        entity, at, given = read
        latest = newest(self.rows, entity, at)
        for rows, clock in ((given.rows, given.clock), *given.torn):
            served = fresh(newest(rows, entity, clock), at, given.ttl)
            value = served and served.score
            if repr((value, served is not None)) == repr((logged[0], logged[1] == "found")):
                break
        # What a training set of today has, or would have if the ttl were still that of then.
        for ttl in (given.ttl, TTL):
            now = fresh(latest, at, ttl)
            if repr(value) == repr(now and now.score):
                return ("equal" if served else "missing"), value
        now = fresh(latest, at, given.ttl)
        assert now is not None
        return ("late" if now.ts <= given.clock else "stale"), value


def fresh(row: Score | None, at: datetime, ttl: int | None) -> Score | None:
    """The row, if it is within its ttl."""
    if row is None or ttl is None or row.ts >= at - timedelta(microseconds=ttl):
        return row
    return None
