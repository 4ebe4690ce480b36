"""The host project `lab`: small tables with everything that is awkward, and what stands on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.host import macro_call, write_host
from training_sets.attached_tests import TESTED, WARN, generic
from training_sets.rows import AT
from training_sets.tables import (
    ALIKE,
    BALANCE,
    CASES,
    ENTITIES,
    ODD,
    RATE,
    SCORED,
    STATUS,
    SUMMARY,
    TIED,
    VISITS,
    WIDE,
    Columns,
    table_model,
    tables,
)

PARTS = [
    {"view": "status", "event_timestamp": True, "age": True},
    {
        "view": "status",
        "join_keys": {"customer_id": "friend_id"},
        "prefix": "friend_",
        "features": ["score", "level"],
    },
    "balance",
    "rate",
    "odd",
]
CARDS = ("main", "typed", "wide", "empty", "split", "loose", "served", "logged_runs")
SCHEDULE = {"every": "1 day", "delay": "5 hours"}
LOG: dict[str, Any] = {
    "name": "feature_warehouse_requests",
    "schema": "{{ target.schema }}",
    "tables": [{"name": "publications", "identifier": "feature_warehouse_publications"}],
}


def write_lab(folder: Path) -> Path:
    """Write the project; what is built of it is the same on every engine."""
    return write_host(folder, _models(), _properties(), {"sources": [LOG]})


def _models() -> dict[str, str]:
    models = {name: table_model(*table) for name, table in tables().items()}
    models["bare"] = table_model({"seen_at": "timestamptz"}, [{"seen_at": "2024-01-20 05:00+00"}])
    return models | {
        "main_set": _set("visits", PARTS, where="visit_id <> 7 -- not this one"),
        "split_set": _set(
            "visits",
            ["status", {"view": "summary", "features": ["document", "uid"]}],
            split={"by": ["visit_id"], "fractions": {"train": 0.5, "test": 0.5}},
        ),
        "early_set": _set("visits", PARTS, knowledge="event_time"),
        "served_set": _set("visits", PARTS, knowledge="served", served=SCHEDULE),
        # What drain has made, dbt makes here, and in time.
        "logged_runs_set": "-- depends_on: {{ ref('feature_warehouse_publications') }}\n"
        + _set("visits", PARTS, knowledge="served", served={**SCHEDULE, "log": True}),
        "past_set": _set("visits", PARTS, as_of="2024-01-15T12:00:00Z"),
        "loose_set": _set("loose", PARTS),
        "ripe_set": _set("ripening", ["rate"]),
        "wide_set": _set("visits", ["wide"]),
        "tied_set": _set("visits", ["tied", {"view": "tied_view", "prefix": "view_"}]),
        "tied_view": "select * from {{ ref('tied') }}",
        "some_visits": (
            "{{ config(materialized='view') }}"
            "select visit_id, customer_id, \"at\" from {{ ref('visits') }} where random() < 0.5"
        ),
        "sampled_set": _set(
            "some_visits", ["tied", {"view": "tied_view", "prefix": "view_"}, "balance"]
        ),
        "tied_latest": "select * from {{ feature_warehouse.latest('tied') }}",
        "alike_set": _set("cases", ["alike", {"view": "alike_view", "prefix": "view_"}]),
        "alike_view": "select * from {{ ref('alike') }}",
        "alike_named": _alike_named(),
        "alike_latest": "select * from {{ feature_warehouse.latest('alike') }}",
        "plain_set": _set("visits", ["rate", "odd:order"]),
        "empty_set": _set("visits", ["rate"], where="1 = 0"),
        "typed_set": _set("typed", ["rate"]),
        "asked_set": _set("scored_people", PARTS),
        "asked_early_set": _set(
            "scored_people", PARTS, knowledge="event_time", as_of=f"{AT.isoformat()}Z"
        ),
        "asked_served_set": _set(
            "scored_people",
            PARTS,
            knowledge="served",
            served=SCHEDULE,
            as_of=f"{AT.isoformat()}Z",
        ),
        "broken_set": (
            '{{ config(post_hook="update {{ this }} set rate = rate + 1 where visit_id = 17") }}'
            + _set("visits", [{"view": "rate", "event_timestamp": True}])
        ),
        "ripening": "select * from {{ ref('visits') }}",
        "scored": _call("scoring_set", "main_set", "people", AT.isoformat()),
        "scored_early": _call("scoring_set", "early_set", "people", AT.isoformat()),
        "scored_served": _call("scoring_set", "served_set", "people", AT.isoformat()),
        "scored_now": _call("scoring_set", "main_set", "people"),
        "cost": _call("late_data_cost", "main_set"),
        "past_cost": _call("late_data_cost", "past_set"),
        "early_cost": _call("late_data_cost", "early_set"),
        "no_cost": _call("late_data_cost", "plain_set"),
        "stale_cost": _call("stale_data_cost", "main_set"),
        "served_cost": _call("stale_data_cost", "served_set", ["1 day", "5 hours"], "2 hours"),
        "logged_cost": _call("stale_data_cost", "logged_runs_set", ["9 hours"]),
        "past_stale_cost": _call("stale_data_cost", "past_set", ["1 day"]),
        **{f"{name}_card": _call("dataset_card", f"{name}_set") for name in CARDS},
    }


def _properties() -> list[dict[str, Any]]:
    return [
        _view(
            "status",
            STATUS,
            ["customer_id"],
            "valid_from",
            created_timestamp="loaded_at",
            availability_lag="2 hours",
            ttl="2 days",
            _meta={"score": {"default": -1}},
        ),
        _view("balance", BALANCE, ["customer_id"], "as_from", created_timestamp="booked_at"),
        _view("rate", RATE, [], "day", availability_lag="1 day"),
        _view(
            "odd",
            ODD,
            ["Group"],
            "event_at",
            tie_breaker="expires_at",
            ttl="5 days",
            _meta={"expires_at": {"feature": False}, "choice": {"default": "it's"}},
        ),
        _view("summary", SUMMARY, ["customer_id"], "at", tie_breaker="rank"),
        _view("wide", WIDE, ["customer_id"], "at"),
        *(_tied(name) for name in ("tied", "tied_view")),
        _view("alike", ALIKE, ["customer_id"], "at"),
        _view("alike_view", ALIKE, ["customer_id"], "at"),
        _model("cases", CASES, {"label_set": {"timestamp": "at"}}),
        _model(
            "visits",
            VISITS,
            {"label_set": {"timestamp": "at", "label": "outcome", "known_at": "known"}},
        ),
        {"name": "loose", "config": {"meta": {"label_set": {"timestamp": "at"}}}},
        {"name": "some_visits", "config": {"meta": {"label_set": {"timestamp": "at"}}}},
        {
            "name": "ripening",
            "config": {"meta": {"label_set": {"timestamp": "at", "maturity": "3 days"}}},
        },
        _model("people", ENTITIES, {}),
        _model("scored_people", SCORED, {"label_set": {"timestamp": "scored_at"}}),
        {
            "name": "typed",
            "config": {"meta": {"label_set": {"timestamp": "at", "label": "flag"}}},
        },
        *TESTED,
    ]


def _view(
    name: str,
    columns: Columns,
    keys: list[str],
    event: str,
    _meta: Mapping[str, Any] | None = None,
    **block: str,
) -> dict[str, Any]:
    block_ = {"join_keys": keys, "event_timestamp": event, **block}
    model = _model(name, columns, {"feature_view": block_}, _meta)
    ages = {
        "status": "2024-02-05",
        "balance": "2024-02-10",
        "rate": "2024-01-31",
        "odd": "2024-02-10",
    }
    if name in ages:
        model["data_tests"] = [
            generic("not_stale", f"{name}_fresh", max_age="20 days", as_of=ages[name]),
            generic("not_stale", f"{name}_stale", max_age="1 hour", as_of=ages[name], config=WARN),
        ]
    return model


def _tied(name: str) -> dict[str, Any]:
    """A view that says its rows do not tie, by a test that fails and stops nothing."""
    model = _view(name, TIED, ["customer_id"], "at")
    model["config"]["meta"]["feature_view"]["online"] = name == "tied"
    return {**model, "data_tests": [generic("unique_feature_rows", f"{name}_ties", config=WARN)]}


def _model(
    name: str, columns: Columns, meta: Any, column_meta: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "meta": meta},
        "columns": [
            {
                "name": column,
                "data_type": kind,
                "quote": True,
                "config": {"meta": (column_meta or {}).get(column, {})},
            }
            for column, kind in columns.items()
        ],
    }


def _set(labels: str, features: Any, **options: Any) -> str:
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    return _made_by(f"training_set(labels={labels!r}, features={features!r}{given})")


def _call(macro: str, *arguments: Any) -> str:
    return _made_by(f"{macro}({', '.join(map(repr, arguments))})")


def _alike_named() -> str:
    """The same join with what a caller names, who knows no types."""
    features = [name for name in ALIKE if name not in ("customer_id", "at")]
    view = {
        "name": "alike",
        "join_keys": ["customer_id"],
        "event_timestamp": "at",
        "features": features,
    }
    views = f"[dict({view!r}, relation=ref('alike'))]"
    return _made_by(f"point_in_time_join(ref('cases'), 'at', {views})")


def _made_by(call: str) -> str:
    return "{{ config(materialized='table') }}" + macro_call(call)
