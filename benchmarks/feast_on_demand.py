"""The same on-demand features by Feast's Python SDK, in its two modes, from the same server."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from feast import (
    Entity,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    RepoConfig,
    RequestSource,
    ValueType,
)
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Bool, Float64, Int64

from benchmarks.on_demand import SHAPE
from benchmarks.workloads import TTL_DAYS

__all__ = ["FeastOnDemand"]

NAMES = SHAPE.feature_names(SHAPE.view_names[0])
SCHEMA = [
    Field(name="ratio", dtype=Float64),
    Field(name="is_unusual", dtype=Bool),
    Field(name="change", dtype=Float64),
    Field(name="share", dtype=Float64),
    Field(name="is_high", dtype=Int64),
]


class FeastOnDemand:
    """Publishes the values with Feast, and reads them in its way."""

    def __init__(self, folder: Path, port: int, values: Sequence[Sequence[float]]) -> None:
        """``folder`` is for the registry, ``port`` that of a Redis on this machine."""
        [name] = SHAPE.view_names
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
        view = FeatureView(
            name=name,
            entities=[entity],
            ttl=timedelta(days=TTL_DAYS),
            schema=[Field(name=feature, dtype=Float64) for feature in NAMES],
            source=FileSource(name="source", path=str(folder / "none"), timestamp_field="ts"),
        )
        request = RequestSource(name="request", schema=[Field(name="amount", dtype=Float64)])
        # Feast stores the text of a function, so that it can name nothing around it.

        sources = [view, request]

        @on_demand_feature_view(sources=sources, schema=SCHEMA, mode="pandas", name="by_pandas")  # type: ignore[untyped-decorator]
        def by_pandas(inputs: pd.DataFrame) -> pd.DataFrame:
            f0, f1, f2, f3, f4, f5 = [f"v1_31_0_f{number}" for number in range(6)]
            found = pd.DataFrame()
            found["ratio"] = inputs["amount"] / inputs[f0]
            found["is_unusual"] = inputs["amount"] > inputs[f0] + 3 * inputs[f1]
            found["change"] = inputs[f2] - inputs[f3]
            found["share"] = inputs[f4] / (inputs[f4] + inputs[f5])
            found["is_high"] = (found["ratio"] > 2).astype("int64")
            return found

        @on_demand_feature_view(sources=sources, schema=SCHEMA, mode="python", name="by_python")  # type: ignore[untyped-decorator]
        def by_python(inputs: dict[str, Any]) -> dict[str, Any]:
            f0, f1, f2, f3, f4, f5 = [f"v1_31_0_f{number}" for number in range(6)]
            ratio = [one / other for one, other in zip(inputs["amount"], inputs[f0], strict=True)]
            return {
                "ratio": ratio,
                "is_unusual": [
                    amount > mean + 3 * deviation
                    for amount, mean, deviation in zip(
                        inputs["amount"], inputs[f0], inputs[f1], strict=True
                    )
                ],
                "change": [a - b for a, b in zip(inputs[f2], inputs[f3], strict=True)],
                "share": [a / (a + b) for a, b in zip(inputs[f4], inputs[f5], strict=True)],
                "is_high": [1 if one > 2 else 0 for one in ratio],
            }

        self._store.apply([entity, view, by_pandas, by_python])
        frame = pd.DataFrame(
            dict(zip(NAMES, values, strict=True))
            | {"k": range(len(values[0])), "ts": datetime.now(UTC)}
        )
        self._store.write_to_online_store(name, frame)

    def reader(self, mode: str, entities: Sequence[dict[str, Any]]) -> Callable[[], Any]:
        """A function that reads the entities once, with what is computed."""
        [view] = SHAPE.view_names
        features = [f"{view}:{name}" for name in NAMES]
        features += [f"by_{mode}:{field.name}" for field in SCHEMA]
        rows = list(entities)
        return lambda: self._store.get_online_features(features, rows).to_dict()
