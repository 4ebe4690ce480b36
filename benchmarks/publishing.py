"""Publishing: ours beside the same bytes through a bare socket, and beside Feast.

Ours is a whole run: it asks the warehouse, encodes, writes, and flips. The bare sender is given the
commands of such a run, prebuilt, and only sends them to the same server.
"""

import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import duckdb
import msgspec
import redis
from hiredis import pack_command

from benchmarks.clocks import Clock as Stopwatch
from feature_warehouse import OnlineStore
from feature_warehouse.declarations.expectations import Check
from feature_warehouse.declarations.model import Column, FeatureView, Registry
from feature_warehouse.dev.servers import local_valkey
from feature_warehouse.engines import BATCH_ROWS, open_warehouse
from feature_warehouse.engines.profile import Profile, load_profile
from feature_warehouse.publishing.encoder import RowEncoder
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.run_plan import Clock, describe
from feature_warehouse.publishing.writer import WRITE_NEWER
from feature_warehouse.redis_store import layout

__all__ = ["Figure", "Site", "opened", "run", "said", "table"]

ENTITIES = 1_000_000
MANY_ENTITIES = 10_000_000
WIDTHS = (10, 50, 250)
FEW_ENTITIES = 20_000
FEAST_ENTITIES = 200_000
MEMORY_LIMIT = "400MB"
NAMES = layout.Names("bench", "publishing")
ROWS_PER_COMMAND = 250
COMMANDS_AHEAD = 16
READS_A_SECOND = 200
SEED = 7


class Figure(msgspec.Struct, frozen=True):
    """A line of the results: what was measured, its value as text, what it is held against."""

    what: str
    value: str
    beside: str = ""


class Site:
    """A DuckDB file with one view ``stats``, as dbt would have built it, and an empty server."""

    def __init__(self, folder: Path, port: int, entities: int, width: int) -> None:
        self.entities, self.width = entities, width
        self.checks: tuple[Check, ...] | None = None
        self.place = (folder, port, entities, width)
        self.client = redis.Redis(port=port)
        self.database = folder / f"bench_{entities}_{width}.duckdb"
        self._built_at = _microseconds("2026-02-01")
        self.profile = _profile(folder, self.database)
        if self.database.exists():
            return
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(
                "create table stats as"
                " select i as id, timestamp '2026-01-01' + to_seconds(i % 86400) as ts,"
                f" timestamp '2026-01-02' as loaded, {_doubles(width)} from range(?) r(i)",
                [entities],
            )

    def change(self, share: int) -> None:
        """A new row for one of ``share`` entities, and `dbt build`."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(
                "insert into stats select i, timestamp '2026-03-01', timestamp '2026-03-01',"
                f" {_doubles(self.width)} from range(0, ?, ?) r(i)",
                [self.entities, share],
            )
        self._built_at = _microseconds("2026-04-01")

    @property
    def view(self) -> FeatureView:
        features = tuple(Column(f"f{n}", "double precision") for n in range(self.width))
        return FeatureView(
            name="stats",
            relation='"stats"',
            description="",
            join_keys=(Column("id", "bigint"),),
            event_timestamp=Column("ts", "timestamp"),
            created_timestamp=Column("loaded", "timestamp"),
            availability_lag=0,
            ttl=None,
            features=features,
            tie_order=features,
            online=True,
            built_at=self._built_at,
            checks=self.checks,
        )

    def publish(self, **options: Any) -> tuple[float, ViewResult]:
        """Seconds of a run, and what it says."""
        clock = Clock.real()
        registry = Registry(
            project=NAMES.project,
            adapter="duckdb",
            invocation_id="",
            generated_at=datetime.now(UTC),
            views={"stats": self.view},
            services={},
        )
        started = time.perf_counter()
        with open_warehouse(self.profile) as warehouse:
            run = Materialization(
                registry, self.client, environment=NAMES.environment, clock=clock, **options
            )
            [result] = run.views(warehouse, lambda *_: None)
        assert result.status == "success", result.message
        return time.perf_counter() - started, result

    def commands(self) -> list[bytes]:
        """What a full run sends, packed."""
        view = self.view
        script = self.client.script_load(WRITE_NEWER)
        packed: list[bytes] = []
        with open_warehouse(self.profile) as warehouse:
            empty = describe(view, warehouse.schema(view), simulated=False, number=1)
            encoder = RowEncoder(NAMES, view, empty, run=1, clock=time.time_ns() // 1000)
            with warehouse.newest_rows(view, time.time_ns() // 1000) as reader:
                for batch in reader:
                    for start in range(0, batch.num_rows, BATCH_ROWS):
                        for rows in encoder.encode(batch.slice(start, BATCH_ROWS)).cut(
                            ROWS_PER_COMMAND
                        ):
                            keys, values, _ = rows
                            command: Any = ("EVALSHA", script, len(keys), *keys, *values)
                            packed.append(pack_command(command))
        return packed

    def send(self, commands: Sequence[bytes]) -> float:
        """Seconds that the server takes for commands which are there already."""
        self.client.flushall()
        self.client.script_load(WRITE_NEWER)
        ahead = threading.Semaphore(COMMANDS_AHEAD)
        with socket.create_connection(("127.0.0.1", self.place[1])) as connection:

            def receive() -> None:
                answers = connection.makefile("rb")
                for _ in commands:
                    for _ in range(5):  # a line for the array, and one for each of its numbers
                        answers.readline()
                    ahead.release()

            reader = threading.Thread(target=receive)
            reader.start()
            started = time.perf_counter()
            for command in commands:
                ahead.acquire()
                connection.sendall(command)
            reader.join()
            return time.perf_counter() - started


def run(rounds: int, peers: bool = True) -> Iterator[Figure]:
    """Measure everything, one after another."""
    with opened(ENTITIES, 10) as site:
        yield from _rates(site, rounds)
        yield from _incremental(site, rounds)
        yield from _reads_during_a_refresh(site)
    for width in WIDTHS:
        with opened(FEW_ENTITIES, width) as site:
            yield from _bytes(site, peers)
    for entities in (ENTITIES, MANY_ENTITIES):
        with opened(entities, 10) as site:
            yield _memory(site)
    if peers:
        with opened(FEAST_ENTITIES, 10) as site:
            yield from _feast_rate(site)


def table(figures: Sequence[Figure]) -> str:
    """All figures as one Markdown table."""
    lines = ["| | | |", "|---|---:|---|"]
    lines += [f"| {figure.what} | {figure.value} | {figure.beside} |" for figure in figures]
    return "\n".join(lines) + "\n"


def _rates(site: Site, rounds: int) -> Iterator[Figure]:
    commands = site.commands()
    ratios: list[float] = []
    seconds: list[float] = []
    for _ in range(rounds):
        site.client.flushall()
        ours, _ = site.publish()
        bare = site.send(commands)
        seconds.append(ours)
        ratios.append(bare / ours)
    rate = f"{site.entities / median(seconds) / 1e3:,.0f} k rows/s"
    yield said(f"{site.entities:,} x {site.width} doubles, full", rate)
    yield said("rate beside a bare socket", f"{median(ratios):.2f}", "goal: 0.8")


def _incremental(site: Site, rounds: int) -> Iterator[Figure]:
    site.client.flushall()
    site.publish()
    full = [site.publish(full_refresh=True, rollback_grace=0)[0] for _ in range(rounds)]
    site.change(100)
    seconds, result = site.publish()
    assert (result.mode, result.rows_written) == ("incremental", site.entities // 100)
    yield said("1 % changed, share of a full run", f"{seconds / median(full):.3f}", "goal: 0.05")
    seconds, _ = site.publish()
    yield said("nothing changed, share of a full run", f"{seconds / median(full):.3f}")


def _reads_during_a_refresh(site: Site) -> Iterator[Figure]:
    """Latency of single reads at a fixed rate before, during and after a full refresh."""
    taken: dict[str, list[float]] = {"before": [], "during": [], "after": []}
    phase, done = "before", threading.Event()
    choose = random.Random(SEED)

    def read() -> None:
        with OnlineStore(
            redis.Redis(port=site.place[1]),
            project=NAMES.project,
            environment=NAMES.environment,
        ) as store:
            due = time.perf_counter()
            while not done.is_set():
                due += 1 / READS_A_SECOND
                time.sleep(max(0.0, due - time.perf_counter()))
                started = time.perf_counter()
                vector = store.get("stats", {"id": choose.randrange(site.entities)})
                taken[phase].append((time.perf_counter() - started) * 1e3)
                assert vector["f0"] is not None

    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(3.0)
    phase = "during"
    _in_another_process(site)
    phase = "after"
    time.sleep(3.0)
    done.set()
    reader.join()
    for name, times in taken.items():
        p99 = f"{quantiles(times, n=100)[98]:.2f} ms"
        yield said(f"p99 of single reads {name} a full refresh", p99, f"p50 {median(times):.2f}")


def _in_another_process(site: Site) -> int:
    """A full refresh; the peak memory of its process in bytes."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.publishing", *map(str, site.place)],
        capture_output=True,
        check=True,
    )
    return int(process.stdout)


def _memory(site: Site) -> Figure:
    peak = _in_another_process(site)
    return said(
        f"peak memory of a run over {site.entities:,} x {site.width}",
        f"{peak / 2**20:,.0f} MiB",
        f"of which DuckDB may take {MEMORY_LIMIT}",
    )


def _bytes(site: Site, peers: bool) -> Iterator[Figure]:
    before = site.client.info("memory")["used_memory"]
    site.publish()
    ours = (site.client.info("memory")["used_memory"] - before) / site.entities
    beside = ""
    if peers:
        theirs = _feast(site, write=True)
        beside = f"Feast {theirs:,.0f}, ratio {ours / theirs:.2f}"
    yield said(f"bytes an entity, {site.width} doubles", f"{ours:,.0f}", beside)


def _feast_rate(site: Site) -> Iterator[Figure]:
    ours, _ = site.publish()
    theirs = _feast(site, write=False)
    rate = f"{site.entities / theirs / 1e3:,.1f} k rows/s"
    yield said(f"Feast, {site.entities:,} x 10 doubles", rate, f"ours {theirs / ours:.1f} x")


def _feast(site: Site, *, write: bool) -> float:
    # Its import takes seconds, and is not needed for anything else.
    from benchmarks.feast_publishing import bytes_an_entity, seconds_to_publish

    measure = bytes_an_entity if write else seconds_to_publish
    return measure(site.place[1], site.entities, site.width)


@contextmanager
def opened(entities: int, width: int) -> Iterator[Site]:
    """A site in a folder of its own, with a server of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as folder,
        local_valkey() as server,
    ):
        yield Site(Path(folder), server.port, entities, width)


def _profile(folder: Path, database: Path) -> Profile:
    (folder / "dbt_project.yml").write_text("name: bench\nversion: 1.0.0\nprofile: bench\n")
    (folder / "profiles.yml").write_text(
        "bench:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n"
        f"      path: '{database}'\n      settings: {{memory_limit: {MEMORY_LIMIT}}}\n"
    )
    return load_profile(folder, folder, None)


def _doubles(width: int) -> str:
    return ", ".join(f"hash(i * 1000 + {n})::double / 1e19 as f{n}" for n in range(width))


def _microseconds(day: str) -> int:
    with duckdb.connect() as connection:
        [(found,)] = connection.execute("select epoch_us(cast(? as timestamp))", [day]).fetchall()
    return int(found)


def said(what: str, value: str, beside: str = "") -> Figure:
    """A figure, which is printed as soon as it is known."""
    print(f"{what}: {value}{f' ({beside})' if beside else ''}", flush=True)
    return Figure(what, value, beside)


if __name__ == "__main__":
    folder, *numbers = sys.argv[1:]
    with Stopwatch() as stopwatch:
        Site(Path(folder), *map(int, numbers)).publish(full_refresh=True)
    print(stopwatch.peak)
