"""The serving client, on services and views published straight into Redis."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import redis

from feature_warehouse import (
    EntityError,
    FingerprintError,
    NotPublishedError,
    OnlineStore,
    Status,
    UnreachableError,
)
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import open_warehouse
from feature_warehouse.engines.profile import load_profile
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.redis_store import layout
from harness.mini import PROJECT, Mini
from harness.support import ROOT
from harness.support import run as run_program

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMES = layout.Names(PROJECT, "dev")

Publish = Callable[[], None]


@pytest.fixture
def mini(tmp_path: Path) -> Mini:
    """Airports used twice with renamed keys, a global view, and a view with two keys."""
    project = Mini(tmp_path)
    project.view(
        "traffic",
        {"airport": "text", "ts": "timestamp", "flights": "bigint", "share": "decimal(4,2)"},
        "select * from (values ('JFK', timestamp '2026-01-01', 10, 0.25),"
        " ('SFO', timestamp '2026-01-01 06:00', 3, null)) as t(airport, ts, flights, share)",
        join_keys=["airport"],
    )
    project.view(
        "world",
        {"ts": "timestamp", "fuel": "double precision"},
        "select timestamp '2026-01-01' as ts, 2.5::double as fuel",
        join_keys=[],
    )
    project.view(
        "routes",
        {"origin": "text", "dest": "text", "ts": "timestamp", "opened": "date"},
        "select 'JFK' as origin, 'SFO' as dest, timestamp '2026-01-01' as ts, date '1999-01-02'"
        " as opened",
        join_keys=["origin", "dest"],
    )
    project.service(
        "trip",
        {"view": "traffic", "join_keys": {"airport": "dest"}, "prefix": "dest_"},
        {"view": "world"},
        {"view": "routes", "features": {"opened": "since"}},
        {
            "view": "traffic",
            "join_keys": {"airport": "origin"},
            "features": ["share", "flights"],
            "prefix": "origin_",
        },
    )
    return project


@pytest.fixture
def publish(mini: Mini, client: "redis.Redis") -> Publish:
    def run() -> None:
        registry = read_registry(mini.write())
        work = Materialization(registry, client, environment="dev", clock=Clock.at(NOW))
        with open_warehouse(load_profile(mini.folder, mini.folder, None)) as warehouse:
            results = list(work.views(warehouse, lambda *_: None))
            assert [result.message for result in results if result.exit_code] == []
            work.services(warehouse)

    return run


@pytest.fixture
def store(publish: Publish, redis_url: str) -> Iterator[OnlineStore]:
    publish()
    with OnlineStore.from_url(redis_url) as opened:
        yield opened


TRIP = {"origin": "JFK", "dest": "SFO"}
VECTOR = {
    "dest_flights": 3,
    "dest_share": None,
    "fuel": 2.5,
    "since": datetime(1999, 1, 2).date(),
    "origin_share": Decimal("0.25"),
    "origin_flights": 10,
}


def test_a_service_over_several_entities(store: OnlineStore) -> None:
    vector = store.get("trip", TRIP)
    assert list(vector.items()) == list(VECTOR.items())
    assert vector.to_tuple() == tuple(VECTOR.values())
    assert vector.status("dest_share") is Status.NULL
    assert vector.event_timestamp("dest_share") == datetime(2026, 1, 1, 6, tzinfo=UTC)
    assert vector.status("fuel") is Status.FOUND
    with pytest.raises(KeyError, match="nothing"):
        vector["nothing"]
    with pytest.raises(KeyError, match="nothing"):
        vector.status("nothing")
    assert store.entity_keys("trip") == {"dest": "string", "origin": "string"}


def test_each_part_is_missing_for_itself(store: OnlineStore) -> None:
    vector = store.get("trip", {"origin": "SFO", "dest": None})
    found = {name: vector.status(name) for name in vector}
    assert found == {
        "dest_flights": Status.MISSING,
        "dest_share": Status.MISSING,
        "fuel": Status.FOUND,
        "since": Status.MISSING,
        "origin_share": Status.NULL,
        "origin_flights": Status.FOUND,
    }
    assert vector.event_timestamp("since") is None


def test_many_in_one_round_trip(store: OnlineStore, client: "redis.Redis") -> None:
    store.get("trip", TRIP)
    client.config_resetstat()
    vectors = store.get_many("trip", [TRIP, {"origin": "X", "dest": "JFK"}, TRIP])
    statistics: Any = client.info("commandstats")
    assert {name: one["calls"] for name, one in statistics.items()} == {
        "cmdstat_config|resetstat": 1,
        "cmdstat_mget": 1,
        "cmdstat_exists": 1,  # the airport X has no row
    }
    assert [vector["dest_flights"] for vector in vectors] == [3, 10, 3]
    assert len(vectors[1:]) == 2
    assert list(store.get_many("trip", [])) == []


def test_a_client_that_changes_commands_is_heard(client: "redis.Redis", store: OnlineStore) -> None:
    """Such as one that traces them: it gets every command."""
    del store
    heard: list[Any] = []

    class Tracing(redis.Redis):
        def execute_command(self, *arguments: Any, **options: Any) -> Any:
            heard.append(arguments[0])
            return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]  # by redis-py

    with Tracing(connection_pool=client.connection_pool) as tracing:
        assert OnlineStore(tracing).get("trip", TRIP)["dest_flights"] == 3
    assert heard[-2:] == ["MGET", "SET"]


def test_tables(store: OnlineStore) -> None:
    vectors = store.get_many("trip", [TRIP, {"origin": "?", "dest": "?"}])
    table = vectors.to_arrow()
    assert table.to_pylist() == [
        VECTOR,
        {**dict.fromkeys(VECTOR), "fuel": 2.5},
    ]
    assert table.schema.field("dest_flights").type == pa.int64()
    assert table.schema.field("since").type == pa.date32()
    frame = vectors.to_pandas()
    assert list(frame.columns) == list(VECTOR)
    assert pd.isna(frame.loc[1, "dest_flights"])
    numbers = store.get_many("world", [{}, {}]).to_numpy()
    assert numbers.dtype == np.float64
    assert numbers.tolist() == [[2.5], [2.5]]
    empty = store.get_many("trip", []).to_arrow()
    assert (empty.num_rows, empty.column_names) == (0, list(VECTOR))


def test_a_view_takes_its_own_keys(store: OnlineStore) -> None:
    assert dict(store.get("routes", TRIP)) == {"opened": datetime(1999, 1, 2).date()}
    assert dict(store.get("world", {})) == {"fuel": 2.5}
    assert store.get("routes", {"origin": "JFKS", "dest": "FO"}).status("opened") is Status.MISSING


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        ({"origin": "JFK"}, "the entity for 'trip' lacks dest; it takes dest, origin"),
        ({**TRIP, "tail": 1}, "has unknown tail"),
        ({"origin": 1, "dest": "SFO"}, "entity key 'origin' takes a str, not int 1"),
    ],
)
def test_wrong_entities(store: OnlineStore, entity: dict[str, Any], message: str) -> None:
    with pytest.raises(EntityError) as error:
        store.get("trip", entity)
    assert message in str(error.value)


TRIPS = "'trip' takes a list of entities, such as [{'dest': ..., 'origin': ...}], not"


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        (TRIP, f"{TRIPS} a dict"),
        ({}, f"{TRIPS} a dict"),
        ({"a": 1, "b": 2, "c": 3}, f"{TRIPS} a dict"),
        ({"ab": 1}, f"{TRIPS} a dict"),  # a key as long as an entity has keys
        (None, f"{TRIPS} None"),
        ((entity for entity in [TRIP]), f"{TRIPS} a generator"),
        (pd.DataFrame([TRIP]), f"{TRIPS} a DataFrame"),
        ([None], "an entity for 'trip' is a dict, such as {'dest': ..., 'origin': ...}, not None"),
        ([TRIP, ("JFK", "SFO")], "'origin': ...}, not a tuple"),
        (["ab"], "'origin': ...}, not a str"),
    ],
)
def test_what_is_no_list_of_entities(store: OnlineStore, entities: Any, message: str) -> None:
    for _ in range(2):  # the second time the plan is known
        with pytest.raises(EntityError) as error:
            store.get_many("trip", entities)
        assert message in str(error.value)
    with pytest.raises(
        EntityError, match=r"an entity for 'world' is a dict, such as \{\}, not None"
    ):
        store.get("world", None)  # type: ignore[arg-type] # the mistake


def test_a_feature_that_a_vector_does_not_have(store: OnlineStore) -> None:
    vector = store.get("traffic", {"airport": "JFK"})
    message = "'traffic' has no feature 'nope'; it has flights, share"
    for look in (vector.__getitem__, vector.status, vector.event_timestamp, vector.age):
        with pytest.raises(KeyError, match=message):
            look("nope")
    assert vector.get("nope", 7) == 7
    assert ("nope" in vector, "share" in vector) == (False, True)


def test_a_fingerprint_protects_a_model(mini: Mini, publish: Publish, store: OnlineStore) -> None:
    expected = store.fingerprint("trip")
    store.get("trip", TRIP, expect=expected)
    publish()
    store.get("trip", TRIP, expect=expected)
    mini.service("trip", {"view": "world"})
    publish()
    with pytest.raises(FingerprintError, match=r"its features changed since"):
        store.get("trip", {}, expect=expected)
    assert dict(store.get("trip", {})) == {"fuel": 2.5}


def test_a_reader_follows_a_flip_without_a_mixture(
    mini: Mini, publish: Publish, store: OnlineStore
) -> None:
    """The flip happens between planning and reading: the reply is thrown away and read again."""
    store.get("traffic", {"airport": "JFK"})
    mini.execute("update traffic set flights = 77")
    publish()
    publish()  # the generation that the reader has planned for is gone by now
    assert store.get("traffic", {"airport": "JFK"})["flights"] == 77


def test_damaged_and_lost_metadata(store: OnlineStore, client: "redis.Redis") -> None:
    key = NAMES.row_prefix("world", 1) + "}"
    client.setrange(key, 20, b"zzzz")
    with pytest.raises(FingerprintError, match=r"is of schema 7a7a7a7a"):
        store.get("world", {})
    client.delete(NAMES.description("routes", 1))
    with pytest.raises(NotPublishedError, match="'routes' has lost its description"):
        store.get("routes", TRIP)
    client.delete(NAMES.pointer("traffic"))
    with pytest.raises(NotPublishedError, match="view 'traffic' of 'trip' is not published"):
        store.get("trip", TRIP)


def test_one_store_for_many_threads(store: OnlineStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        vectors = list(pool.map(lambda _: dict(store.get("trip", TRIP)), range(400)))
    assert all(vector == VECTOR for vector in vectors)


def test_a_server_that_is_not_there() -> None:
    with (
        OnlineStore.from_url("redis://:hunter2@127.0.0.1:1", project="p", environment="e") as store,
        pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1 does not answer") as error,
    ):
        store.get("trip", TRIP)
    assert "hunter2" not in str(error.value)


def test_the_serving_import_is_small() -> None:
    code = (
        "import json, sys; import redis; before = set(sys.modules)\n"
        "import feature_warehouse\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # msgspec imports typing_extensions where it happens to be installed.
    allowed = (
        {"typing_extensions"}
        | sys.stdlib_module_names
        | {"feature_warehouse", "msgspec", "redis", "hiredis"}
    )
    assert set(json.loads(out.stdout)) <= allowed


@pytest.mark.parametrize("module", ["numpy", "feature_warehouse.codec.arrow", ""])
def test_a_reader_that_imports_more_within_a_function_is_found(tmp_path: Path, module: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "python", tmp_path, dirs_exist_ok=True)
    if module:
        with (tmp_path / "feature_warehouse/serving/vectors.py").open("a") as file:
            file.write(f"\n\ndef convert() -> None:\n    import {module}\n")
    done = run_program(
        "lint-imports", "--no-logo", "--no-cache", cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}
    )
    assert done.returncode == bool(module), done.stdout + done.stderr
    assert f"feature_warehouse.serving.vectors -> {module}" in done.stdout or not module


def test_service_fingerprints_follow_what_a_model_sees(mini: Mini) -> None:
    def fingerprint(*parts: dict[str, Any]) -> str:
        mini.service("trip", *parts)
        return read_registry(mini.write()).services["trip"].fingerprint

    world, routes = {"view": "world"}, {"view": "routes"}
    variants = [
        (world, routes),
        (routes, world),
        (world,),
        (world, {**routes, "prefix": "r_"}),
        (world, {**routes, "join_keys": {"origin": "dest", "dest": "origin"}}),
    ]
    assert len({fingerprint(*parts) for parts in variants}) == len(variants)
    first = fingerprint(world, routes)
    mini.view("unrelated", {"id": "bigint", "ts": "timestamp", "x": "bigint"})
    assert fingerprint(world, routes) == first
    mini.view("world", {"ts": "timestamp", "fuel": "integer"}, join_keys=[])
    assert fingerprint(world, routes) != first
