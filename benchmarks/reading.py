"""Reading: ours beside a bare MGET of the same bytes, and beside Feast.

All entrants of a race are in one process and take turns, read after read; a ratio is the median of
the ratios of each turn.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import msgspec
import redis

from benchmarks.workloads import TTL_DAYS
from feature_warehouse import OnlineStore
from feature_warehouse.codec.rows import CHECKSUM, HEADER, encode_rows, schema_fingerprint
from feature_warehouse.dev.servers import local_valkey
from feature_warehouse.redis_store import layout

__all__ = ["SHAPES", "Reading", "Shape", "put", "put_shape", "run", "table"]

ENTITIES = 10_000
SECONDS_A_RACE = 3.0
FEWEST_TURNS = 50
BATCHES = (1, 10, 100, 500)
NAMES = layout.Names("bench", "reading")
TTL = timedelta(days=TTL_DAYS)
SEED = 7
OURS = "ours, dicts"

Read = Callable[[], Any]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A service over ``views`` views, all keyed by the same entity, of so many doubles each."""

    views: int
    features: int

    @property
    def view_names(self) -> list[str]:
        return [f"v{self.views}_{self.features}_{number}" for number in range(self.views)]

    def feature_names(self, view: str) -> list[str]:
        return [f"{view}_f{number}" for number in range(self.features)]

    @property
    def service(self) -> str:
        return f"s{self.views}_{self.features}"

    def __str__(self) -> str:
        views = "a view" if self.views == 1 else f"{self.views} views"
        return f"{views} of {self.features} features"


SHAPES = (
    Shape(views=1, features=10),
    Shape(views=1, features=50),
    Shape(views=5, features=10),
)


Columns = Mapping[Shape, Mapping[str, list[list[float]]]]
"""By view, the values of each feature; the place of a value is the entity's key."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One entrant of one race: microseconds, and the median ratio to the first of them."""

    shape: str
    entities: int
    name: str
    p50: float
    p99: float
    ratio: float


def run(peers: bool = True) -> Iterator[Reading]:
    """Fill a server and read from it, one shape and batch after another."""
    with (
        local_valkey() as server,
        redis.Redis.from_url(server.url) as client,
        OnlineStore.from_url(
            server.url, project=NAMES.project, environment=NAMES.environment
        ) as store,
        tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as folder,
    ):
        columns = {shape: put_shape(client, shape) for shape in SHAPES}
        races = [
            (shape, random.Random(SEED).sample(range(ENTITIES), batch))
            for shape in SHAPES
            for batch in BATCHES
        ]
        for shape, ids in races:
            yield from _race(shape, ids, _entrants(client, store, shape, ids))
        if not peers:
            return
        # Apart, and last: its memory slows down the garbage collection of all.
        read = _feast(folder, server.port, columns)
        for shape, ids in races:
            ours = _entrants(client, store, shape, ids)[OURS]
            yield from _race(shape, ids, {"Feast, dicts": read(shape, ids), OURS: ours})


def table(readings: Sequence[Reading]) -> str:
    """All races as one Markdown table."""
    lines = [
        "| | entities | | p50 ms | p99 ms | ratio |",
        "|---|---:|---|---:|---:|---:|",
    ]
    lines += [
        f"| {each.shape} | {each.entities} | {each.name} | {each.p50 / 1e3:.3f}"
        f" | {each.p99 / 1e3:.3f} | {each.ratio:.2f} |"
        for each in readings
    ]
    return "\n".join(lines) + "\n"


def _feast(folder: str, port: int, columns: Columns) -> Any:
    # Its import takes seconds.
    from benchmarks.feast_reading import FeastReader

    return FeastReader(Path(folder), port, columns).reader


def put_shape(client: "redis.Redis", shape: Shape) -> dict[str, list[list[float]]]:
    """Put a shape's views and service into Redis as a run does; return each view's columns."""
    choose = random.Random(SEED)
    now = time.time_ns() // 1000
    found: dict[str, list[list[float]]] = {}
    parts: list[layout.ServicePart] = []
    for view in shape.view_names:
        names = shape.feature_names(view)
        kinds = dict.fromkeys(names, "float")
        columns = [[choose.random() for _ in range(ENTITIES)] for _ in names]
        schema = schema_fingerprint([("k", "int"), *kinds.items()])
        keys = _keys([view], range(ENTITIES))
        events, created = [now] * ENTITIES, [None] * ENTITIES
        rows = encode_rows([key.encode() for key in keys], events, created, 1, schema, columns)
        generation = layout.Generation(
            view=view,
            number=1,
            keys=(layout.Column("k", "int"),),
            features=tuple(layout.Feature(name, kind) for name, kind in kinds.items()),
            schema=schema,
            declaration={},
            ttl=TTL // timedelta(microseconds=1),
        )
        client.mset(dict(zip(keys, rows, strict=True)))
        put(client, NAMES.description(view, 1), generation)
        put(client, NAMES.pointer(view), layout.Pointer(version=1))
        parts.append(layout.ServicePart(view, {"k": "k"}, {name: name for name in names}, kinds))
        found[view] = columns
    service = layout.Service(shape.service, shape.service, tuple(parts))
    put(client, NAMES.description(shape.service, shape.service), service)
    put(client, NAMES.pointer(shape.service), layout.Pointer(version=shape.service))
    return found


def put(client: "redis.Redis", key: str, content: Any) -> None:
    """Put a pointer or a description into Redis."""
    client.set(key, layout.sealed(content, key))


def _keys(views: Sequence[str], ids: Sequence[int]) -> list[str]:
    return [f"{NAMES.row_prefix(view, 1)}{number}}}" for view in views for number in ids]


def _entrants(client: Any, store: OnlineStore, shape: Shape, ids: Sequence[int]) -> dict[str, Read]:
    """What is compared; the bare reader is given its keys, ours has to make them."""
    name = shape.view_names[0] if shape.views == 1 else shape.service
    keys = _keys(shape.view_names, ids)
    entities = [{"k": number} for number in ids]
    decode = msgspec.msgpack.Decoder(list).decode
    payload = slice(HEADER.size, -CHECKSUM.size)

    def bare() -> Any:
        return [decode(row[payload]) for row in client.mget(keys)]

    return {
        "MGET and msgspec": bare,
        "ours, tuples": lambda: store.get_many(name, entities).to_tuples(),
        OURS: lambda: store.get_many(name, entities).to_dicts(),
        "ours, NumPy": lambda: store.get_many(name, entities).to_numpy(),
    }


def _race(shape: Shape, ids: Sequence[int], entrants: dict[str, Read]) -> list[Reading]:
    """Read in turn, every other turn in reverse order, for some seconds."""
    first = next(iter(entrants))
    times: dict[str, list[float]] = {name: [] for name in entrants}
    for read in entrants.values():
        read()
    turns = 0
    end = time.perf_counter() + SECONDS_A_RACE
    while turns < FEWEST_TURNS or time.perf_counter() < end:
        names = list(entrants)
        for name in names if turns % 2 == 0 else reversed(names):
            started = time.perf_counter()
            entrants[name]()
            times[name].append((time.perf_counter() - started) * 1e6)
        turns += 1
    found = [
        Reading(
            shape=str(shape),
            entities=len(ids),
            name=name,
            p50=median(own),
            p99=quantiles(own, n=100)[98],
            ratio=median(mine / bare for mine, bare in zip(own, times[first], strict=True)),
        )
        for name, own in times.items()
    ]
    print(f"reading {len(ids)} of {shape}:", *(f"{each.name} {each.ratio:.2f}" for each in found))
    return found
