"""Keys of the layout that hold what nobody published: readers get one documented error."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
import redis

from feature_warehouse import (
    AsyncOnlineStore,
    DamagedError,
    FeatureWarehouseError,
    NotPublishedError,
    OnlineStore,
    Status,
)
from feature_warehouse.monitoring.status import read_status
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.connection import connect
from harness.redis_fixture import NAMES, shelve_scores
from harness.redis_servers import Cluster, cluster

__all__ = ["cluster"]

ROW = f"{NAMES.row_prefix('scores', 1)}7}}"
KEYS = [
    ROW,
    NAMES.pointer("scores"),
    NAMES.pointer("risk"),
    NAMES.description("scores", 1),
    NAMES.description("risk", "abcd"),
]
TYPES: dict[str, Callable[[Any, str], Any]] = {
    "list": lambda client, key: client.rpush(key, "x"),
    "hash": lambda client, key: client.hset(key, "x", "y"),
    "set": lambda client, key: client.sadd(key, "x"),
    "stream": lambda client, key: client.xadd(key, {"x": "y"}),
}


def opened(url: str) -> OnlineStore:
    return OnlineStore.from_url(url, project="mini", environment="dev")


def read_all(store: OnlineStore) -> Any:
    return store.get_many("risk", [{"id": number} for number in range(10)]).to_tuples()


EXPECTED = [(number / 2, f"n{number}") for number in range(10)]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", TYPES)
def test_a_key_of_another_type_is_damage(
    kind: str, key: str, redis_url: str, client: "redis.Redis"
) -> None:
    shelve_scores(client)
    with opened(redis_url) as used, opened(redis_url) as fresh:
        assert read_all(used) == EXPECTED
        client.delete(key)
        TYPES[kind](client, key)
        # A pointer or a row is read each time, a description once.
        stores = [fresh] if "@" in key and key != ROW else [used, fresh]
        for store in stores:
            with pytest.raises(DamagedError, match="does not hold a string; run") as error:
                read_all(store)
            assert str(error.value).startswith(f"{key} in Redis is damaged")
        if key != ROW:
            with pytest.raises(DamagedError):
                read_status(client, "mini", "dev")


def test_a_key_of_another_type_in_a_cluster(cluster: Cluster) -> None:
    with connect(cluster.url) as client:
        client.flushall(target_nodes=client.PRIMARIES)
        shelve_scores(client)
        client.delete(ROW)
        client.rpush(ROW, "x")
    with opened(cluster.url) as store:
        assert store.get("scores", {"id": 6})["score"] == 3.0
        assert store.get("scores", {"id": 600}).status("score") is Status.MISSING
        for _ in range(2):
            with pytest.raises(DamagedError, match="does not hold a string"):
                read_all(store)

    async def read_async() -> None:
        async with AsyncOnlineStore.from_url(
            cluster.url, project="mini", environment="dev"
        ) as store:
            assert (await store.get("scores", {"id": 600})).status("score") is Status.MISSING
            with pytest.raises(DamagedError, match="does not hold a string"):
                await store.get("scores", {"id": 7})

    asyncio.run(read_async())


def test_a_row_that_comes_while_one_looks_again(redis_url: str, client: "redis.Redis") -> None:
    """It was missing, and then it is there: that is no damage."""
    shelve_scores(client)
    row: Any = client.get(ROW)
    client.delete(ROW)

    class Slow(redis.Redis):
        def execute_command(self, *arguments: Any, **options: Any) -> Any:
            if arguments[0] == "EXISTS":
                client.set(ROW, row)
            # redis-py gives the method no types.
            return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]

    with Slow.from_url(redis_url) as slow:
        assert OnlineStore(slow).get("scores", {"id": 7})["score"] == 3.5


def test_a_missing_row_costs_one_more_look_and_the_others_none(
    redis_url: str, client: "redis.Redis"
) -> None:
    shelve_scores(client)

    def calls() -> dict[str, int]:
        statistics: Any = client.info("commandstats")
        return {
            name: statistics.get(f"cmdstat_{name}", {"calls": 0})["calls"]
            for name in ("mget", "exists")
        }

    with opened(redis_url) as store:
        read_all(store)
        store.get("scores", {"id": 1})
        client.config_resetstat()
        read_all(store)
        assert calls() == {"mget": 1, "exists": 0}
        found = store.get_many("scores", [{"id": 1}, {"id": -1}, {"id": -2}, {"id": None}])
        assert [vector.status("score") for vector in found][1:] == [Status.MISSING] * 3
        assert calls() == {"mget": 2, "exists": 1}


@pytest.mark.parametrize("seed", range(3))
def test_any_damage_gives_the_right_answer_or_a_documented_error(
    seed: int, redis_url: str, client: "redis.Redis"
) -> None:
    """Bytes changed, cut, doubled, or taken from another key; keys gone or of another type."""
    choose = random.Random(seed)
    shelve_scores(client)
    texts = [NAMES.pointer("names"), NAMES.description("names", 1), *KEYS]
    texts += [f"{NAMES.row_prefix('names', 1)}{number}}}" for number in range(10)]
    refusals: list[FeatureWarehouseError] = []
    with opened(redis_url) as used:
        read_all(used)
        for _ in range(60):
            key, other = choose.choice(texts), choose.choice(texts)
            text: Any = client.get(key)
            place = choose.randrange(len(text))
            damaged: list[Any] = [
                text[:place] + bytes([text[place] ^ 1 << choose.randrange(8)]) + text[place + 1 :],
                text[:place],
                text + text[place:],
                choose.randbytes(len(text)),
                client.get(other),
            ]
            client.set(key, choose.choice(damaged))
            if choose.random() < 0.2:
                client.delete(key)
                if choose.random() < 0.5:
                    choose.choice(list(TYPES.values()))(client, key)
            with opened(redis_url) as fresh:
                for store in (used, fresh):
                    try:
                        found = read_all(store)
                    except FeatureWarehouseError as error:
                        refusals.append(error)
                    else:
                        gone = not client.exists(key)
                        for row, right in zip(found, EXPECTED, strict=True):
                            assert row == right or (gone and None in row)
            client.delete(key)
            client.set(key, text)
            assert read_all(used) == EXPECTED
    assert len(refusals) > 60
    assert {refusal.exit_code for refusal in refusals} == {2}
    assert not any("\n" in str(refusal) for refusal in refusals)


def test_sets_that_are_damaged(redis_url: str, client: "redis.Redis") -> None:
    shelve_scores(client)
    client.sadd(NAMES.members, b"\xff")
    client.sadd(layout.STORES, b"\xff\xfe")
    with opened(redis_url) as store, pytest.raises(NotPublishedError, match="did you mean 'risk'"):
        store.get("rysk", {"id": 1})
    with OnlineStore.from_url(redis_url) as store, pytest.raises(NotPublishedError):
        store.get("risk", {"id": 1})
    client.delete(layout.STORES)
    client.set(layout.STORES, "x")
    with (
        OnlineStore.from_url(redis_url) as store,
        pytest.raises(DamagedError, match="a key of ours is of another type"),
    ):
        store.get("risk", {"id": 1})
