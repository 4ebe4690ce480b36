"""Versions of a view and of its service, added, built, published, rolled back, dropped and pruned
at random, and what each name has to give then: a model in plain sets.

A value tells its version: 2007 is the seventh value that was ever built, of version 2.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
import redis
from redis.connection import AbstractConnection

from feature_warehouse import FingerprintError, NotPublishedError, OnlineStore
from feature_warehouse.engines import open_warehouse
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.services import Services
from harness.mini import NAMES, NOW, SCORES, Mini
from harness.publishers import profile_of, pruned, registry_of

__all__ = ["Game", "Later"]

VERSIONS: Final = (1, 2, 3)
ENTITIES: Final = [{"id": 1}, {"id": 2}]
LATEST: Final = ("orders", "churn")
EVERYTHING: Final = [*LATEST, *(f"{name}.v{version}" for name in LATEST for version in VERSIONS)]
DAY: Final = 86_400
LATELY: Final = 30
"""Days within which a reader counts."""

Values = set[float]


class KilledError(BaseException):
    """Nothing is sent any more."""


class Later:
    """Stands for the module ``time`` of readers, whose days pass when we say so."""

    def __init__(self, real: Any) -> None:
        self.days = 0
        self._real, self.time_ns = real, real.time_ns

    def monotonic(self) -> float:
        return float(self._real.monotonic()) + self.days * DAY


class Game:
    """A project, a server, and what readers must be told.

    ``there`` are the names that must be readable, ``maybe`` those that may be: a run that was cut
    off has left or made them. ``online`` are the values that a version may have, ``before`` those
    of its generation before, if they are known.
    """

    def __init__(self, mini: Mini, client: "redis.Redis", later: Later, seed: int) -> None:
        self.mini, self.client, self.later = mini, client, later
        self.dice = random.Random(seed)
        self.story: list[str] = [f"seed {seed}"]
        self.built: dict[int, float] = {}
        self.count = 0
        self.latest = 1
        self.there: set[str] = set()
        self.maybe: set[str] = set()
        self.online: dict[int, Values] = {version: set() for version in VERSIONS}
        self.history: dict[int, Values] = {version: set() for version in VERSIONS}
        self.before: dict[int, Values] = {}
        self.stands_for: set[int] = set()
        self.read_on: dict[str, int] = {}
        self.fingerprints: dict[int, str] = {}
        self.kills = self.removals = self.rollbacks = 0
        self.marking, self.silent = (self._store(mark_reads=flag) for flag in (True, False))
        self._build(1)

    def _store(self, **options: Any) -> OnlineStore:
        return OnlineStore(self.client, project="mini", environment="dev", **options)

    def play(self, moves: int) -> None:
        self._publish()
        kinds: list[tuple[Callable[[], None], int]] = [
            (self.build, 2),
            (self.add_or_drop, 6),
            (self.publish, 8),
            (self.publish_and_be_killed, 2),
            (self.roll_back, 3),
            (self.read, 3),
            (self.days_pass, 4),
        ]
        functions, weights = zip(*kinds, strict=True)
        for _ in range(moves):
            [move] = self.dice.choices(functions, weights)
            self.story.append(move.__name__)
            move()
            self.check(self.silent)
            self.check(self._store(mark_reads=False))

    # What people do.

    def build(self) -> None:
        """New values of a version, at times with another ttl, which needs a new generation."""
        self._build(self.dice.choice(sorted(self.built)))

    def _build(self, version: int) -> None:
        self.count += 1
        value = version * 1000.0 + self.count
        rows = " union all ".join(
            f"select {one['id']} as id, timestamp '2026-01-01' as ts, {value}::double as score"
            for one in ENTITIES
        )
        ttl: dict[str, Any] = self.dice.choice([{}, {}, {"ttl": "5 days"}])
        self.mini.view(f"orders.v{version}", SCORES, rows, **ttl)
        self.mini.service(f"churn.v{version}", {"view": f"orders.v{version}"})
        self.built[version] = value

    def add_or_drop(self) -> None:
        """A version comes into the project, or goes out of it; another may be the latest."""
        version = self.dice.choice(VERSIONS)
        if version not in self.built:
            self._build(version)
        elif len(self.built) > 1:
            self.mini.drop(f"orders.v{version}")
            self.mini.drop(f"churn_training.v{version}")
            del self.built[version]
        self.latest = self.dice.choice(sorted(self.built))

    def days_pass(self) -> None:
        days = self.dice.choice([10, 29, 30, 60])
        self.later.days += days
        for mark in self.client.scan_iter("*:!read:*"):
            self.client.pexpire(mark, int(self.client.pttl(mark)) - days * DAY * 1000)

    def read(self) -> None:
        """A service or a script that runs on, or one that has just begun."""
        name = self.dice.choice(sorted(self.there))
        store = self.dice.choice([self.marking, self._store()])
        self._check_name(store, name)
        self.read_on[name] = self.later.days

    def roll_back(self) -> None:
        version = self.dice.choice([one for one in VERSIONS if f"orders.v{one}" in self.there])
        view = f"orders.v{version}"
        parts = Services(self.client, NAMES).parts(view)
        try:
            Generations(self.client, NAMES, view).roll_back(parts)
        except NotPublishedError:
            assert version not in self.before, self.story
            return
        self.rollbacks += 1
        found = set(self.silent.get_many(view, ENTITIES).to_tuples())
        values = {value for (value,) in found}
        assert values <= self.before.pop(version, self.history[version]), self.story
        self.online[version] = values

    def publish(self) -> None:
        self._publish(prune=self.dice.random() < 0.9, full_refresh=self.dice.random() < 0.3)

    def publish_and_be_killed(self) -> None:
        """Once or several times, and then let be."""
        keep = self._keep()
        for _ in range(self.dice.randint(1, 2)):
            with self._disturbed(self.dice.randint(0, 160)):
                try:
                    self._run(prune=True, keep=keep, full_refresh=self.dice.random() < 0.3)
                except KilledError:
                    self.kills += 1
            locks = [NAMES.lock(name) for name in EVERYTHING]
            self.client.delete(*locks)
            self.check(self.silent)
            self.check(self._store(mark_reads=False))
        self.before.clear()
        self._publish(prune=True, keep=keep)

    def _keep(self) -> list[str]:
        """What readers without the right to write have told to keep."""
        names = sorted(self.there - set(LATEST))
        return self.dice.sample(names, min(len(names), self.dice.choice([0, 0, 0, 1])))

    # What has to be so.

    def _publish(
        self, *, prune: bool = False, keep: list[str] | None = None, full_refresh: bool = False
    ) -> None:
        """A run to its end, which readers watch."""
        keep = self._keep() if keep is None else keep
        served = {version: set(self.online[version]) for version in self.built}
        doomed, sure = self._doomed(keep), set(self.there)
        with self._disturbed(None):
            removed = self._run(prune=prune, keep=keep, full_refresh=full_refresh)
        self.stands_for = {self.latest}
        self.there |= self._declared()
        self.maybe -= self.there
        for version, value in self.built.items():
            self.online[version] = {value}
            if full_refresh and len(served[version]) == 1:
                self.before[version] = served[version]
            else:
                self.before.pop(version, None)  # it may be kept, or not
        if prune:
            assert doomed & sure <= set(removed) <= doomed, (self.story, removed)
            self.removals += len(removed)
            self.maybe.clear()
            for version in VERSIONS:
                if f"orders.v{version}" in doomed:
                    self.online[version] = set()
                    self.before.pop(version, None)
        for version in self.built:
            known = self._store(mark_reads=False).fingerprint(f"churn.v{version}")
            assert self.fingerprints.setdefault(version, known) == known, self.story

    def _declared(self) -> set[str]:
        return {*LATEST, *(f"{name}.v{version}" for name in LATEST for version in self.built)}

    def _doomed(self, keep: list[str]) -> set[str]:
        """What nobody declares, has read lately or has named, and no service that stays reads."""
        stays = set(keep)
        stays |= {name for name, day in self.read_on.items() if self.later.days - day < LATELY}
        stays |= {
            name.replace("churn", "orders")
            for name in stays
            if name.startswith("churn.v") and name in self.there
        }
        return (self.there | self.maybe) - self._declared() - stays

    def _run(self, *, prune: bool, keep: list[str], full_refresh: bool) -> list[str]:
        """What the command does. Until its end all may be as it was, or as it will be."""
        self.mini.latest = dict.fromkeys(LATEST, self.latest)
        for version, value in self.built.items():
            self.online[version] = self.online[version] | {value}
            self.history[version].add(value)
        self.stands_for = self.stands_for | {self.latest}
        self.maybe |= self._declared() - self.there
        if prune:
            doomed = self._doomed(keep)
            self.maybe |= doomed
            self.there -= doomed
        with open_warehouse(profile_of(self.mini)) as warehouse:
            work = Materialization(
                registry_of(self.mini),
                self.client,
                environment="dev",
                clock=Clock.at(NOW),
                full_refresh=full_refresh,
            )
            for result in work.views(warehouse, lambda *_: None):
                assert result.status == "success", (self.story, result)
            for service in work.services(warehouse):
                assert service.status == "success", (self.story, service)
            return pruned(work, keep=keep) if prune else []

    @contextmanager
    def _disturbed(self, commands: int | None) -> Iterator[None]:
        """Readers look in between; after so many commands nothing is sent any more."""
        send: Any = AbstractConnection.send_packed_command
        every, sent, is_reading = self.dice.randint(10, 50), 0, False

        def disturbed(own: Any, *arguments: Any, **named: Any) -> Any:
            nonlocal sent, is_reading
            if not is_reading:
                if sent == commands:
                    raise KilledError
                if sent % every == 0:
                    is_reading = True
                    self.check(self.silent)
                    is_reading = False
                sent += 1
            return send(own, *arguments, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AbstractConnection, "send_packed_command", disturbed)
            yield

    def check(self, store: OnlineStore) -> None:
        """What every name gives, and what it gives to a model that pins its features."""
        for name in EVERYTHING:
            self._check_name(store, name)
        for version, fingerprint in self.fingerprints.items():
            own = f"churn.v{version}"
            self._check_name(store, own, expect=fingerprint)
            try:
                vector = store.get("churn", ENTITIES[0], expect=fingerprint)
            except FingerprintError:
                assert self.stands_for != {version}, self.story
            else:
                assert vector["score"] in self.online[version], self.story

    def _check_name(self, store: OnlineStore, name: str, expect: str | None = None) -> None:
        try:
            vectors = store.get_many(name, ENTITIES, expect=expect).to_tuples()
        except NotPublishedError:
            assert name not in self.there, (self.story, name)
            return
        assert name in self.there | self.maybe, (self.story, name)
        versions = self.stands_for if name in LATEST else {int(name[-1])}
        allowed = set().union(*(self.online[version] for version in versions))
        assert {value for (value,) in vectors} <= allowed, (self.story, name)
