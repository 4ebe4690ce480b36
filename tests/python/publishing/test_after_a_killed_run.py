"""Rule 7: what runs that were killed, or slept, have left, and what the next run makes of it."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from feature_warehouse import OnlineStore
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock
from harness.history import HOUR, THREE, at, insert, loaded, values
from harness.mini import NAMES, Mini, simple

Publish = Callable[..., dict[str, ViewResult]]


class Killed(BaseException):
    """What no handler of ours expects."""


def kill(*_: Any) -> None:
    raise Killed


def test_what_a_killed_run_wrote_is_taken_back_under_an_earlier_clock(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    simple(mini, "(1, timestamp '2026-01-01 01:00', 1.0), (1, timestamp '2026-01-01 08:00', 2.0)")
    publish(at(7))

    with pytest.raises(Killed):
        publish(at(9), progress=kill)
    assert publish(at(8) - HOUR / 2)["scores"].mode == "full"
    assert values(store, 1) == [1.0]


def test_what_only_a_killed_run_wrote_is_noticed(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    """No fingerprint covers rows of a run that did not come to its end."""
    loaded(mini, THREE)
    publish(at(6))
    insert(
        mini,
        "(2, timestamp '2026-01-01 07:00', 20.0, timestamp '2026-01-01 08:00'),"
        " (4, timestamp '2026-01-01 07:00', 9.0, timestamp '2026-01-01 08:00')",
    )
    with pytest.raises(Killed):
        publish(at(9), progress=kill)
    client.delete(NAMES.lock("scores"))
    mini.execute("delete from scores where loaded = timestamp '2026-01-01 08:00'")
    assert publish(at(10))["scores"].mode == "full"
    assert values(store, 1, 2, 3, 4) == [1.0, 2.0, 3.0, None]


def test_a_run_after_a_killed_one_compares(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    loaded(mini, THREE)
    publish(at(6))
    insert(mini, "(2, timestamp '2026-01-01 07:00', 20.0, timestamp '2026-01-01 08:00')")
    with pytest.raises(Killed):
        publish(at(9), progress=kill)
    client.delete(NAMES.lock("scores"))
    result = publish(at(9))["scores"]
    assert (result.mode, result.rows_read) == ("compare", 3)
    assert result.reason == "a run was cut off, or an entity forgotten"
    assert values(store, 1, 2, 3) == [1.0, 20.0, 3.0]
    assert publish(at(10))["scores"].mode == "incremental"


def test_a_run_that_slept_while_others_took_its_generation_away(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    """It says so, and leaves nothing behind that the next run does not remove."""
    simple(mini, "(1, timestamp '2026-01-01', 1.0), (2, timestamp '2026-01-01', 2.0)")
    publish()

    def overtake(*_: Any) -> None:
        if client.delete(NAMES.lock("scores")):
            for _again in range(2):
                publish(full_refresh=True, rollback_grace=0)
            client.set(f"{NAMES.row_prefix('scores', 1)}1}}", b"as if written just now")

    sleepy = publish(progress=overtake)["scores"]
    assert (sleepy.status, sleepy.exit_code) == ("error", 4)
    publish(rollback_grace=0)
    assert not list(client.scan_iter(NAMES.row_prefix("scores", 1) + "*"))
    assert values(store, 1, 2) == [1.0, 2.0]


def test_a_run_in_the_middle_of_which_another_generation_came_into_service(
    mini: Mini, publish: Publish, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    real = Clock.real()
    publish(real)

    def overtake(*_: Any) -> None:
        client.delete(NAMES.lock("scores"))
        publish(Clock(real.now + 1, simulated=False), full_refresh=True)

    sleepy = publish(Clock(real.now + 2, simulated=False), progress=overtake)["scores"]
    assert (sleepy.status, sleepy.exit_code) == ("error", 4)
