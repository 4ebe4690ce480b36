"""A host project that declares the shapes and installs the package, compiled by dbt."""

from pathlib import Path
from typing import Any

from harness.engines import name_in_project, type_in_project
from harness.host import Host, write_host
from harness.support import ROOT
from local_postgres import Postgres
from point_in_time.declarations import (
    PUBLICATION_LOG,
    Column,
    Labels,
    Part,
    Split,
    TrainingSet,
    Value,
    View,
)
from point_in_time.label_sets import LABELS
from point_in_time.training_sets import TRAINING_SETS
from point_in_time.views import VIEWS

SCHEMA = "pit"

SOURCE = {
    "name": "feature_warehouse_requests",
    "schema": "{{ target.schema }}",
    "tables": [{"name": "publications", "identifier": PUBLICATION_LOG}],
}

INSTANTS = (
    ("2013-03-10T03:00:00-04:00", 1_362_898_800_000_000),
    ("2013-11-03 06:00:00", 1_383_458_400_000_000),
    ("1969-12-31T23:59:59.999999Z", -1),
)
"""As given to ``as_of``, and in microseconds since 1970 UTC. Two are New York's clock changes."""


def make_project(folder: Path, package: Path = ROOT) -> Path:
    """Write the project into a folder; its name is that of the schema of its tables."""
    models: dict[str, str] = {}
    for view in VIEWS:
        models[view.name] = _empty_table(view.columns)
        if not view.table:
            models[as_of_model(view)] = _as_of_model(view)
    models |= {label_set.name: _empty_table(label_set.columns) for label_set in LABELS}
    models |= {training_set.name: _training_model(training_set) for training_set in TRAINING_SETS}
    properties = [*map(_view_properties, VIEWS), *map(_label_properties, LABELS)]
    return write_host(folder / SCHEMA, models, properties, {"sources": [SOURCE]}, package)


def compile_project(project: Path, engine: str, server: Postgres | None) -> Path:
    """Let dbt write the SQL of every model for one engine; the target folder is returned."""
    # An empty file, whose database has the name of one in memory.
    file = str(project / "memory.duckdb")
    host = Host(project, engine, server, FEATURE_WAREHOUSE_DUCKDB_PATH=file)
    host.dbt("--quiet", "--warn-error", "compile")
    return host.target


def as_of_model(view: View) -> str:
    """The model that asks for all instants; a relation's name has 63 characters."""
    return f"at_{view.name[:40]}"


def _view_properties(view: View) -> dict[str, Any]:
    block = {
        "join_keys": [key.name for key in view.keys],
        "event_timestamp": view.event.name,
        "created_timestamp": view.created.name if view.created else None,
        "availability_lag": view.lag.text if view.lag else None,
        "ttl": view.ttl.text if view.ttl else None,
        "tie_breaker": view.tie_breaker,
    }
    block = {name: value for name, value in block.items() if value is not None}
    properties = _properties(view.name, {"feature_view": block}, view.columns)
    if view.table:
        indexes = [{"columns": list(columns)} for columns in view.indexes]
        properties["config"] |= {"materialized": "table", "indexes": indexes}
    for column in properties["columns"]:
        name = column["name"]
        if name in view.defaults:
            default = _default(dict(view.columns)[name], view.defaults[name])
            column["config"] = {"meta": {"default": default}}
        if name in dict(view.extra):
            column["config"] = {"meta": {"feature": False}}
    if view.unique == "unique_feature_rows":
        properties["data_tests"] = ["feature_warehouse.unique_feature_rows"]
    if view.unique == "primary_key":
        columns = [key.name for key in view.keys] + [view.event.name]
        properties["constraints"] = [{"type": "primary_key", "columns": columns}]
    return properties


def _label_properties(label_set: Labels) -> dict[str, Any]:
    block = {"timestamp": label_set.timestamp}
    if label_set.known_at:
        block["known_at"] = label_set.known_at
    if label_set.maturity:
        block["maturity"] = label_set.maturity.text
    meta = {"label_set": block}
    if label_set.contract:
        return _properties(label_set.name, meta, label_set.columns)
    return {"name": label_set.name, "config": {"meta": meta}}


def _properties(name: str, meta: dict[str, Any], columns: tuple[Column, ...]) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "meta": meta},
        "columns": [
            {"name": name, "data_type": type_in_project(type_), "quote": True}
            for name, type_ in columns
        ],
    }


def _default(data_type: str, value: Value) -> Value:
    """An instant's default is written as text; the only one used is 1970."""
    if data_type in ("timestamp", "date"):
        return "1970-01-01"
    return "1970-01-01 00:00:00+00" if data_type == "timestamptz" else value


def _empty_table(columns: tuple[Column, ...]) -> str:
    nulls = [
        f"cast(null as {type_in_project(type_)}) as {name_in_project(name)}"
        for name, type_ in columns
    ]
    return "select\n    " + ",\n    ".join(nulls) + "\nwhere false\n"


def _as_of_model(view: View) -> str:
    """One query for all instants, numbered, and last of all ``latest``."""
    calls = [f"as_of({view.name!r}, {text!r})" for text, _ in INSTANTS]
    parts = [
        f"select {number} as number, answers.*\nfrom {{{{ feature_warehouse.{call} }}}} as answers"
        for number, call in enumerate([*calls, f"latest({view.name!r})"])
    ]
    return "\nunion all\n".join(parts) + "\n"


def _training_model(training_set: TrainingSet) -> str:
    # Python's literals are Jinja's.
    labels = training_set.labels
    if training_set.typed:
        features = [_entry(part) for part in training_set.parts]
        options = "".join(f",\n    {name}={value!r}" for name, value in _options(training_set))
        call = f"training_set({labels.name!r}, {features!r}{options})"
        return f"{{{{ feature_warehouse.{call} }}}}\n"
    views = ", ".join(_explicit(training_set, part) for part in training_set.parts)
    return (
        "{{ feature_warehouse.point_in_time_join(\n"
        f"    ref({labels.name!r}), {labels.timestamp!r}, [{views}]\n"
        ") }}\n"
    )


def _options(training_set: TrainingSet) -> list[tuple[str, object]]:
    where = [condition.text for condition in training_set.where]
    options: dict[str, object] = {
        "served": _served(training_set),
        "where": where[0] if len(where) == 1 else where or None,
        "knowledge": training_set.knowledge,
        "split": _split(training_set.split) if training_set.split else None,
    }
    for name in ("start", "end", "as_of"):
        moment = getattr(training_set, name)
        options[name] = moment.text if moment else None
    return [(name, value) for name, value in options.items() if value is not None]


def _served(training_set: TrainingSet) -> dict[str, object] | None:
    """As little as says it: the log alone is what there is without the argument."""
    if training_set.schedule is None:
        return None
    every, delay = training_set.schedule
    entry: dict[str, object] = {"every": every.text}
    if delay:
        entry["delay"] = delay.text
    return {**entry, "log": True} if training_set.logged else entry


def _split(split: Split) -> dict[str, object]:
    entry = {
        "by": list(split.by),
        "fractions": split.fractions,
        "salt": split.salt,
        "starts": {name: start.text for name, start in split.starts.items()},
        "embargo": split.embargo.text if split.embargo else None,
        "column": split.column if split.column != "train_test_split" else None,
    }
    return {name: value for name, value in entry.items() if value}


def _entry(part: Part) -> str | dict[str, Any]:
    entry: dict[str, Any] = {"view": part.view.name}
    if part.features or part.rename:
        entry["features"] = part.rename or list(part.features or ())
    if part.keys:
        entry["join_keys"] = part.keys
    if part.prefix:
        entry["prefix"] = part.prefix
    if part.event_timestamp:
        entry["event_timestamp"] = part.event_timestamp
    if part.age:
        entry["age"] = part.age
    if entry.keys() <= {"view", "features"} and not part.rename:
        return part.view.name + (f":{', '.join(part.features)}" if part.features else "")
    return entry


def _explicit(training_set: TrainingSet, part: Part) -> str:
    view = part.view
    arguments: dict[str, Any] = {
        "name": view.name,
        "join_keys": dict(zip((key.name for key in view.keys), part.label_keys, strict=True)),
        "event_timestamp": view.event.name,
        "created_timestamp": view.created.name if view.created else None,
        "features": part.outputs if part.prefix else list(part.outputs),
        "tie_breakers": list(view.tie_breakers),
        "availability_lag": view.lag.text if view.lag else None,
        "ttl": view.ttl.text if view.ttl else None,
        "stored": view.table,
        "indexed": bool(view.indexes),
        "as_of": training_set.as_of.text if training_set.as_of else None,
        "knowledge": training_set.knowledge,
        "event_timestamp_as": part.event_timestamp_column,
        "age_as": part.age_column,
    }
    given = {name: value for name, value in arguments.items() if value not in (None, False)}
    text = ", ".join(f"{name!r}: {value!r}" for name, value in given.items())
    return f"{{{text}, 'relation': ref({view.name!r})}}"
