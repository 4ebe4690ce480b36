"""The generation before: kept for a while, put in service again, refused, removed."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from feature_warehouse import NotPublishedError, OnlineStore, UsageError
from feature_warehouse.publishing.generations import Generations
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.services import Services
from feature_warehouse.redis_store import layout
from harness.history import HOUR, values, versions
from harness.mini import NAMES, NOW, SCORES, Mini, simple

Publish = Callable[..., dict[str, ViewResult]]


def test_rollback_goes_back_only_and_the_next_run_goes_on(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    generations = Generations(client, NAMES, "scores")
    with pytest.raises(NotPublishedError, match="no view 'scores' is published"):
        generations.roll_back({})
    publish(NOW - HOUR)
    with pytest.raises(NotPublishedError, match="no generation of 'scores' before 1 is kept"):
        generations.roll_back({})
    mini.execute("update scores set score = 2.0")
    publish(full_refresh=True)
    assert generations.roll_back({}).number == 1
    assert values(store, 1) == [1.0]
    key = NAMES.pointer("scores")
    text: Any = client.get(key)
    assert layout.read_pointer(text, key).clock == int((NOW - HOUR).timestamp() * 1_000_000)
    with pytest.raises(NotPublishedError, match="no generation of 'scores' before 1 is kept"):
        generations.roll_back({})
    assert values(store, 1) == [1.0]
    result = publish()["scores"]
    assert (result.mode, result.generation, result.rows_written) == ("compare", 1, 1)
    assert values(store, 1) == [2.0]
    with pytest.raises(NotPublishedError, match="no generation of 'scores' before 1 is kept"):
        generations.roll_back({})
    assert publish(full_refresh=True)["scores"].generation == 4
    assert generations.roll_back({}).number == 1


def test_the_previous_generation_goes_when_its_time_is_over(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    publish()
    publish(full_refresh=True)
    assert len(versions(client)) == 2
    assert publish(rollback_grace=0)["scores"].mode == "compare"
    assert list(versions(client)) == [f"{NAMES.row_prefix('scores', 2)}1}}".encode()]
    assert not client.exists(NAMES.description("scores", 1))
    with pytest.raises(NotPublishedError, match="is kept"):
        Generations(client, NAMES, "scores").roll_back({})
    assert values(store, 1) == [1.0]


def test_rollback_refuses_what_a_service_could_not_read(
    mini: Mini, publish: Publish, store: OnlineStore, client: "redis.Redis"
) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1.0)")
    mini.service("risk", {"view": "scores"})
    publish()
    mini.view(
        "scores",
        {**SCORES, "more": "text"},
        "select 1 as id, timestamp '2026-01-01' as ts, 666.0::double as score, 'x' as more",
    )
    publish()
    parts = Services(client, NAMES).parts("scores")
    with pytest.raises(UsageError, match="1 of 'scores' no longer has more, which service 'risk'"):
        Generations(client, NAMES, "scores").roll_back(parts)
    assert values(store, 1) == [666.0]
