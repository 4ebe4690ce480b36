"""The same publishing by Feast: `materialize` from Parquet through DuckDB into Redis."""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import redis
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

__all__ = ["bytes_an_entity", "seconds_to_publish"]

_START = datetime(2026, 1, 1, tzinfo=UTC)


def seconds_to_publish(port: int, entities: int, width: int) -> float:
    """How long `materialize` of that many rows of doubles takes."""
    with tempfile.TemporaryDirectory() as folder:
        store = _store(Path(folder), port, entities, width)
        started = time.perf_counter()
        store.materialize(_START - timedelta(days=1), _START + timedelta(days=2))
        return time.perf_counter() - started


def bytes_an_entity(port: int, entities: int, width: int) -> float:
    """What a row takes in Redis."""
    with redis.Redis(port=port) as client:
        before = client.info("memory")["used_memory"]
        seconds_to_publish(port, entities, width)
        return float(client.info("memory")["used_memory"] - before) / entities


def _store(folder: Path, port: int, entities: int, width: int) -> FeatureStore:
    file = folder / "stats.parquet"
    doubles = ", ".join(f"random() as f{n}" for n in range(width))
    duckdb.sql(
        f"copy (select i as id, timestamptz '2026-01-01 00:00:00+00' as ts, {doubles}"
        f" from range({entities}) r(i)) to '{file}'"
    )
    store = FeatureStore(
        config=RepoConfig(
            project="bench",
            provider="local",
            registry=str(folder / "registry.db"),
            online_store={"type": "redis", "connection_string": f"127.0.0.1:{port}"},
            offline_store={"type": "duckdb"},
            entity_key_serialization_version=3,
        )
    )
    entity = Entity(name="id", join_keys=["id"], value_type=ValueType.INT64)
    view = FeatureView(
        name="stats",
        entities=[entity],
        ttl=timedelta(days=30),
        schema=[Field(name=f"f{n}", dtype=Float64) for n in range(width)],
        source=FileSource(name="stats_source", path=str(file), timestamp_field="ts"),
    )
    store.apply([entity, view])
    return store
