"""A host project with the window views over a table of events, compiled for an engine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.support import ROOT, dbt, write_yaml
from oracles.windows import View
from windows import extremes
from windows.shapes import DECLARED

SCHEMA = "windows"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def make_project(
    folder: Path, views: tuple[View, ...], package: Path = ROOT, *, with_extremes: bool = False
) -> Path:
    models = folder / "models"
    models.mkdir(parents=True)
    write_yaml(folder / "dbt_project.yml", {"name": "host", "version": "1.0.0", "profile": "host"})
    write_yaml(folder / "packages.yml", {"packages": [{"local": str(package)}]})
    columns = [{"name": name, "data_type": type_} for name, type_ in DECLARED.items()]
    properties = [{"name": "events", "columns": columns}]
    for case in extremes.CASES if with_extremes else ():
        events = f"extremes_{case.engine}"
        typed = {"k": "bigint", **case.columns}
        if not case.late:
            columns = [{"name": name, "data_type": type_} for name, type_ in typed.items()]
            properties.append({"name": events, "columns": columns})
            (models / f"{events}.sql").write_text("select 1 as k")
        (models / f"{case.name}.sql").write_text(case.sql)
    write_yaml(models / "models.yml", {"version": 2, "models": properties})
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


def literal(one: Any, type_: str) -> str:
    """SQL of a value; instants are microseconds."""
    if one is None:
        return "null"
    if type_.startswith(("timestamp", "date")):
        text = str(EPOCH + timedelta(microseconds=one)).removesuffix("+00:00")
        return f"'{text[:10]}'" if type_ == "date" else f"'{text}{'+00' * (type_ != 'timestamp')}'"
    return "'" + str(one).replace("'", "''") + "'"
