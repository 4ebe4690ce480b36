"""The same reads by Feast's Python SDK, from the same server."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

from benchmarks.reading import Columns, Shape
from benchmarks.workloads import TTL_DAYS

__all__ = ["FeastReader"]


class FeastReader:
    """Publishes all shapes with Feast, and reads them in its way."""

    def __init__(self, folder: Path, port: int, columns: Columns) -> None:
        """``folder`` is for the registry, ``port`` that of a Redis on this machine."""
        self._store = FeatureStore(
            config=RepoConfig(
                project="bench",
                provider="local",
                registry=str(folder / "registry.db"),
                online_store={"type": "redis", "connection_string": f"127.0.0.1:{port}"},
                offline_store={"type": "duckdb"},
                entity_key_serialization_version=3,
            )
        )
        entity = Entity(name="k", join_keys=["k"], value_type=ValueType.INT64)
        views = [
            FeatureView(
                name=view,
                entities=[entity],
                ttl=timedelta(days=TTL_DAYS),
                schema=[Field(name=name, dtype=Float64) for name in shape.feature_names(view)],
                source=FileSource(
                    name=f"source_{view}", path=str(folder / "none"), timestamp_field="ts"
                ),
            )
            for shape in columns
            for view in shape.view_names
        ]
        self._store.apply([entity, *views])
        for shape, found in columns.items():
            for view, values in found.items():
                frame = pd.DataFrame(
                    dict(zip(shape.feature_names(view), values, strict=True))
                    | {"k": range(len(values[0])), "ts": datetime.now(UTC)}
                )
                self._store.write_to_online_store(view, frame)

    def reader(self, shape: Shape, ids: Sequence[int]) -> Callable[[], Any]:
        """A function that reads the entities of ``ids`` once."""
        entities = [{"k": number} for number in ids]
        features = [
            f"{view}:{name}" for view in shape.view_names for name in shape.feature_names(view)
        ]
        return lambda: self._store.get_online_features(features, entities).to_dict()
