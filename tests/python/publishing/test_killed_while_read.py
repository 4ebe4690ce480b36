"""Rule 7: kill -9 at any instant of any kind of run, with readers who hammer all the while.

Rows tell by themselves whether they are whole, and which state of the warehouse they belong to.
"""

import random
import threading
from pathlib import Path
from typing import Any

import pytest
import redis

from feature_warehouse import OnlineStore, Status
from feature_warehouse.publishing.writer import RowWriter
from harness.killable_publisher import COUNT, Site
from harness.mini import NAMES, Mini
from harness.publishers import (
    keys_for,
    keys_of,
    pairs,
    pointer_of,
    run_one,
)

MODES = ("full", "compare", "incremental")


class Readers:
    """Threads that read at random while the warehouse goes from state to state."""

    def __init__(self, url: str, *, whole_batches: bool) -> None:
        self._url, self._whole_batches = url, whole_batches
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(n,)) for n in range(2)]
        self.newest = 0
        """The state that a run may just be publishing."""
        self.oldest = 0
        """The state that every entity has at least."""
        self.reads = 0
        self.wrong: list[Any] = []

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, seed: int) -> None:
        dice = random.Random(seed)
        seen = [0] * COUNT
        with OnlineStore.from_url(self._url, socket_timeout=30.0) as store:
            while not self._stop.is_set():
                ids = dice.sample(range(COUNT), 40)
                oldest = self.oldest
                try:
                    self._look(store, ids, oldest, seen)
                except Exception as error:  # whatever it is, no reader may see it
                    self.wrong.append(error)
                self.reads += 1

    def _look(self, store: OnlineStore, ids: list[int], oldest: int, seen: list[int]) -> None:
        vectors = store.get_many("pairs", [{"id": number} for number in ids])
        newest, states = self.newest, set()
        for number, vector in zip(ids, vectors, strict=True):
            state = vector["a"]
            states.add(state)
            if vector.status("a") is not Status.FOUND or vector["b"] != str(state):
                self.wrong.append(("torn or gone", number, dict(vector)))
            elif not max(oldest, seen[number]) <= state <= newest:
                self.wrong.append(("of no state", number, seen[number], state, oldest, newest))
            else:
                seen[number] = state
        if self._whole_batches and len(states) > 1:
            self.wrong.append(("mixed", states))


@pytest.fixture(params=MODES)
def site(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> Site:
    return Site(tmp_path, redis_url, request.param)


def _hammered(site: Site, client: Any, kills: int, dice: random.Random) -> None:
    site.publish(client)
    with Readers(site.url, whole_batches=site.mode == "full") as readers:

        def advance() -> None:
            site.advance()
            readers.newest = site.state

        def settle() -> None:
            site.publish(client)
            readers.oldest = site.state

        advance()
        seconds, commands = site.undisturbed()
        settle()
        for number in range(kills):
            advance()
            client.delete(NAMES.lock("pairs"))
            # Between two commands, or anywhere.
            if number % 2:
                assert site.killed_at(dice.randrange(commands))
            else:
                site.killed_after(dice.uniform(0, seconds))
            if site.mode == "incremental" or dice.random() < 0.5:
                settle()
            assert readers.wrong == []
        settle()
    assert readers.wrong == []
    assert readers.reads > kills


def test_kill_9_at_random_instants(site: Site, client: "redis.Redis") -> None:
    _hammered(site, client, 5, random.Random(7))


@pytest.mark.long
def test_kill_9_at_hundreds_of_random_instants(site: Site, client: "redis.Redis") -> None:
    _hammered(site, client, 150, random.Random(7))
    assert site.kills > 50


@pytest.mark.long
def test_kill_9_before_every_single_command(site: Site, client: "redis.Redis") -> None:
    site.publish(client)
    site.advance()
    with Readers(site.url, whole_batches=site.mode == "full") as readers:
        readers.newest = site.state
        command = 0
        while site.killed_at(command):
            site.publish(client)
            readers.oldest = site.state
            site.advance()
            readers.newest = site.state
            command += 1
    assert command > 10
    assert readers.wrong == []


@pytest.mark.parametrize("command", range(0, 12, 4))
def test_kill_9_of_the_first_run_ever(
    command: int, tmp_path: Path, redis_url: str, client: "redis.Redis"
) -> None:
    site = Site(tmp_path, redis_url, "compare")
    assert site.killed_at(command)
    site.publish(client)


def test_an_entity_that_only_a_killed_run_wrote_and_that_was_deleted(
    mini: Mini, client: "redis.Redis"
) -> None:
    """The number of entities alone would not tell: it was not counted."""
    pairs(mini, 10, 1)
    run_one(mini, client)
    mini.execute("insert into pairs select 10, ts, a, b from pairs where id = 0")

    def finish(writer: RowWriter) -> None:
        whole(writer)
        assert client.exists("mini.dev:pairs@1:{10}")
        raise KeyboardInterrupt

    whole = RowWriter.finish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RowWriter, "finish", finish)
        with pytest.raises(KeyboardInterrupt):
            run_one(mini, client)
    mini.execute("delete from pairs where id = 10")
    assert run_one(mini, client, rollback_grace=0).status == "success"
    number = pointer_of(client).version
    assert isinstance(number, int)
    assert keys_of(client) == keys_for("pairs", [number], range(10))
