"""A host project with a view, a training set, and its statistics."""

from collections.abc import Sequence
from datetime import timedelta
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
REQUESTS = {
    "request": "bigint",
    "meter": "bigint",
    "asked_at": "timestamp",
    "y": "integer",
    "amount": "double precision",
    "phone": "text",
}
"""The label set has a column ``clock`` besides, a name that the request log has, too."""

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
ON_DEMAND: list[dict[str, Any]] = [
    {"name": "cost", "expr": "amount * price"},
    {"name": "is_dear", "expr": "cost > 500"},
    {"name": "band", "expr": "case when amount < 30 then 'low' when amount < 60 then 'mid' end"},
    {"name": "is_nightly", "expr": "hour(request_time) < 6"},
    {"name": "hours_old", "expr": "reading_age / 3600"},
    {"name": "twice", "expr": "ratio + ratio", "drift": {"psi": 9}},
    {"name": "step", "expr": "level + 1"},
    {"name": "steps", "expr": "step * 2", "drift": {"off": "it follows the level"}},
    {"name": "has_open", "expr": "is_open is not null"},
    {"name": "copied", "expr": "copy_level + amount"},
    {
        "name": "copied_still",
        "expr": "copy_level + 1",
        "drift": {"baseline": "training_set", "minimum_entities": 20, "psi": 0.2},
    },
    {"name": "is_known", "expr": "coalesce(email, phone) = 'x'"},
    {"name": "called", "expr": "phone"},
    {"name": "priced", "expr": "amount * tariff"},
    {"name": "taxed", "expr": "price * (tax + tariff)"},
]
HIDDEN = ["step", "ratio", "is_open", "copy_level", "tariff", "tax"]
ASKED = [
    {
        "view": "readings",
        "features": ["level", "price", "ratio", "is_open", "email"],
        "event_timestamp": "reading_at",
        "age": "reading_age",
    },
    {"view": "copies", "features": {"level": "copy_level"}, "age": "copy_age"},
    "tariff",
    "taxes",
]
RULES_OF_COPY = {"baseline": "previous_run", "minimum_rows": 50, "minimum_entities": 300}

SERVED: list[dict[str, Any]] = [
    {
        "view": "levels",
        "features": ["level", "kind", "price", "email"],
        "event_timestamp": "level_at",
        "age": "level_age",
    },
    {"view": "ratios", "age": "ratio_age"},
    {"view": "calls", "join_keys": {"caller": "phone"}},
]
COMPUTED_OF_SERVED = [
    {"name": "cost", "expr": "amount * price"},
    {"name": "double_ratio", "expr": "ratio + ratio"},
    {"name": "is_known", "expr": "coalesce(email, phone) = 'x'"},
    {"name": "later", "expr": "clock + 1"},
]
FEW = {"minimum_rows": 50, "minimum_entities": 20}
RULES_OF_SERVED: dict[str, dict[str, Any]] = {
    "levels": {**FEW, "features": {"price": {"minimum_rows": 550}}},
    "ratios": {**FEW, "baseline": "previous_run"},
    # Of few label rows: a distribution of a week is another by chance.
    "calls": {**FEW, "psi": 9, "jensen_shannon": 1, "kolmogorov_smirnov": 1},
}
TTL = timedelta(days=4)
"""Of the view ``levels``."""


def write_project(folder: Path) -> Path:
    columns = [
        {"name": name, "data_type": kind, "config": {"meta": {"pii": name == "email"}}}
        for name, kind in TYPES.items()
    ]
    labels = [
        {"name": name, "data_type": kind, "config": {"meta": {"pii": name == "phone"}}}
        for name, kind in {**REQUESTS, "clock": "double precision"}.items()
    ]
    no_drift = [
        {"feature_warehouse.no_drift": {"name": name, "arguments": {"as_of": f"{at.isoformat()}Z"}}}
        for name, at in (("clean", CLEAN), ("drifted", CLOCK))
    ]
    properties = [
        _view("readings", columns, RULES),
        _view("copies", columns, RULES_OF_COPY),
        _of_all("tariff", "tariff", {"minimum_entities": 1}),
        _of_all("taxes", "tax", {}),
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
        {
            "name": "computed",
            "data_tests": [
                {"feature_warehouse.no_drift": {**one, "name": f"computed_{one['name']}"}}
                for one in (test["feature_warehouse.no_drift"] for test in no_drift)
            ],
        },
        _view("levels", _columns_of_levels(columns), ttl=TTL),
        _view("ratios", _named(columns, "ratio", "is_open")),
        _view(
            "calls",
            [
                {"name": "caller", "data_type": "text", "config": {"meta": {"pii": True}}},
                {"name": "ts", "data_type": "timestamp"},
                {"name": "tone", "data_type": "integer"},
            ],
            join_keys=["caller"],
        ),
        {
            "name": "asked",
            "data_tests": [
                {
                    "feature_warehouse.no_drift": {
                        "name": f"asked_{source}",
                        "arguments": {"as_of": f"{CLEAN.isoformat()}Z", "source": source},
                    }
                }
                for source in ("requests", "labels")
            ],
        },
        {"name": "activity", "config": {"meta": {"feature_view": {"drift": WATCHED}}}},
    ]
    raw = "select * from {{ target.schema }}."
    models = {
        "readings": raw + "raw_readings",
        "copies": raw + "raw_readings",
        "tariff": "select timestamp '2025-01-01 00:00:00' as ts, cast(3 as integer) as tariff",
        "taxes": "select timestamp '2025-01-01 00:00:00' as ts, cast(2 as integer) as tax",
        "requests": "select *, amount as clock from {{ target.schema }}.raw_requests",
        "levels": f"select meter, ts, level, cast(kind as char(20)) as kind, price, email {raw[9:]}"
        "raw_readings",
        "ratios": f"select meter, ts, ratio, is_open {raw[9:]}raw_readings",
        "calls": "select phone as caller, min(asked_at) as ts, cast(min(request) % 7 as integer) as"
        f" tone {raw[9:]}raw_requests where request < 400 group by phone",
        "asked": "{{ config(materialized='table') }}\n{{ feature_warehouse.training_set("
        f"labels='requests', features={SERVED!r}, on_demand={COMPUTED_OF_SERVED!r},"
        " hidden=['is_open']) }}\n",
        "training": "{{ config(materialized='table') }}\n{{ feature_warehouse.training_set("
        "labels='requests', features=['readings', {'view': 'copies', 'prefix': 'copy_'}],"
        " service='meters') }}\n",
        "computed": "{{ config(materialized='table') }}\n{{ feature_warehouse.training_set("
        f"labels='requests', features={ASKED!r}, on_demand={ON_DEMAND!r}, hidden={HIDDEN!r}"
        ") }}\n",
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


def _of_all(name: str, feature: str, drift: dict[str, Any]) -> dict[str, Any]:
    """A view of a single entity."""
    columns = [
        {"name": "ts", "data_type": "timestamp"},
        {"name": feature, "data_type": "integer"},
    ]
    return _view(name, columns, drift, [])


def _columns_of_levels(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The kind is padded with blanks, on PostgreSQL, and no longer is as a text."""
    found = _named(columns, "level", "kind", "price", "email")
    return [one | ({"data_type": "char(20)"} if one["name"] == "kind" else {}) for one in found]


def _named(columns: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [column for column in columns if column["name"] in ("meter", "ts", *names)]


def _view(
    name: str,
    columns: list[dict[str, Any]],
    drift: dict[str, Any] | None = None,
    join_keys: Sequence[str] = ("meter",),
    ttl: timedelta | None = None,
) -> dict[str, Any]:
    """One without rules of its own has those of ``RULES_OF_SERVED``, and is online."""
    block: dict[str, Any] = {"join_keys": list(join_keys), "event_timestamp": "ts"}
    if drift is None:
        block |= {"drift": RULES_OF_SERVED[name], "online": True}
    else:
        block["drift"] = drift
    if ttl:
        block["ttl"] = f"{ttl.days} days"
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
