"""The request log: reads with it beside reads without, and what it takes to drain it.

Entrants take turns, and a ratio is the median of the ratios of each turn. Reads by threads are
measured in CPU seconds of the process, with all that the log's own thread does. So are drains: of
single reads of a service of thirty features, into a table that is empty at first.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import redis

from benchmarks import postgres
from benchmarks.publishing import Figure, said
from benchmarks.reading import ENTITIES, NAMES, SHAPES, Shape, put_shape
from feature_warehouse import OnlineStore, RequestLog
from feature_warehouse.dev.servers import local_valkey
from feature_warehouse.draining.drain import Drain
from feature_warehouse.engines import engine_of

__all__ = ["run"]

TURNS = {1: 4000, 100: 600}
"""How many, by entities of a read."""

THREADS = (1, 16)
READS = 16_000
"""Of all threads together, in a turn."""

DRAINED = Shape(views=3, features=10)
REQUESTS = 50_000

Read = Callable[[int], Any]


def run(rounds: int) -> Iterator[Figure]:
    """Single reads first, then threads."""
    log = RequestLog(interval=0.1)
    place: dict[str, Any] = {"project": NAMES.project, "environment": NAMES.environment}
    with (
        local_valkey() as server,
        redis.Redis.from_url(server.url) as client,
        OnlineStore.from_url(server.url, **place) as plain,
        OnlineStore.from_url(server.url, request_log=log, **place) as logged,
    ):
        for shape in SHAPES:
            # A view by its own name is not logged.
            put_shape(client, shape)
            for count in TURNS:
                reads = [_read(store, shape, count) for store in (plain, logged)]
                yield _one_by_one(f"{count} of {shape}", *reads, turns=TURNS[count])
        shape = SHAPES[0]
        for threads in THREADS:
            reads = [_read(store, shape, 1) for store in (plain, logged)]
            yield _together(threads, *reads, log=log, rounds=rounds)
        yield said("entities dropped", f"{log.dropped} of {log.written + log.dropped:,}")
        put_shape(client, DRAINED)
        with tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as folder:
            for engine, credentials in _targets(Path(folder)):
                read = _read(logged, DRAINED, 1)
                for turn in range(REQUESTS):
                    read(turn)
                log.flush(60)
                yield _drain(client, engine, credentials)


def _targets(folder: Path) -> Iterator[tuple[str, Any]]:
    """An empty schema of each engine, and what its profile would give."""
    file = folder / "drained.duckdb"
    duckdb.connect(file).close()
    output = {"path": str(file), "schema": "main"}
    yield "duckdb", engine_of("duckdb").credentials_of(output)
    with postgres.server() as server:
        yield "postgres", engine_of("postgres").credentials_of(postgres.profile(server))


def _drain(client: Any, engine: str, credentials: Any) -> Figure:
    module = engine_of(engine)
    started, cpu = time.perf_counter(), time.process_time()
    with module.connect_to_append(credentials) as tables:
        work = Drain(client, NAMES, tables, module.DIALECT, create=True)
        result = work.service(DRAINED.service)
    cpu, seconds = time.process_time() - cpu, time.perf_counter() - started
    rate, in_all = result.rows / cpu / 1e3, result.rows / seconds / 1e3
    what = f"{engine}: requests of 30 features drained in a CPU second of the process"
    return said(what, f"{rate:.0f} k", f"goal: 100 k; {in_all:.0f} k in a second")


def _read(store: OnlineStore, shape: Shape, count: int) -> Read:
    def read(turn: int) -> Any:
        entities = [{"k": (turn + place) % ENTITIES} for place in range(count)]
        return store.get_many(shape.service, entities).to_tuples()

    return read


def _one_by_one(what: str, plain: Read, logged: Read, *, turns: int) -> Figure:
    ratios: list[float] = []
    own: list[float] = []
    for turn in range(turns):
        took: dict[Read, float] = {}
        for read in (plain, logged) if turn % 2 else (logged, plain):
            started = time.perf_counter()
            read(turn)
            took[read] = time.perf_counter() - started
        own.append(took[logged] * 1e3)
        ratios.append(took[logged] / took[plain])
    return said(f"{what}: p50 with the log, to that without", f"{median(ratios):.2f}", _ms(own))


def _each(read: Read, turns: Iterable[int]) -> None:
    for turn in turns:
        read(turn)


def _ms(times: list[float]) -> str:
    return f"goal: at most 1.10; {median(times):.3f} ms"


def _together(threads: int, plain: Read, logged: Read, *, log: RequestLog, rounds: int) -> Figure:
    ratios: list[float] = []
    with ThreadPoolExecutor(threads) as pool:
        for turn in range(rounds):
            took: dict[Read, float] = {}
            for read in (plain, logged) if turn % 2 else (logged, plain):
                started = time.process_time()
                shares = [range(first, READS, threads) for first in range(threads)]
                for _ in pool.map(partial(_each, read), shares):
                    pass
                log.flush(60)
                took[read] = time.process_time() - started
            ratios.append(took[plain] / took[logged])
    what = f"reads in a CPU second by {threads} threads with the log, to those without"
    return said(what, f"{median(ratios):.2f}", "goal: at least 0.90")
