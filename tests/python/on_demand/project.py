"""A host project with random expressions: one label set, one view, some training sets over them."""

import math
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.host import macro_call, write_host
from harness.support import ROOT
from on_demand import payments
from on_demand.generate import Made
from on_demand.rows import COLUMNS

KEYS = {"id": "bigint", "asked_at": "timestamptz"}
FEATURES = {f"f_{name}": kind for name, kind in COLUMNS.items()}


def write_project(
    folder: Path, rows: list[dict[str, Any]], sets: dict[str, list[Made]], package: Path = ROOT
) -> Path:
    """Row n has the id n; the features of a row were known a microsecond before it."""
    labels = [
        {"id": number, "asked_at": row["request_time"], **{name: row[name] for name in COLUMNS}}
        for number, row in enumerate(rows)
    ]
    facts = [
        {
            "id": number,
            "known_at": row["request_time"] - timedelta(microseconds=1),
            **{name: row[name] for name in FEATURES},
        }
        for number, row in enumerate(rows)
    ]
    label_types = {**KEYS, **COLUMNS}
    fact_types = {"id": "bigint", "known_at": "timestamp", **FEATURES}
    models = {"labels": values(label_types, labels), "facts": values(fact_types, facts)}
    for name, made in sets.items():
        entries = [{"name": f"x{place}", "expr": one.text} for place, one in enumerate(made)]
        models[name] = "{{ config(materialized='table') }}" + macro_call(
            f"training_set(labels='labels', features=['facts'], on_demand={entries!r})"
        )
    properties = [
        model("labels", label_types, {"label_set": {"timestamp": "asked_at"}}),
        model(
            "facts",
            fact_types,
            {"feature_view": {"join_keys": ["id"], "event_timestamp": "known_at", "online": True}},
        ),
    ]
    models |= payments.models()
    return write_host(folder, models, properties + payments.properties(), package=package)


def model(name: str, types: dict[str, str], meta: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "materialized": "table", "meta": meta},
        "columns": [{"name": column, "data_type": kind} for column, kind in types.items()],
    }


def values(types: dict[str, str], rows: list[dict[str, Any]]) -> str:
    lines = [
        "(" + ", ".join(written(row[name], kind) for name, kind in types.items()) + ")"
        for row in rows
    ]
    casts = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
    return f"select {casts} from (values {', '.join(lines)}) as given ({', '.join(types)})"


def written(value: Any, kind: str) -> str:
    """SQL of a value, as a text that its type reads."""
    if value is None:
        return f"cast(null as {kind})"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        text = value.isoformat(" ")[: 10 if kind == "date" else None]
        text += "+00" if kind == "timestamptz" else ""
    elif isinstance(value, Decimal):
        text = f"{value:f}"
    elif isinstance(value, float):
        text = (
            "infinity" if value == math.inf else "-infinity" if value == -math.inf else repr(value)
        )
    else:
        text = str(value).replace("'", "''")
    return f"cast('{text}' as {kind})"
