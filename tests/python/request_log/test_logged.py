"""What is logged is what a caller got, value by value."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from feature_warehouse import AsyncOnlineStore, FeatureVector, RequestLog, UsageError
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.redis_store import layout
from harness.redis_fixture import HOUR, NAMES, Shelf
from harness.redis_servers import Cluster, cluster, there
from request_log.shop import (
    PLACE,
    START,
    entity,
    instant,
    logged,
    opened,
    put,
    put_shop,
    seen,
    stored,
)

__all__ = ["cluster", "there"]

TTL, GRACE = 10 * HOUR, 15 * HOUR
BOUNDS = [START + length + more for length in (TTL, TTL + GRACE) for more in (0, 1)]
"""When the newest orders were still found or no more, still expired or missing."""

Reads = Callable[..., list[FeatureVector]]


@pytest.fixture
def url(valkey_server: Valkey, client: Any) -> str:
    put_shop(client)
    return valkey_server.url


@pytest.fixture(params=["sync", "async"])
def reads(request: pytest.FixtureRequest, url: str) -> Iterator[tuple[Reads, RequestLog]]:
    """Reads many entities by either client, with a log."""
    log = RequestLog(tag="model 1")
    if request.param == "sync":
        with opened(url, log) as store:
            yield lambda *args, **options: list(store.get_many(*args, **options)), log
        return
    other = AsyncOnlineStore.from_url(url, request_log=log, **PLACE)
    with asyncio.Runner() as runner:
        yield lambda *args, **options: list(runner.run(other.get_many(*args, **options))), log
        runner.run(other.close())


def asked_entities(choose: random.Random) -> list[dict[str, Any]]:
    """Entities that are there or not, with NULL keys and NULL request columns among them."""
    numbers = (*range(30), 1000, None)
    return [
        entity(
            choose.choice(numbers),
            choose.choice(("x,y%", "x,y%", "elsewhere", None)),
            factor=choose.choice((None, 0.0, -2.5, 3)),
        )
        for _ in range(choose.choice((1, 1, 2, 9, 40)))
    ]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_logged_is_what_was_served(
    reads: tuple[Reads, RequestLog], client: Any, seed: int
) -> None:
    read, log = reads
    choose = random.Random(seed)
    wanted: list[dict[str, Any]] = []
    for turn in range(12):
        entities = asked_entities(choose)
        at = choose.choice((None, START, START + 3 * HOUR, *BOUNDS))
        moment = None if at is None else instant(at).replace(tzinfo=UTC)
        tag = choose.choice((None, f"t{turn}"))
        ids = choose.choice((None, f"r{turn}", [f"r{turn}.{n}" for n in range(len(entities))]))
        vectors = read("shop", entities, at=moment, request_id=ids, tag=tag)
        for place, (asked, vector) in enumerate(zip(entities, vectors, strict=True)):
            wanted.append(
                {
                    **seen(asked, vector),
                    "position": place,
                    "fingerprint": "f00d",
                    "tag": tag or "model 1",
                    "clock": instant(START + HOUR if at is None else at),
                    "orders_generation": 7,
                    "pairs_generation": 1,
                }
            )
            # What the caller has given may be something else by then.
            asked["customer"] = asked["place"] = "another"
    assert log.flush(60)
    found = logged(client)
    assert len(found) == len(wanted) == log.written
    assert log.dropped == 0
    for one, other in zip(found, wanted, strict=True):
        assert {name: one[name] for name in other} == other
    assert {row["orders_status"] for row in found} == {"found", "expired", "missing"}


def test_the_version_of_a_row_is_logged(reads: tuple[Reads, RequestLog], client: Any) -> None:
    read, log = reads
    read("shop", [entity(4), entity(15), entity(25)])
    log.flush(60)
    found, expired, missing = logged(client)
    names = ("orders_event_timestamp", "orders_created_timestamp", "orders_run")
    assert [found[name] for name in names] == [instant(START), None, 3]
    event = START - 20 * HOUR
    assert [expired[name] for name in names] == [instant(event), instant(event + 5), 3]
    assert [missing[name] for name in names] == [None, None, None]
    assert [row["pairs_run"] for row in (found, expired, missing)] == [9, None, None]
    assert (found["note"], found["count"], expired["count"]) == (*stored(4)[2:0:-1], 0)


def test_ids_and_instants(reads: tuple[Reads, RequestLog], client: Any) -> None:
    read, log = reads
    before = datetime.now(UTC).replace(tzinfo=None)
    own = uuid4()
    [first] = read("shop", [entity(1)])
    second, third = read("shop", [entity(1), entity(1)])
    [fourth] = read("shop", [entity(1)], request_id=own)
    [of_view] = read("orders", [{"customer": 1}])
    after = datetime.now(UTC).replace(tzinfo=None)
    log.flush(60)
    rows = logged(client)
    assert len(rows) == 4, "reads of a view by its name are not logged"
    assert of_view.request_id is None
    made = UUID(first.request_id)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert abs((made.int >> 80) / 1000 - time.time()) < 3600
    assert second.request_id == third.request_id != first.request_id
    assert (
        [row["request_id"] for row in rows]
        == [
            first.request_id,
            second.request_id,
            second.request_id,
            str(own),
        ]
        == [first.request_id, second.request_id, third.request_id, fourth.request_id]
    )
    assert [row["position"] for row in rows] == [0, 0, 1, 0]
    assert len({row["read_id"] for row in rows}) == 3
    assert all(before <= row["requested_at"] <= after for row in rows)


def test_a_loop_that_is_closed(url: str, client: Any) -> None:
    """Neither the loop nor the store is there when its reads are written."""
    log = RequestLog(interval=60.0)

    async def read() -> None:
        store = AsyncOnlineStore.from_url(url, request_log=log, **PLACE)
        await store.get("shop", entity(1))
        await store._client().aclose()

    asyncio.run(read())
    assert log.flush(60)
    assert (log.written, len(logged(client))) == (1, 1)


def test_ids_that_are_none_are_refused(reads: tuple[Reads, RequestLog]) -> None:
    read, _ = reads
    with pytest.raises(UsageError, match="2 ids for 1 entities"):
        read("shop", [entity(1)], request_id=["a", "b"])
    with pytest.raises(UsageError, match="a text or a UUID"):
        read("shop", [entity(1)], request_id=[7])


def test_a_slice_of_vectors_has_its_ids(url: str) -> None:
    with opened(url, RequestLog()) as store:
        vectors = store.get_many("shop", [entity(1)] * 3, request_id=["a", "b", "c"])
        assert [vector.request_id for vector in vectors[1:]] == ["b", "c"]
    with opened(url) as store:
        assert store.get("shop", entity(1), request_id="a", tag="b").request_id is None


def test_a_view_with_names_of_ours(client: Any, url: str) -> None:
    """Keys and features keep their names; ours get out of their way."""
    shelf = Shelf(client)
    shelf.view("v", {"tag": "string"}, {1: (HOUR, ["mine"])}, keys={"position": "int"})
    shelf.flip("v", 1)
    part = layout.ServicePart("v", {"position": "position"}, {"tag": "tag"}, {"tag": "string"})
    other = layout.ServicePart("v", {"position": "other"}, {"tag": "v_run"}, {"tag": "string"})
    put(client, NAMES.description("s", "aa"), layout.Service("s", "aa", (part, other)))
    put(client, NAMES.pointer("s"), layout.Pointer(version="aa"))
    log = RequestLog(tag="T")
    with opened(url, log) as store:
        store.get("s", {"position": 1, "other": 2})
    [row] = logged(client, "s")
    assert (row["position"], row["tag"], row["v_run"], row["other"]) == (1, "mine", None, 2)
    assert (row["position_"], row["tag_"], row["v_run_"], row["v_2_status"]) == (
        0,
        "T",
        1,
        "missing",
    )


def test_a_cluster(there: Any, cluster: Cluster) -> None:
    put_shop(there)
    log = RequestLog()
    with opened(cluster.url, log) as store:
        told = [seen(one, store.get("shop", one)) for one in map(entity, range(30))]
    assert (log.written, log.dropped, log.last_error) == (30, 0, "")
    found = logged(there)
    assert [{name: row[name] for name in told[0]} for row in found] == told
