"""A host project with a view, a training set, and its statistics."""

from pathlib import Path
from typing import Any

from harness.engines import Engine, literal
from harness.host import write_host
from watching.rows import CLEAN, CLOCK, Reading, Request

TYPES = {
    "meter": "bigint",
    "ts": "timestamp",
    "level": "integer",
    "price": "double precision",
    "ratio": "numeric(6,2)",
    "kind": "text",
    "is_open": "boolean",
    "email": "text",
    "seen": "timestamp",
}
REQUESTS = {"request": "bigint", "meter": "bigint", "asked_at": "timestamp", "y": "integer"}

RULES = {
    "minimum_rows": 50,
    "minimum_entities": 20,
    "features": {
        "ratio": {"baseline": "season", "since": "2026-01-15"},
        "is_open": {"off": "a coin is tossed for it"},
        "seen": {"null_share": 0.5},
    },
}
ACTIVITY = """{{ config(materialized='table') }}
{{ feature_warehouse.window_features(
    events=ref('readings'), join_keys=['meter'], event_timestamp='ts',
    aggregates=[
        {'count': '*', 'as': 'readings'}, {'sum': 'level'}, {'count_distinct': 'kind'},
        {'max': 'level'}, {'count': 'price'},
    ],
    windows=['7 days', 'all time'],
) }}
"""
WATCHED = {"minimum_rows": 50, "features": {"price_count_all_time": {"off": False}}}
RULES_OF_COPY = {"baseline": "previous_run", "minimum_rows": 50, "minimum_entities": 300}


def write_project(folder: Path) -> Path:
    columns = [
        {"name": name, "data_type": kind, "config": {"meta": {"pii": name == "email"}}}
        for name, kind in TYPES.items()
    ]
    labels = [{"name": name, "data_type": kind} for name, kind in REQUESTS.items()]
    no_drift = [
        {"feature_warehouse.no_drift": {"name": name, "arguments": {"as_of": f"{at.isoformat()}Z"}}}
        for name, at in (("clean", CLEAN), ("drifted", CLOCK))
    ]
    properties = [
        _view("readings", columns, RULES),
        _view("copies", columns, RULES_OF_COPY),
        {
            "name": "requests",
            "config": {
                "contract": {"enforced": True},
                "materialized": "table",
                "meta": {"label_set": {"timestamp": "asked_at", "label": "y"}},
            },
            "columns": labels,
        },
        {"name": "training", "data_tests": no_drift},
        {"name": "activity", "config": {"meta": {"feature_view": {"drift": WATCHED}}}},
    ]
    raw = "select * from {{ target.schema }}."
    models = {
        "readings": raw + "raw_readings",
        "copies": raw + "raw_readings",
        "requests": raw + "raw_requests",
        "training": "{{ config(materialized='table') }}\n{{ feature_warehouse.training_set("
        "labels='requests', features=['readings', {'view': 'copies', 'prefix': 'copy_'}],"
        " service='meters') }}\n",
        "activity": ACTIVITY,
        "asked_for_activity": "{{ config(materialized='table') }}\n"
        "{{ feature_warehouse.training_set(labels='requests', features=['activity'],"
        " service='grown') }}\n",
        "statistics": "{{ config(materialized='incremental',"
        " unique_key=['view', 'feature', 'computed_at'],"
        " incremental_strategy='delete+insert') }}\n{{ feature_warehouse.feature_statistics("
        f"['readings'], at='{CLOCK.isoformat()}Z') }}}}\n",
    }
    return write_host(folder, models, properties)


def _view(name: str, columns: list[dict[str, Any]], drift: dict[str, Any]) -> dict[str, Any]:
    block = {"join_keys": ["meter"], "event_timestamp": "ts", "drift": drift}
    config = {
        "contract": {"enforced": True},
        "materialized": "table",
        "meta": {"feature_view": block},
    }
    return {"name": name, "config": config, "columns": columns}


def load(session: Engine, readings: list[Reading], requests: list[Request]) -> None:
    session.create("raw_readings", TYPES)
    session.insert("raw_readings", (map(literal, row) for row in readings))
    session.create("raw_requests", REQUESTS)
    session.insert("raw_requests", (map(literal, row) for row in requests))
