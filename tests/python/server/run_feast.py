"""Fills a Redis with Feast and serves from it: folder, port of Redis, port to listen at.

Runs in the benchmark's environment, ``.venv-bench``, which has Feast. ``put_same`` in
``test_feast.py`` puts the same values there by our own means.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Bool, Float64, Int64, String

EVENT = datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=UTC)

SETTINGS = """
project: compared
provider: local
registry: {folder}/registry.db
entity_key_serialization_version: 3
offline_store: {{type: duckdb}}
online_store: {{type: redis, connection_string: "127.0.0.1:{port}"}}
"""


def main(folder: Path, redis_port: str, port: str) -> None:
    """Does not return: it becomes ``feast serve``."""
    (folder / "feature_store.yaml").write_text(SETTINGS.format(folder=folder, port=redis_port))
    store = FeatureStore(str(folder))
    entity = Entity(name="id", join_keys=["id"], value_type=ValueType.INT64)
    views = {
        "orders": {
            "amount": Float64,
            "count": Int64,
            "note": String,
            "paid": Bool,
            "vector": Array(Float64),
        },
        "visits": {"count_7d": Int64},
    }
    declared = [
        FeatureView(
            name=name,
            entities=[entity],
            ttl=timedelta(days=36500),
            schema=[Field(name=field, dtype=kind) for field, kind in fields.items()],
            source=FileSource(name=f"s_{name}", path=str(folder / "x"), timestamp_field="ts"),
        )
        for name, fields in views.items()
    ]
    store.apply([entity, *declared, FeatureService(name="risk", features=declared)])
    orders = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "ts": EVENT,
            "amount": [0.1, float("nan"), 1e300],
            "count": [2**62, 0, -5],
            "note": ["ä", "", 'x"y'],
            "paid": [True, False, True],
            "vector": [[0.5, 1.5], [2.5], [1.0, -1.0]],
        }
    )
    store.write_to_online_store("orders", orders)
    visits = pd.DataFrame({"id": [1], "ts": EVENT, "count_7d": [7]})
    store.write_to_online_store("visits", visits)
    program = Path(sys.executable).parent / "feast"
    os.execv(  # noqa: S606
        program,
        [str(program), "--chdir", str(folder), "serve", "--port", port, "--no-access-log"],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
