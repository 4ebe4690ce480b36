"""One store for many: threads, tasks, event loops, processes; and several stores on one Redis."""

import asyncio
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from feature_warehouse import (
    AsyncOnlineStore,
    NotPublishedError,
    OnlineStore,
    UnreachableError,
    UsageError,
)
from feature_warehouse.codec.rows import encode_rows, schema_fingerprint
from feature_warehouse.redis_store import layout, pools
from harness.redis_fixture import NAMES, shelve_scores
from harness.support import run

HERE: dict[str, Any] = {"project": "mini", "environment": "dev"}


@pytest.fixture
def url(redis_url: str, client: "redis.Redis") -> str:
    shelve_scores(client)
    return redis_url


async def read_at_once(url: str, count: int, **options: Any) -> list[Any]:
    async with AsyncOnlineStore.from_url(url, **HERE, **options) as store:
        reads = (store.get("risk", {"id": number % 100}) for number in range(count))
        return [vector.to_tuple() for vector in await asyncio.gather(*reads)]


def expected(count: int) -> list[Any]:
    return [(number % 100 / 2, f"n{number % 100}") for number in range(count)]


@pytest.mark.parametrize("options", [{}, {"max_connections": 2}])
def test_fifteen_hundred_reads_at_once(options: Any, url: str) -> None:
    assert asyncio.run(read_at_once(url, 1_500, **options)) == expected(1_500)


@pytest.mark.parametrize("options", [{}, {"max_connections": 2}])
def test_a_hundred_and_fifty_threads(options: Any, url: str) -> None:
    with (
        OnlineStore.from_url(url, **HERE, **options) as store,
        ThreadPoolExecutor(150) as pool,
    ):
        found = pool.map(lambda number: store.get("risk", {"id": number}).to_tuple(), range(100))
        assert list(found) * 3 == expected(300)
        assert len(list(pool.map(lambda _: store.get("risk", {"id": 1}), range(600)))) == 600


def test_an_event_loop_that_stood_still_hears_the_replies_first(url: str) -> None:
    """Whoever waits for a connection counts no time in which nobody could read a reply."""

    async def read_all() -> list[Any]:
        async with AsyncOnlineStore.from_url(url, **HERE, max_connections=2) as store:
            reads = [asyncio.ensure_future(store.get("risk", {"id": id_})) for id_ in range(50)]
            while not store._client().connection_pool._waiting:
                await asyncio.sleep(0)
            time.sleep(1.5)  # longer than a read may take
            return [vector.to_tuple() for vector in await asyncio.gather(*reads)]

    assert asyncio.run(read_all()) == expected(50)


def test_waiting_ends(url: str) -> None:
    """With every connection lent and none coming back."""
    with OnlineStore.from_url(url, **HERE, max_connections=2, socket_timeout=0.3) as store:
        pool = store._client.connection_pool
        lent = [pool.get_connection() for _ in range(2)]
        message = r"all 2 connections are in use and none came back within 0\.3 s; raise max_conn"
        with pytest.raises(UnreachableError, match=message):
            store.get("risk", {"id": 1})
        pool.release(lent.pop())
        assert store.get("risk", {"id": 1})["scores_score"] == 0.5
        pool.release(lent.pop())

    async def run_async() -> None:
        async with AsyncOnlineStore.from_url(
            url, **HERE, max_connections=2, socket_timeout=0.3
        ) as store:
            pool = store._client().connection_pool
            lent = [await pool.get_connection() for _ in range(2)]
            with pytest.raises(UnreachableError, match=message):
                await store.get("risk", {"id": 1})
            await pool.release(lent.pop())
            assert (await store.get("risk", {"id": 1}))["scores_score"] == 0.5
            await pool.release(lent.pop())

    asyncio.run(run_async())


def test_who_waits_does_not_give_up_while_replies_come(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock of ours: what a waiting thread has patience for passes ten times over."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(pools, "time", SimpleNamespace(monotonic=lambda: clock.now))
    with (
        OnlineStore.from_url(url, **HERE, max_connections=1, socket_timeout=60) as store,
        ThreadPoolExecutor(1) as threads,
    ):
        pool = store._client.connection_pool
        lent = pool.get_connection()
        waiting = threads.submit(store.get, "risk", {"id": 1})
        for _ in range(20):
            clock.now += 30
            lent.send_command("PING")
            lent.read_response()
            time.sleep(0.1)  # the thread looks by itself in half that time
        assert not waiting.done()
        pool.release(lent)
        assert waiting.result().to_tuple() == (0.5, "n1")


def test_one_async_store_in_several_event_loops(url: str) -> None:
    store = AsyncOnlineStore.from_url(url, **HERE)

    async def read() -> Any:
        try:
            reads = (store.get("risk", {"id": number}) for number in range(20))
            return [vector.to_tuple() for vector in await asyncio.gather(*reads)]
        finally:
            await store.close()

    for _ in range(3):
        assert asyncio.run(read()) == expected(20)
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda _: asyncio.run(read()), range(6))) == [expected(20)] * 6


def test_a_client_of_the_callers_is_for_one_event_loop(url: str) -> None:
    client = redis.asyncio.Redis.from_url(url)
    store = AsyncOnlineStore(client, **HERE)

    async def read() -> Any:
        found = await store.get("risk", {"id": 3})
        await store.close()
        return found.to_tuple()

    assert asyncio.run(read()) == (1.5, "n3")
    with pytest.raises(UsageError, match="belongs to another event loop; create a store in each"):
        asyncio.run(read())


def test_a_store_goes_to_another_process(url: str) -> None:
    with OnlineStore.from_url(url, **HERE, max_connections=7) as store:
        store.get("risk", {"id": 1})
        parcel = pickle.dumps(store)
    code = (
        "import pickle, sys\n"
        f"store = pickle.loads({parcel!r})\n"
        "print(store.get('risk', {'id': 8}).to_tuple())\n"
        "print(store._client.connection_pool.max_connections)\n"
        "store.close()\n"
    )
    result = run("python", "-c", code, check=True)
    assert result.stdout.split("\n")[:2] == ["(4.0, 'n8')", "7"]

    async def read() -> Any:
        parcel = pickle.dumps(AsyncOnlineStore.from_url(url, **HERE))
        async with pickle.loads(parcel) as copied:  # noqa: S301  # our own
            return (await copied.get("risk", {"id": 8})).to_tuple()

    assert asyncio.run(read()) == (4.0, "n8")
    with redis.Redis.from_url(url) as client:
        for made in (OnlineStore(client), AsyncOnlineStore(redis.asyncio.Redis())):
            with pytest.raises(UsageError, match="cannot be pickled; create it with from_url"):
                pickle.dumps(made)


def publish_elsewhere(client: "redis.Redis") -> None:
    """The same view in another environment, with another value."""
    names = layout.Names("mini", "prod")
    columns = [("id", "int"), ("score", "float")]
    schema = schema_fingerprint(columns)
    generation = layout.Generation(
        "scores", 1, (layout.Column(*columns[0]),), (layout.Feature(*columns[1]),), schema, {}
    )
    row = f"{names.row_prefix('scores', 1)}7}}"
    client.set(row, encode_rows([row.encode()], [0], [None], 1, schema, [[-1.0]])[0])
    contents: list[tuple[str, Any]] = [
        (names.description("scores", 1), generation),
        (names.pointer("scores"), layout.Pointer(version=1)),
    ]
    for key, content in contents:
        client.set(key, layout.sealed(content, key))
    client.sadd(names.members, "scores")
    client.sadd(layout.STORES, names.store)


def test_a_second_environment_takes_no_reader_down(
    url: str, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_elsewhere(client)
    with OnlineStore.from_url(url, project="mini", environment="dev") as store:
        assert store.get("scores", {"id": 7})["score"] == 3.5
    with OnlineStore.from_url(url) as store, pytest.raises(NotPublishedError) as error:
        store.get("scores", {"id": 7})
    assert str(error.value) == (
        "several stores are published here (mini.dev, mini.prod); name project and environment, or"
        " set FEATURE_WAREHOUSE_PROJECT and FEATURE_WAREHOUSE_ENVIRONMENT"
    )
    monkeypatch.setenv("FEATURE_WAREHOUSE_PROJECT", NAMES.project)
    for environment, value in {"dev": 3.5, "prod": -1.0}.items():
        monkeypatch.setenv("FEATURE_WAREHOUSE_ENVIRONMENT", environment)
        with OnlineStore.from_url(url) as store:
            assert store.get("scores", {"id": 7})["score"] == value
        with OnlineStore.from_url(url, environment="dev") as store:
            assert store.get("scores", {"id": 7})["score"] == 3.5
