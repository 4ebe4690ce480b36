"""On-demand features: a read and a training set with five of them, beside the same without.

CPU seconds are those of this process: a read waits for the server most of the time that passes.
Entrants take turns; a ratio is the median of the ratios of each turn.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import redis

from benchmarks import data
from benchmarks.host import make_project, run_dbt, write_model
from benchmarks.publishing import Figure, said
from benchmarks.reading import ENTITIES, NAMES, SEED, Shape, put, put_shape
from benchmarks.workloads import WORKLOADS
from feature_warehouse import OnlineStore
from feature_warehouse.dev.servers import local_valkey
from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.redis_store import layout

__all__ = ["COMPUTED", "SHAPE", "run"]

SHAPE = Shape(views=1, features=31)
COMPUTED = "with_expressions"
TURNS = 300
READS = {1: 50, 500: 1}
"""Entities of a read, and how many reads are a turn."""
GOALS = {1: "at most 1.10", 500: "at most 1.25"}

PEER_TURNS = 30
PEER_READS = {1: 20, 500: 1}
"""Fewer, for a peer takes longer. The first read after it finds nothing in the caches."""

EXPRESSIONS = {
    "ratio": "amount / {0}",
    "is_unusual": "coalesce(amount > {0} + 3 * {1}, false)",
    "change": "{2} - {3}",
    "share": "{4} / ({4} + {5})",
    "is_high": "case when ratio > 2 then 1 else 0 end",
}
BY_HAND = {
    "ratio": "amount / nullif({0}, 0)",
    "is_unusual": "coalesce(amount > {0} + 3 * {1}, false)",
    "change": "{2} - {3}",
    "share": "{4} / nullif({4} + {5}, 0)",
    "is_high": "case when amount / nullif({0}, 0) > 2 then 1 else 0 end",
}
"""As somebody would write them, in SQL of one engine."""

Read = Callable[[], Any]
Times = tuple[float, float]
"""CPU seconds, and those that passed."""


def run(rounds: int, peers: bool = True) -> Iterator[Figure]:
    """Reads first, then training sets."""
    with (
        local_valkey() as server,
        redis.Redis.from_url(server.url) as client,
        OnlineStore.from_url(
            server.url, project=NAMES.project, environment=NAMES.environment
        ) as store,
        tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as folder,
    ):
        columns = put_shape(client, SHAPE)
        _put_computed(client)
        reads = {count: _reads(store, count) for count in READS}
        for count, (without, with_them) in reads.items():
            name = f"read {count}: with expressions, to without"
            yield from _figures(name, GOALS[count], TURNS, READS[count], with_them, without)
        if peers:
            from benchmarks.feast_on_demand import FeastOnDemand

            feast = FeastOnDemand(Path(folder), server.port, columns[SHAPE.view_names[0]])
            for count in READS:
                for mode in ("pandas", "python"):
                    read = feast.reader(mode, _entities(count))
                    ours = reads[count][1]
                    name = f"read {count}: Feast in {mode} mode, to ours"
                    goal = "at least 20" if count == 1 else ""
                    yield from _figures(name, goal, PEER_TURNS, PEER_READS[count], read, ours)
    yield from _training_sets(rounds)


def _figures(
    name: str, goal: str, turns: int, loops: int, one: Read, other: Read
) -> Iterator[Figure]:
    """The ratios of one to the other, which take turns of so many reads."""
    one(), other()
    times: list[tuple[Times, Times]] = []
    for turn in range(turns):
        pair = (one, other) if turn % 2 else (other, one)
        found = [_times(read, loops) for read in pair]
        times.append((found[0], found[1]) if turn % 2 else (found[1], found[0]))
    for place, kind in enumerate(("CPU", "elapsed")):
        pairs = [(mine[place], its[place]) for mine, its in times]
        micros = [median(side) * 1e6 / loops for side in zip(*pairs, strict=True)]
        ratio = median(mine / its for mine, its in pairs)
        beside = f"{micros[0]:,.0f} and {micros[1]:,.0f} µs"
        if goal:
            beside = f"goal: {goal}; {beside}"
        yield said(f"{name}, {kind}", f"{ratio:.2f}", beside)


def _times(read: Read, loops: int) -> Times:
    used, started = time.process_time(), time.perf_counter()
    for _ in range(loops):
        read()
    return time.process_time() - used, time.perf_counter() - started


def _entities(count: int) -> list[dict[str, Any]]:
    choose = random.Random(SEED)
    ids = choose.sample(range(ENTITIES), count)
    return [{"k": number, "amount": choose.random()} for number in ids]


def _reads(store: OnlineStore, count: int) -> tuple[Read, Read]:
    """Reads of the service without expressions and of the one with them."""
    asked = _entities(count)
    plain = [{"k": entity["k"]} for entity in asked]
    name = SHAPE.service
    if count == 1:
        [one], [other] = plain, asked
        return (
            lambda: store.get(name, one).to_dict(),
            lambda: store.get(COMPUTED, other).to_dict(),
        )
    return (
        lambda: store.get_many(name, plain).to_dicts(),
        lambda: store.get_many(COMPUTED, asked).to_dicts(),
    )


def _put_computed(client: "redis.Redis") -> None:
    """A service of the same features with what the macros make of ``EXPRESSIONS``."""
    [view] = SHAPE.view_names
    names = SHAPE.feature_names(view)

    def number(name: str) -> Node:
        return Node("name", "double", value=name)

    def call(call: str, *args: Node, kind: str = "double") -> Node:
        return Node(call, kind, args)

    def literal(text: str, kind: str) -> Node:
        return Node("literal", kind, value=text)

    amount = number("amount")
    bound = call("+", number(names[0]), call("*", literal("3", "double"), number(names[1])))
    is_more = call(">", amount, bound, kind="boolean")
    is_high = call(">", number("ratio"), literal("2", "double"), kind="boolean")
    ones = (literal("1", "integer"), literal("0", "integer"))
    trees = {
        "ratio": call("/", amount, number(names[0])),
        "is_unusual": call("coalesce", is_more, literal("false", "boolean"), kind="boolean"),
        "change": call("-", number(names[2]), number(names[3])),
        "share": call("/", number(names[4]), call("+", number(names[4]), number(names[5]))),
        "is_high": call("case", is_high, *ones, kind="integer"),
    }
    kinds = dict.fromkeys(names, "float")
    part = layout.ServicePart(view, {"k": "k"}, {name: name for name in names}, kinds)
    service = layout.Service(
        COMPUTED,
        COMPUTED,
        (part,),
        on_demand=tuple(layout.OnDemand(name, tree) for name, tree in trees.items()),
        request={"amount": "double precision"},
    )
    put(client, NAMES.description(COMPUTED, COMPUTED), service)
    put(client, NAMES.pointer(COMPUTED), layout.Pointer(version=COMPUTED))


def _training_sets(rounds: int) -> Iterator[Figure]:
    """The training set of *small* with expressions of ours, and with the same by hand around it."""
    workload = WORKLOADS["small"]
    data.make(workload)
    names = workload.all_features[:6]
    with tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as temporary:
        ours, by_hand = _compiled(Path(temporary), workload.view_names, names)
        with duckdb.connect(data.database(workload), read_only=True) as connection:
            connection.execute(
                "create temp table amounts as select *, random() as amount from labels"
            )
            one, other = (_built(connection, sql) for sql in (ours, by_hand))
            one(), other()
            times = []
            for turn in range(rounds):
                pair = (one, other) if turn % 2 else (other, one)
                found = [_times(build, 1)[0] for build in pair]
                times.append(found if turn % 2 else found[::-1])
    ratio = median(mine / its for mine, its in times)
    seconds = [median(side) for side in zip(*times, strict=True)]
    yield said(
        "training set: ours, to expressions by hand, CPU",
        f"{ratio:.2f}",
        f"goal: at most 1.02; {seconds[0]:.2f} and {seconds[1]:.2f} s",
    )


def _built(connection: duckdb.DuckDBPyConnection, sql: str) -> Read:
    return lambda: connection.execute(f"create or replace temp table made as {sql}")


def _compiled(folder: Path, views: Sequence[str], names: Sequence[str]) -> list[str]:
    """Both as dbt compiles them, over the tables of the workload."""
    from benchmarks.workloads import TTL_DAYS

    workload = WORKLOADS["small"]
    labels = {"label_id": "bigint", "k": "bigint", "asked_at": "timestamp", "label": "boolean"}
    labels["amount"] = "double precision"
    label_set = {"timestamp": "asked_at", "label": "label"}
    models = [write_model(folder / "models", "amounts", labels, {"label_set": label_set})]
    block = {"join_keys": ["k"], "event_timestamp": "ts", "ttl": f"{TTL_DAYS} days"}
    for view in views:
        types = {"k": "bigint", "ts": "timestamp"}
        types |= dict.fromkeys(workload.feature_names(view), "double precision")
        models.append(write_model(folder / "models", view, types, {"feature_view": block}))
    call = f"feature_warehouse.training_set(labels='amounts', features={list(views)}"
    entries = [{"name": name, "expr": text.format(*names)} for name, text in EXPRESSIONS.items()]
    items = ", ".join(f"{text.format(*names)} as {name}" for name, text in BY_HAND.items())
    (folder / "models/ours.sql").write_text(f"{{{{ {call}, on_demand={entries}) }}}}")
    (folder / "models/by_hand.sql").write_text(
        f"select *, {items} from ({{{{ {call}) }}}}) as known"
    )
    make_project(folder, {"type": "duckdb", "path": ":memory:"}, data.FOLDER.parent, models)
    run_dbt(folder, "compile")
    found = folder / "target/compiled/host/models"
    texts = [(found / f"{name}.sql").read_text() for name in ("ours", "by_hand")]
    return [text.replace('"memory"."main".', "") for text in texts]
