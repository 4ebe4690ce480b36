"""A host project with the window views over a table of events."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import engines
from harness.host import write_host
from harness.support import ROOT
from windows import extremes
from windows.oracle import View
from windows.shapes import DECLARED


def make_project(
    folder: Path, views: tuple[View, ...], package: Path = ROOT, *, with_extremes: bool = False
) -> Path:
    models = {"events": "select 1 as k"} | {view.name: model_of(view) for view in views}
    properties = [declared("events", DECLARED)]
    for case in extremes.CASES if with_extremes else ():
        events = f"extremes_{case.engine}"
        if not case.late:
            properties.append(declared(events, {"k": "bigint", **case.columns}))
            models[events] = "select 1 as k"
        models[case.name] = case.sql
    return write_host(folder / "windows", models, properties, package=package)


def declared(name: str, columns: Mapping[str, str]) -> dict[str, Any]:
    listed = [
        {"name": column, "data_type": engines.type_in_project(type_)}
        for column, type_ in columns.items()
    ]
    return {"name": name, "columns": listed}


def model_of(view: View) -> str:
    renamed = any(key != column for key, column in view.keys.items())
    arguments: dict[str, Any] = {
        "join_keys": view.keys if renamed else list(view.keys),
        "event_timestamp": view.event,
        "aggregates": [
            {**one.asked, **({"windows": [w.asked for w in one.windows]} if one.windows else {})}
            for one in view.aggregates
        ],
        "windows": [window.asked for window in view.windows],
        **({"created_timestamp": view.created} if view.created else {}),
        **view.options,
    }
    written = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return (
        "{{ config(materialized='" + view.materialized + "') }}\n"
        "{{ feature_warehouse.window_features(events=ref('events'), " + written + ") }}\n"
    )


def literal(one: Any, type_: str) -> str:
    """SQL of a value; instants are microseconds."""
    if one is not None and type_.startswith(("timestamp", "date")):
        return engines.literal(engines.instant(one, type_))
    return engines.literal(one if one is None else str(one))
