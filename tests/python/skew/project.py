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
OUTCOMES = {
    "decision": "text",
    "id": "bigint",
    "decided_at": "timestamp",
    "known": "timestamp",
    "outcome": "integer",
}
RAW = {
    "raw_scores": SCORES,
    "raw_rates": RATES,
    "raw_asks": ASKS,
    "raw_outcomes": OUTCOMES,
}

LEARNED = ("learned", "learned_then", "learned_card", "told")
"""Models that read the request log, which is not there at first."""
AS_SERVED = "asking_as_served"
"""A training set of what was served."""
TELLING = (
    *("read_id", "position", "request_id_", "requested_at", "fingerprint"),
    *("city", "request_id", "rate", "told"),
)
"""Columns of the log of a service that is asked with a column named like one of the log's own."""
LOGGED: dict[str, Any] = {
    "name": "feature_warehouse_requests",
    "schema": "{{ target.schema }}",
    "tables": [
        {"name": "requests_risk"},
        {"name": "requests_telling", "columns": [{"name": name} for name in TELLING]},
        {"name": "publications", "identifier": "feature_warehouse_publications"},
    ],
}

FEATURES: list[Any] = [
    {
        "view": "scores",
        "features": ["score", "grade", "base"],
        "event_timestamp": True,
        "age": True,
    },
    {"view": "rates", "join_keys": {"place": "city"}, "prefix": "city_"},
]
FINGERPRINT = "9e0106e65958e0ff"
"""The service's, as the log has it."""
ON_DEMAND = [
    {"name": "ratio", "expr": "amount / base"},
    {"name": "is_large", "expr": "coalesce(ratio > city_rate, false)"},
]

SERVED: dict[str, Any] = {
    "request_id": "one",
    "position": 0,
    "id": 7,
    "score": 0.5,
    "fingerprint": FINGERPRINT,
}
UNIT_TEST: dict[str, Any] = {
    "name": "a_request_and_its_outcome",
    "model": "learned",
    "given": [
        {"input": "ref('outcomes')", "rows": [{"decision": "one", "id": 7, "outcome": 1}]},
        {
            "input": "source('feature_warehouse_requests', 'requests_risk')",
            "rows": [SERVED, {**SERVED, "fingerprint": "another"}, {**SERVED, "id": 8}],
        },
    ],
    "expect": {"rows": [{"decision": "one", "id": 7, "outcome": 1, "score": 0.5}]},
}

SCORE = {"id": 7, "grade": "a", "base": 2}
RUN = {"view": "scores", "is_simulated": False}
UNIT_TEST_AS_SERVED: dict[str, Any] = {
    "name": "a_label_sees_what_readers_got",
    "model": AS_SERVED,
    "given": [
        {
            "input": "ref('asks')",
            "rows": [
                {"id": 7, "asked_at": f"2026-01-01 {hour}:00:00", "amount": 3.0}
                for hour in ("01", "03", "05")
            ],
        },
        {
            "input": "ref('scores')",
            "rows": [
                {**SCORE, "ts": "2026-01-01 00:00:00", "loaded": "2026-01-01 00:00:00", "score": 1},
                {**SCORE, "ts": "2026-01-01 02:30:00", "loaded": "2026-01-01 02:30:00", "score": 2},
            ],
        },
        {"input": "ref('rates')", "rows": []},
        {
            "input": "source('feature_warehouse_requests', 'publications')",
            "rows": [
                {
                    **RUN,
                    "run": 1,
                    "clock": "2026-01-01 01:55:00",
                    "finished_at": "2026-01-01 02:00:00",
                },
                {
                    **RUN,
                    "run": 2,
                    "clock": "2026-01-01 04:00:00",
                    "finished_at": "2026-01-01 05:00:00",
                },
            ],
        },
    ],
    "expect": {
        "rows": [
            {"asked_at": "2026-01-01 01:00:00", "score": None},
            {"asked_at": "2026-01-01 03:00:00", "score": 1.0},
            {"asked_at": "2026-01-01 05:00:00", "score": 2.0},
        ]
    },
}


def write_project(folder: Path) -> Path:
    arguments = f"labels='asks', features={FEATURES!r}, on_demand={ON_DEMAND!r}, hidden=['base']"
    models = {name[4:]: f"select * from {{{{ target.schema }}}}.{name}" for name in RAW}
    models["asking"] = (
        "{{ config(materialized='table') }}\n{{ feature_warehouse.training_set("
        f"{arguments}, service='risk') }}}}"
    )
    models[AS_SERVED] = f"{{{{ feature_warehouse.training_set({arguments}, knowledge='served') }}}}"
    split = {"by": ["id"], "fractions": {"a": 0.5, "b": 0.5}}
    asked = {"city": "text", "asked_at": "timestamp", "request_id": "text", "outcome": "integer"}
    nulls = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in asked.items())
    models["tellings"] = f"select {nulls}"
    parts = [{"view": "rates", "join_keys": {"place": "city"}}]
    told = [{"name": "told", "expr": "coalesce(request_id, 'none')"}]
    models["telling"] = (
        f"{{{{ feature_warehouse.training_set(labels='tellings', features={parts!r},"
        f" on_demand={told!r}) }}}}"
    )
    models["told"] = (
        "{{ feature_warehouse.logged_set('telling', labels='outcomes', on='decision') }}"
    )
    learned = "logged_set('risk', labels='outcomes', on='decision'"
    models["learned"] = f"{{{{ feature_warehouse.{learned}) }}}}"
    models["learned_then"] = (
        f"{{{{ feature_warehouse.{learned}, as_of='2026-01-01T04:00:00Z', split={split!r},"
        " where='outcome is not null') }}"
    )
    models["learned_card"] = "{{ feature_warehouse.dataset_card('learned') }}"
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
        _model(
            "outcomes",
            OUTCOMES,
            {"label_set": {"timestamp": "decided_at", "label": "outcome", "known_at": "known"}},
        ),
        _model("tellings", asked, {"label_set": {"timestamp": "asked_at", "label": "outcome"}}),
        {"name": AS_SERVED, "data_tests": ["feature_warehouse.point_in_time_correct"]},
        _model("asks", ASKS, {"label_set": {"timestamp": "asked_at", "label": "outcome"}}),
    ]
    return write_host(
        folder,
        models,
        properties,
        {"sources": [LOGGED], "unit_tests": [UNIT_TEST, UNIT_TEST_AS_SERVED]},
    )


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
