"""Reads that are cut off at any instant, and what the next ones are told.

An exception is thrown at each step that Python takes in our code and in redis-py's, as a signal
handler would. Entity k holds 100 k, so a reply to another read cannot be mistaken.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from linecache import getline
from types import FrameType
from typing import Any

import pytest
import redis

from feature_warehouse import AsyncOnlineStore, OnlineStore
from feature_warehouse.redis_store.connection import connect
from harness.redis_fixture import HOUR, Shelf
from harness.redis_servers import Cluster, Watched, cluster, watched

__all__ = ["cluster", "watched"]

# A socket that was cut off before anybody had it is closed by the collector, which says so.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Here and not in the middle of another test, to which it would be an error."""
    yield
    gc.collect()


CAPACITY = 3
ENTITIES = range(1, 8)
Read = Callable[[OnlineStore], Any]


class Cut(BaseException):
    """What no handler expects."""


class Cutter:
    """Throws ``Cut`` at the n-th line or return in redis-py or in our code; counts them."""

    def __init__(self, at: int) -> None:
        self.at, self.seen = at, 0

    def __enter__(self) -> "Cutter":
        self._before = sys.gettrace()
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        del event, argument
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        # What a finalizer raises goes nowhere.
        ours = ("/redis/" in file or "/feature_warehouse/" in file) and name != "__del__"
        return self._step if ours else None

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        del argument
        # A trace also sees a lock between its being taken and the block that gives it back, where
        # Python looks for no signal.
        line = getline(frame.f_code.co_filename, frame.f_lineno).split()
        if event != "exception" and not {"with", "try:"} & set(line[:2]):
            self.seen += 1
            if self.seen == self.at:
                raise Cut
        return self._step


def fill(client: Any) -> None:
    shelf = Shelf(client)
    shelf.view("v", {"x": "int"}, {k: (HOUR, [100 * k]) for k in ENTITIES})
    shelf.view("w", {"y": "int"}, {k: (HOUR, [-k]) for k in ENTITIES})
    for view in ("v", "w"):
        shelf.flip(view, 1)
    shelf.service("s", "abcd", {"v": {"x": "int"}, "w": {"y": "int"}})


def read(store: OnlineStore) -> Any:
    return store.get("s", {"id": 1}).to_tuple()


def marked(store: Any) -> Any:
    """A read that leaves a mark of what is read, as otherwise the first one does."""
    store._reader._next_mark.clear()
    return read(store)


READS: dict[str, Read] = {
    "get": read,
    "marked": marked,
    "get_many": lambda store: store.get_many("v", [{"id": 1}, {"id": 2}]).to_tuples(),
    "fingerprint": lambda store: store.fingerprint("s"),
    "entity_keys": lambda store: store.entity_keys("v"),
}


def assert_right(store: OnlineStore, times: int = 1) -> None:
    for _ in range(times):
        assert [store.get("v", {"id": k})["x"] for k in (2, 3, 4)] == [200, 300, 400]
        rows = store.get_many("s", [{"id": k} for k in ENTITIES]).to_tuples()
        assert rows == [(100 * k, -k) for k in ENTITIES]
        assert store.fingerprint("s") == "abcd"
        assert store.entity_keys("v") == {"id": "int"}


def cut_all(read: Callable[[], Any], check: Callable[[], Any], stride: int) -> int:
    """Cut a read off at its first step, a later one and so on; how many steps it has."""
    at = 1
    while True:
        try:
            with Cutter(at) as cutter:
                read()
        except Cut:
            check()
        else:
            return cutter.seen
        at += stride


def cut_everywhere(make: Callable[[], OnlineStore], read: Read, stride: int) -> None:
    """Reads of a store in use, and the first ones, which connect and learn what is published."""
    with make() as store:
        read(store)
        steps = cut_all(lambda: read(store), lambda: assert_right(store), stride)
        # More of them than it has connections: none was lost for good.
        assert steps > 10 * CAPACITY * stride
        with ThreadPoolExecutor(CAPACITY) as pool:
            list(pool.map(assert_right, [store] * 2 * CAPACITY))
    cut_first(make, read, 31 * stride)


def cut_first(make: Callable[[], OnlineStore], read: Read, stride: int) -> int:
    stores: list[OnlineStore] = []

    def read_first() -> None:
        stores.append(make())
        read(stores[-1])

    def check() -> None:
        while stores:
            with stores.pop() as store:
                assert_right(store)

    steps = cut_all(read_first, check, stride)
    check()
    return steps


def opened(url: str) -> OnlineStore:
    return OnlineStore.from_url(
        url, project="mini", environment="dev", max_connections=CAPACITY, socket_timeout=10.0
    )


@pytest.mark.parametrize("name", READS)
def test_a_read_cut_off_anywhere(name: str, redis_url: str, client: "redis.Redis") -> None:
    fill(client)
    stride = 1 if name in ("get", "marked") else 3
    cut_everywhere(lambda: opened(redis_url), READS[name], stride)


@pytest.mark.long
def test_a_first_read_cut_off_anywhere(redis_url: str, client: "redis.Redis") -> None:
    fill(client)
    assert cut_first(lambda: opened(redis_url), read, 1) > 1_000


def test_in_a_cluster(cluster: Cluster) -> None:
    with connect(cluster.url) as client:
        client.flushall(target_nodes=client.PRIMARIES)
        fill(client)
        with opened(cluster.url) as store:
            read(store)
            assert cut_all(lambda: read(store), lambda: assert_right(store), 7) > 100
            assert_right(store, 2 * CAPACITY)


def test_behind_sentinels(watched: Watched) -> None:
    with connect(watched.url()) as client:
        client.flushall()
        fill(client)
    with opened(watched.url()) as store:
        read(store)
        assert cut_all(lambda: read(store), lambda: assert_right(store), 3) > 100
        assert_right(store, 2 * CAPACITY)


def refused(client: Any) -> None:
    with suppress(redis.ResponseError):
        client.lpush("1", "x")


COMMANDS: dict[str, Callable[[Any], Any]] = {
    "command": lambda client: client.get("1"),
    "pipeline": lambda client: client.pipeline(transaction=False).get("1").get("2").execute(),
    "transaction": lambda client: client.pipeline().get("1").get("2").execute(),
    "script": lambda client: client.eval("return {1, redis.call('get', KEYS[1])}", 1, "1"),
    "error": refused,
    "scan": lambda client: list(client.scan_iter(count=2)),
    "lock": lambda client: client.lock("lock", timeout=0.01, blocking=False).acquire(),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_goes_through_redis_py(name: str, redis_url: str) -> None:
    """A publisher's commands; the next ones get their own replies."""
    with connect(redis_url, max_connections=CAPACITY, socket_timeout=10.0) as client:
        client.mset({str(k): 100 * k for k in ENTITIES})

        def check() -> None:
            assert [client.get(str(k)) for k in (2, 3, 4)] == [b"200", b"300", b"400"]
            pipeline = client.pipeline(transaction=False).get("5").ping().get("6")
            assert pipeline.execute() == [b"500", True, b"600"]

        command = COMMANDS[name]
        command(client)
        assert cut_all(lambda: command(client), check, 2) > 50


class Suspensions(Awaitable[Any]):
    """Awaits a coroutine, and cancels the task where it is suspended for the n-th time."""

    def __init__(self, coroutine: Any, at: int) -> None:
        self._coroutine, self._at, self.seen = coroutine, at, 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._coroutine.__await__()
        step = partial(inner.send, None)
        while True:
            try:
                waits = step()
            except StopIteration as end:
                return end.value
            self.seen += 1
            if self.seen == self._at:
                task = asyncio.current_task()
                assert task
                task.cancel()
            try:
                yield waits
                step = partial(inner.send, None)
            except BaseException as error:
                step = partial(inner.throw, error)


async def assert_right_async(store: AsyncOnlineStore) -> None:
    found = await asyncio.gather(*(store.get("v", {"id": k}) for k in ENTITIES))
    assert [vector["x"] for vector in found] == [100 * k for k in ENTITIES]
    rows = (await store.get_many("s", [{"id": k} for k in ENTITIES])).to_tuples()
    assert rows == [(100 * k, -k) for k in ENTITIES]
    assert await store.fingerprint("s") == "abcd"
    assert await store.entity_keys("v") == {"id": "int"}


async def cancel_everywhere(make: Callable[[], AsyncOnlineStore]) -> int:
    """Cancel a first read and a later one wherever they wait; how often they did."""
    total = 0
    for warm in (False, True):
        at = 0
        while True:
            at += 1
            async with make() as store:
                if warm:
                    await store.get("s", {"id": 1})

                async def read_one(store: AsyncOnlineStore, at: int) -> Suspensions:
                    steps = Suspensions(store.get("s", {"id": 1}), at)
                    await steps
                    return steps

                task = asyncio.create_task(read_one(store, at))
                await asyncio.wait([task])
                if not task.cancelled():
                    total += task.result().seen
                    break
                await assert_right_async(store)
    return total


def opened_async(url: str) -> AsyncOnlineStore:
    return AsyncOnlineStore.from_url(
        url, project="mini", environment="dev", max_connections=CAPACITY, socket_timeout=10.0
    )


def test_tasks_that_are_cancelled(redis_url: str, client: "redis.Redis") -> None:
    fill(client)
    assert asyncio.run(cancel_everywhere(lambda: opened_async(redis_url))) > 3


def test_tasks_that_are_cancelled_in_a_cluster(cluster: Cluster) -> None:
    with connect(cluster.url) as client:
        client.flushall(target_nodes=client.PRIMARIES)
        fill(client)

    def make() -> AsyncOnlineStore:
        return AsyncOnlineStore.from_url(cluster.url, project="mini", environment="dev")

    assert asyncio.run(cancel_everywhere(make)) > 3


def test_an_async_read_cut_off_anywhere(redis_url: str, client: "redis.Redis") -> None:
    fill(client)

    async def run() -> None:
        async with opened_async(redis_url) as store:
            await store.get("s", {"id": 1})
            at = 1
            while True:
                try:
                    with Cutter(at) as cutter:
                        await store.get("s", {"id": 1})
                except Cut:
                    await assert_right_async(store)
                else:
                    assert cutter.seen > 100
                    return
                at += 3

    asyncio.run(run())


def test_a_signal_between_a_command_and_its_reply(redis_url: str, client: "redis.Redis") -> None:
    """The example: one read is cut off after its command is sent, by a handler that raises."""
    fill(client)

    def handler(*_: object) -> None:
        raise Cut

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with opened(redis_url) as store:
            read(store)
            [connection] = store._client.connection_pool._available_connections
            sending = connection.send_packed_command

            def send(*arguments: Any) -> None:
                sending(*arguments)
                signal.raise_signal(signal.SIGUSR1)

            connection.send_packed_command = send
            client.client_pause(200)  # the reply comes when the connection is back in its pool
            with pytest.raises(Cut):
                store.get("v", {"id": 1})
            del connection.send_packed_command
            assert_right(store)
    finally:
        signal.signal(signal.SIGUSR1, before)
