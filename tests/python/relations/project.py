"""The host project `twin`: its values differ between production and elsewhere."""

from pathlib import Path
from typing import Any

from harness.host import macro_call, write_host
from harness.support import postgres_output, write_yaml
from local_postgres import Postgres
from relations.seeds import SEEDED_MODELS, seeded_models, seeds, snapshots, write_seeds
from relations.unit_tests import incomplete_unit_tests, unit_tests

# A view `price` whose row is older than every batch and sample, one more with an index, and labels.
MODELS = {
    "raw": (
        "{{ config(materialized='table', event_time='ts') }}"
        "{% set times = 100 if target.name.endswith('prod') else 1 %}"
        "select cast(1 as bigint) as id, timestamp '2024-01-01' as ts,"
        " timestamp '2024-01-01' as ld, cast({{ times }} as integer) as v"
        " union all select cast(2 as bigint), timestamp '2024-01-05 09:00',"
        " timestamp '2024-01-05 09:00', cast({{ 2 * times }} as integer)"
    ),
    "price": "{{ config(materialized='table') }}select * from {{ ref('raw') }}",
    "stock": (
        "{{ config(materialized='table', indexes=[{'columns': ['id', 'ts']}]"
        " if target.type == 'postgres' else []) }}select id, ts, v as n from {{ ref('raw') }}"
    ),
    "asked": (
        "{{ config(materialized='table') }}"
        "select cast(1 as bigint) as id, timestamp '2024-01-02' as asked_at,"
        " cast(0 as integer) as y"
        " union all select cast(1 as bigint), timestamp '2024-01-05 10:00', cast(1 as integer)"
        " union all select cast(2 as bigint), timestamp '2024-01-05 10:00', cast(1 as integer)"
    ),
    "people": "{{ config(materialized='table') }}select cast(1 as bigint) as id",
    "learned": "{{ config(materialized='table') }}"
    + macro_call(
        "training_set(labels='asked', features=["
        "{'view': 'price', 'features': ['v'], 'event_timestamp': true}, 'stock:n'])"
    ),
    "split": "{{ config(materialized='table') }}"
    + macro_call(
        "training_set(labels='asked', features=['price:v'], split={'by': ['id'],"
        " 'fractions': {'train': 0.5, 'test': 0.5}}, service='other')"
    ),
    "by_day": (
        "{{ config(materialized='incremental', incremental_strategy='microbatch',"
        " event_time=var('event_time', 'asked_at'), batch_size='day', begin='2024-01-01',"
        " unique_key=feature_warehouse.microbatch_key(var('key', ['id', 'asked_at']))) }}"
    )
    + macro_call("training_set(labels='asked', features=['price:v', 'stock:n'], service='days')"),
    "scored": "{{ config(materialized='table') }}"
    + macro_call("scoring_set('learned', entities='people', at='2024-02-01T00:00:00Z')"),
    "card": "{{ config(materialized='table') }}" + macro_call("dataset_card('learned')"),
    "cost": "{{ config(materialized='table') }}" + macro_call("late_data_cost('learned')"),
    "newest": "select * from " + macro_call("latest('price')"),
    "past": "select * from " + macro_call("as_of('price', '2024-01-03T00:00:00Z')"),
    "figures": "{{ config(materialized='table') }}"
    + macro_call("feature_statistics(['price', 'stock'])"),
    "catalog": macro_call("feature_catalog(statistics=ref('figures'))"),
    "windows": "{{ config(materialized='incremental') }}"
    + macro_call(
        "window_features(events='raw', join_keys=['id'], event_timestamp='ts',"
        " created_timestamp='ld', aggregates=[{'sum': 'v'}, {'max': 'v'}, {'count_distinct': 'v'}],"
        " windows=['all time'])"
    ),
    "grown": macro_call("append_only('raw')"),
    "stamped": "{{ config(full_refresh=false) }}" + macro_call("append_only('raw', stamp=true)"),
    "versions": "{{ config(materialized='table') }}" + macro_call("snapshot_rows('kept')"),
}

ID = {"name": "id", "data_type": "bigint"}
TS = {"name": "ts", "data_type": "timestamp"}
LD = {"name": "ld", "data_type": "timestamp"}
V = {"name": "v", "data_type": "integer", "config": {"meta": {"default": -1}}}


def write_twin(folder: Path, server: Postgres) -> Path:
    kept = {
        "name": "kept",
        "relation": "ref('raw')",
        "config": {"unique_key": "id", "strategy": "check", "check_cols": ["v"]},
    }
    more = {
        "seeds": seeds(),
        "snapshots": [kept, *snapshots()],
        "unit_tests": [*unit_tests(), *incomplete_unit_tests().values()],
    }
    write_host(folder, MODELS | SEEDED_MODELS, _properties() + seeded_models(), more)
    write_seeds(folder / "seeds")
    outputs = {}
    for name in ("prod", "dev", "ci", "copy"):
        outputs[f"duckdb_{name}"] = {
            "type": "duckdb",
            "path": str(folder / "twin.duckdb"),
            "schema": name,
            "threads": 2,
        }
        outputs[f"postgres_{name}"] = postgres_output(server, f"twin_{name}", threads=2)
    write_yaml(folder / "profiles.yml", {"host": {"outputs": outputs}})
    return folder


def _properties() -> list[dict[str, Any]]:
    late = {"created_timestamp": "ld"}
    return [
        {"name": "raw", "columns": [ID, TS, LD, V]},
        _model("price", _view(**late), [ID, TS, LD, V], event_time="ts"),
        _model("stock", _view(), [ID, TS, {"name": "n", "data_type": "integer"}], event_time="ts"),
        _model(
            "asked",
            {"label_set": {"timestamp": "asked_at", "label": "y"}},
            [
                ID,
                {"name": "asked_at", "data_type": "timestamp"},
                {"name": "y", "data_type": "integer"},
            ],
            event_time="asked_at",
        ),
        _model("grown", _view(**late), [ID, TS, LD, V], event_time="ts"),
        _model("stamped", _view(**late), [ID, TS, V, LD]),
        _model("versions", _view(**late), [ID, TS, LD, V]),
        {"name": "windows", "config": {"meta": {"feature_view": {"online": True}}}},
        {"name": "people", "columns": [ID]},
        {"name": "by_day", "data_tests": ["feature_warehouse.same_rows_as"]},
        {
            "name": "learned",
            "data_tests": [
                "feature_warehouse.point_in_time_correct",
                "feature_warehouse.no_future_features",
                "feature_warehouse.same_rows_as",
                {
                    "feature_warehouse.no_drift": {
                        "arguments": {"as_of": "2024-01-06"},
                        "config": {"severity": "warn"},
                    }
                },
            ],
        },
    ]


def _view(**more: str) -> dict[str, Any]:
    return {"feature_view": {"join_keys": ["id"], "event_timestamp": "ts", **more}}


def _model(
    name: str, meta: dict[str, Any], columns: list[dict[str, Any]], **config: str
) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "meta": meta, **config},
        "columns": columns,
        "data_tests": ["feature_warehouse.unique_feature_rows"] if "feature_view" in meta else [],
    }
