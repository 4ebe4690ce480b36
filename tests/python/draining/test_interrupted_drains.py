"""Drains that are killed, and two at once: what was served is there once."""

import multiprocessing
import os
from contextlib import closing
from typing import Any

import pytest

from draining.places import Place
from draining.reads import assert_drained, served
from feature_warehouse.redis_store.connection import connect
from request_log.shop import STREAM


class Steps:
    """Ends the process at one of the calls that go through it, the first being 0."""

    def __init__(self, end: int) -> None:
        self.left = end

    def watch(self, target: Any) -> Any:
        return Watched(self, target)

    def step(self) -> None:
        if self.left == 0:
            os._exit(9)
        self.left -= 1


class Watched:
    """What it watches, with a step before each call."""

    def __init__(self, steps: Steps, target: Any) -> None:
        self._steps, self._target = steps, target

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            self._steps.step()
            return found(*args, **options)

        return call


def _drain_until(place: Place, url: str, end: int) -> None:
    steps = Steps(end)
    client = connect(url)
    tables: Any = place.open()
    tables._connection = steps.watch(tables._connection)
    watched: Any = steps.watch(client)
    watched.get_connection_kwargs = client.get_connection_kwargs
    [result] = place.drain(watched, tables=tables)
    os._exit(0 if result.status == "success" else 1)


def test_a_kill_at_any_step_loses_and_doubles_nothing(
    place: Place, url: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that there are many.
    monkeypatch.setattr("feature_warehouse.draining.drain.MESSAGES", 4)
    told = served(url)
    ends = []
    fork = multiprocessing.get_context("fork")
    for end in range(1000):
        child = fork.Process(target=_drain_until, args=(place, url, end))
        child.start()
        child.join()
        ends.append(child.exitcode)
        if child.exitcode != 9:
            break
        if end % 5 == 4:
            told += served(url, end + 1)
    assert ends[-1] == 0
    assert len(ends) > 10
    assert_drained(place, told)
    assert client.xlen(STREAM) == 0


def test_two_drains_at_once(place: Place, url: str, client: Any) -> None:
    """Where an engine lets two write: what one has read, the other may have added."""
    told = served(url)
    page = client.xrange(STREAM)
    with closing(connect(url)) as other:
        slow: Any = Watched(Steps(-1), other)
        slow.xrange = lambda *_, **__: [page, []].pop(0) if page else []
        place.drain(client)
        answers = [page, []]
        slow.xrange = lambda *_, **__: answers.pop(0)
        slow.get_connection_kwargs = other.get_connection_kwargs
        [result] = place.drain(slow)
    assert (result.status, result.rows, result.rows_known) == ("success", 0, len(told))
    assert_drained(place, told)
