"""A host project with the window views over a table of events, compiled for an engine."""

from pathlib import Path
from typing import Any

from support import ROOT, dbt, write_yaml
from windows.law import View
from windows.shapes import COLUMNS


def make_project(folder: Path, views: tuple[View, ...], package: Path = ROOT) -> Path:
    models = folder / "models"
    models.mkdir(parents=True)
    write_yaml(folder / "dbt_project.yml", {"name": "host", "version": "1.0.0", "profile": "host"})
    write_yaml(folder / "packages.yml", {"packages": [{"local": str(package)}]})
    columns = [{"name": name, "data_type": type_} for name, type_ in COLUMNS.items()]
    properties = {"version": 2, "models": [{"name": "events", "columns": columns}]}
    write_yaml(models / "models.yml", properties)
    (models / "events.sql").write_text("select 1 as k")
    for view in views:
        (models / f"{view.name}.sql").write_text(model_of(view))
    dbt("deps", project=folder)
    return folder


def model_of(view: View) -> str:
    renamed = any(key != column for key, column in view.keys.items())
    arguments: dict[str, Any] = {
        "join_keys": view.keys if renamed else list(view.keys),
        "event_timestamp": view.event,
        "aggregates": [aggregate.asked for aggregate in view.aggregates],
        "windows": [window.asked for window in view.windows],
        **({"created_timestamp": view.created} if view.created else {}),
        **view.options,
    }
    written = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return (
        "{{ config(materialized='" + view.materialized + "') }}\n"
        "{{ feature_warehouse.window_features(events=ref('events'), " + written + ") }}\n"
    )


def environment(folder: Path, engine: str, output: dict[str, Any]) -> dict[str, str]:
    """What dbt needs to know to work on an engine; it writes to a folder of its own."""
    write_yaml(folder / "profiles.yml", {"host": {"target": engine, "outputs": {engine: output}}})
    return {
        "DBT_PROFILES_DIR": str(folder),
        "DBT_TARGET_PATH": str(folder / f"target of {engine}"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }


def compiled(target: Path, model: str) -> str:
    return (target / "compiled" / "host" / "models" / f"{model}.sql").read_text()
