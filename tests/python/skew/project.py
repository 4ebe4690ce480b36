"""A host project whose views show tables that tests fill as they like, so dbt builds it once."""

from pathlib import Path
from typing import Any

from harness.host import write_host

SCORES = {
    "id": "bigint",
    "ts": "timestamp",
    "loaded": "timestamp",
    "score": "double precision",
    "grade": "text",
    "base": "integer",
}
RATES = {"place": "text", "ts": "timestamp", "rate": "decimal(6,2)"}
ASKS = {
    "id": "bigint",
    "city": "text",
    "asked_at": "timestamp",
    "amount": "double precision",
    "outcome": "integer",
}
RAW = {"raw_scores": SCORES, "raw_rates": RATES, "raw_asks": ASKS}

FEATURES: list[Any] = [
    {
        "view": "scores",
        "features": ["score", "grade", "base"],
        "event_timestamp": True,
        "age": True,
    },
    {"view": "rates", "join_keys": {"place": "city"}, "prefix": "city_"},
]
ON_DEMAND = [
    {"name": "ratio", "expr": "amount / base"},
    {"name": "is_large", "expr": "coalesce(ratio > city_rate, false)"},
]


def write_project(folder: Path) -> Path:
    arguments = f"labels='asks', features={FEATURES!r}, on_demand={ON_DEMAND!r}, hidden=['base']"
    models = {name[4:]: f"select * from {{{{ target.schema }}}}.{name}" for name in RAW}
    models["asking"] = (
        "{{ config(materialized='table') }}\n{{ feature_warehouse.training_set("
        f"{arguments}, service='risk') }}}}"
    )
    scores = {
        "join_keys": ["id"],
        "event_timestamp": "ts",
        "created_timestamp": "loaded",
        "ttl": "6 hours",
        "online": True,
    }
    rates = {
        "join_keys": ["place"],
        "event_timestamp": "ts",
        "availability_lag": "1 hour",
        "online": True,
    }
    properties = [
        _model("scores", SCORES, {"feature_view": scores}, {"grade": {"default": "none"}}),
        _model("rates", RATES, {"feature_view": rates}),
        _model("asks", ASKS, {"label_set": {"timestamp": "asked_at", "label": "outcome"}}),
    ]
    return write_host(folder, models, properties)


def _model(
    name: str,
    columns: dict[str, str],
    meta: dict[str, Any],
    of_columns: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "materialized": "view", "meta": meta},
        "columns": [
            {"name": one, "data_type": kind, "config": {"meta": (of_columns or {}).get(one, {})}}
            for one, kind in columns.items()
        ],
    }
