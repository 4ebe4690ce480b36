"""The same join by Feast, from the same Parquet files or PostgreSQL tables."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source import (
    PostgreSQLSource,
)
from feast.types import Float64

from benchmarks import data
from benchmarks.clocks import Clock
from benchmarks.workloads import TTL_DAYS, Workload

__all__ = ["join_feast"]


def join_feast(workload: Workload, address: str, clock: Clock) -> Any:
    """``get_historical_features`` from PostgreSQL at ``address``, from Parquet without one.

    It is asked to respect created timestamps where there are some.
    """
    with tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as folder:
        store = _store(Path(folder), address)
        entity = Entity(name="k", join_keys=["k"], value_type=ValueType.INT64)
        views = [_feature_view(workload, view, entity, address) for view in workload.view_names]
        store.apply([entity, *views])
        labels: Any = "select label_id, k, asked_at as event_timestamp from labels"
        if not address:
            with duckdb.connect(data.database(workload), read_only=True) as connection:
                labels = connection.sql(labels).df()
        with clock:
            return store.get_historical_features(
                labels,
                [
                    f"{view}:{feature}"
                    for view in workload.view_names
                    for feature in workload.feature_names(view)
                ],
                filter_by_created_timestamp=workload.created,
            ).to_arrow()


def _store(folder: Path, address: str) -> FeatureStore:
    offline: dict[str, Any] = {"type": "duckdb"}
    if address:
        server = urlsplit(address)
        offline = {
            "type": "postgres",
            "host": server.hostname,
            "port": server.port,
            "user": server.username,
            "password": unquote(server.password or ""),
            "database": server.path[1:],
            "sslmode": "disable",
        }
    return FeatureStore(
        config=RepoConfig(
            project="bench",
            provider="local",
            registry=str(folder / "registry.db"),
            online_store={"type": "sqlite", "path": str(folder / "online.db")},
            offline_store=offline,
            entity_key_serialization_version=3,
        )
    )


def _feature_view(workload: Workload, name: str, entity: Entity, address: str) -> FeatureView:
    source = {
        "name": f"source_{name}",
        "timestamp_field": "ts",
        "created_timestamp_column": "created" if workload.created else "",
    }
    return FeatureView(
        name=name,
        entities=[entity],
        ttl=timedelta(days=TTL_DAYS),
        schema=[Field(name=feature, dtype=Float64) for feature in workload.feature_names(name)],
        source=PostgreSQLSource(table=name, **source)
        if address
        else FileSource(path=str(data.parquet(workload, name)), **source),
    )
