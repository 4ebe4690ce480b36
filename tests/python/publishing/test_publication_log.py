"""Every run that has published is in the log, once, with what it has put in service."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from conftest import Runs
from feature_warehouse.codec.rows import HEADER
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.redis_store.publication_log import Note, PublicationLog
from harness.mini import NAMES, NOW, Mini, simple
from request_log.shop import instant

STREAM = "mini.dev:!publications"


def notes(client: Any) -> list[Note]:
    return [msgspec.json.decode(fields[b"m"], type=Note) for _, fields in client.xrange(STREAM)]


def fill(mini: Mini, *values: str) -> None:
    rows = [f"({n}, timestamp '2026-01-01' + interval {n} hour, {v})" for n, v in enumerate(values)]
    simple(mini, ", ".join(rows))


@pytest.fixture
def before() -> int:
    return time.time_ns() // 1000


def test_what_each_run_notes(mini: Mini, publish: Runs, client: Any, before: int) -> None:
    fill(mini, "1", "2")
    first = publish(NOW)["scores"]
    fill(mini, "1", "3")
    second = publish(NOW + timedelta(hours=1))["scores"]
    third = publish(NOW + timedelta(hours=2), full_refresh=True)["scores"]
    after = time.time_ns() // 1000
    found = notes(client)
    assert [(one.view, one.generation, one.mode) for one in found] == [
        ("scores", result.generation, result.mode) for result in (first, second, third)
    ]
    assert [one.mode for one in found] == ["full", "compare", "full"]
    clocks = [NOW + timedelta(hours=hours) for hours in range(3)]
    assert [instant(one.clock) for one in found] == [clock.replace(tzinfo=None) for clock in clocks]
    assert [one.watermark for one in found] == [r.watermark for r in (first, second, third)]
    instants = [at for one in found for at in (one.started_at, one.published_at, one.finished_at)]
    assert instants == sorted(instants)
    assert before <= instants[0]
    assert instants[-1] <= after
    assert all(one.is_simulated and not one.is_late for one in found)
    assert found[0].run < found[1].run < found[2].run


def test_a_run_that_changes_nothing_is_noted(mini: Mini, publish: Runs, client: Any) -> None:
    fill(mini, "1")
    for hours in range(3):
        publish(NOW + timedelta(hours=hours))
    assert len(notes(client)) == 3


def test_the_run_of_a_row_is_that_of_the_note(mini: Mini, publish: Runs, client: Any) -> None:
    fill(mini, "1")
    publish(NOW)
    fill(mini, "2")
    publish(NOW + timedelta(hours=1))
    row = client.get("mini.dev:scores@1:{0}")
    assert HEADER.unpack_from(row)[2] == notes(client)[-1].run


def test_a_rollback_is_noted(mini: Mini, publish: Runs, client: Any) -> None:
    fill(mini, "1")
    publish(NOW)
    publish(NOW + timedelta(hours=1), full_refresh=True)
    Generations(client, NAMES, "scores").roll_back({})
    first, _, last = notes(client)
    assert (last.mode, last.generation, last.clock) == ("rollback", 1, first.clock)
    assert last.published_at > first.finished_at
    # And what is there again is not taken for a run that was killed.
    publish(NOW + timedelta(hours=2))
    assert [one.mode for one in notes(client)[:3]] == ["full", "full", "rollback"]
    assert [one.is_late for one in notes(client)] == [False] * 4


class Killed(BaseException):
    """What no handler of ours expects."""


def test_what_a_killed_run_has_published_is_noted_by_the_next(
    mini: Mini, publish: Runs, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(mini, "1")

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(PublicationLog, "note", die)
        with pytest.raises(Killed):
            publish(NOW)
    assert notes(client) == []
    fill(mini, "2")
    publish(NOW + timedelta(hours=1))
    first, second = notes(client)
    assert (first.is_late, second.is_late) == (True, False)
    assert (first.generation, first.mode, instant(first.clock)) == (
        1, "full", NOW.replace(tzinfo=None),
    )  # fmt: skip
    assert first.started_at < first.published_at == first.finished_at < second.started_at


def test_a_run_that_fails_is_not_noted(mini: Mini, publish: Runs, client: Any) -> None:
    fill(mini, "1")
    publish(NOW)
    mini.execute("drop table scores")
    assert publish(NOW + timedelta(hours=1))["scores"].status == "error"
    assert len(notes(client)) == 1


@pytest.mark.parametrize("key", [STREAM, "mini.dev:!noted"])
def test_a_log_that_is_something_else(mini: Mini, publish: Runs, client: Any, key: str) -> None:
    fill(mini, "1")
    publish(NOW)
    client.delete(key)
    client.set(key, "another")
    assert publish(NOW + timedelta(hours=1))["scores"].status == "success"
    assert notes(client)[-1].clock == int(
        (NOW + timedelta(hours=1) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)
    )


def test_the_log_is_capped(mini: Mini, publish: Runs, client: Any) -> None:
    fill(mini, "1")
    with client.pipeline(transaction=False) as pipe:
        for number in range(20_500):
            pipe.xadd(STREAM, {"m": b"{}"}, id=f"{number + 1}-0")
        pipe.execute()
    publish(Clock.at(NOW))
    assert client.xlen(STREAM) <= 20_100
