"""The dbt project of a run: seeds with the cases as texts, and models that call the macros."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any, Final

from feature_warehouse.conformance.cases import Cases
from feature_warehouse.conformance.declared import Column, Row, Value
from feature_warehouse.conformance.models import calls, config, contract, declared
from feature_warehouse.conformance.shapes import (
    ARRIVALS,
    ARRIVED,
    ASKED_AT,
    EVENTS,
    LABELS,
    PREFIX,
    Shapes,
)
from feature_warehouse.dbt_project.program import dbt_2

__all__ = ["NAME", "STEP", "types_of", "write_base", "write_models"]

NAME: Final = "feature_warehouse_conformance"
STEP: Final = "FEATURE_WAREHOUSE_CONFORMANCE_STEP"
"""The variable of the environment that says up to which batch rows have come."""

_NULL: Final = "-"
_BATCH: Final = Column("batch_no", "integer")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNTIL_NOW: Final = f"where batch_no <= {{{{ env_var('{STEP}', '1') }}}}\n"


_LABEL_SET: Final = {"label_set": {"timestamp": ASKED_AT, "label": "outcome"}}


def write_base(folder: Path, package: Path, profile: str, schema: str) -> None:
    """What dbt needs before it knows the types: the project's file, and the macros.

    ``package`` is the folder of the dbt package in the user's project, of which the macros are
    copied, so that nothing is written there, and nothing else is built.
    """
    (folder / "models").mkdir(parents=True)
    (folder / "seeds").mkdir()
    (folder / "macros").mkdir()
    for file in (Path(__file__).parent / "macros").glob("*.sql"):
        copyfile(file, folder / "macros" / file.name)
    copy = folder / "dbt_packages" / "feature_warehouse"
    for source in _sources(package):
        target = copy / source.relative_to(package)
        target.parent.mkdir(parents=True, exist_ok=True)
        copyfile(source, target)
    content = {
        "name": NAME,
        "version": "1.0.0",
        "profile": profile,
        "flags": {"send_anonymous_usage_stats": False},
        "seeds": {NAME: {"+schema": schema}},
        "models": {NAME: {"+schema": schema}},
    }
    _write(folder / "dbt_project.yml", content)
    if not dbt_2():
        # dbt 1.12 counts them; dbt 2 would install them anew.
        local = {"local": "dbt_packages/feature_warehouse"}
        _write(folder / "packages.yml", {"packages": [local]})


def _sources(package: Path) -> Iterator[Path]:
    yield package / "dbt_project.yml"
    for part in ("macros", "tests/generic"):
        for pattern in ("*.sql", "*.yml"):
            yield from sorted((package / part).rglob(pattern))


def types_of(named: Mapping[str, str]) -> dict[str, str]:
    """The warehouse's names of all kinds, from those that dbt's own macros give."""
    return {
        **named,
        "decimal": "decimal(8,2)",
        "date": "date",
        "zoned": "timestamp with time zone",
    }


def write_models(folder: Path, shapes: Shapes, cases: Cases, types: Mapping[str, str]) -> None:
    """Seeds, models and their declarations."""
    tables: dict[str, tuple[Column, ...]] = {view.name: view.columns for view in shapes.views}
    tables |= {
        "fwc_labels": (*LABELS, _BATCH),
        "fwc_events": (*EVENTS, _BATCH),
        "fwc_arrivals": (*ARRIVALS.columns, _BATCH),
    }
    models: dict[str, str] = {}
    properties: list[dict[str, Any]] = []
    seeds: list[dict[str, Any]] = []
    views = {view.name: view for view in shapes.views}
    for name, columns in tables.items():
        raw, read = _raw(name), name if name in views else _all(name)
        seeds.append(_write_seed(folder, raw, columns, cases.tables[name], types))
        models[read] = _decoded(raw, columns, types)
        properties.append(declared(views[name], types) if name in views else {"name": read})
    for name, arrived in ARRIVED.items():
        columns = tuple(column for column in tables[name] if column != _BATCH)
        meta = _LABEL_SET if name == "fwc_labels" else {}
        for read, condition in ((name, ""), (arrived, _UNTIL_NOW)):
            models[read] = _chosen(_all(name), columns, condition)
            properties.append(contract(read, columns, types, meta))
    models |= calls(shapes)
    if shapes.grows:
        properties.append(declared(ARRIVALS, types))
    for name, query in models.items():
        (folder / "models" / f"{name}.sql").write_text(query, encoding="utf-8")
    _write(folder / "models" / "models.yml", {"version": 2, "models": properties, "seeds": seeds})


def _raw(table: str) -> str:
    return f"{PREFIX}raw_{table.removeprefix(PREFIX)}"


def _all(table: str) -> str:
    return f"{PREFIX}all_{table.removeprefix(PREFIX)}"


def _write_seed(
    folder: Path,
    name: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    types: Mapping[str, str],
) -> dict[str, Any]:
    with (folder / "seeds" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(column.name for column in columns)
        for row in rows:
            writer.writerow(_text(row[column.name], column.kind) for column in columns)
    column_types = {column.name: types["text"] for column in columns}
    return {"name": name, "config": {"column_types": column_types}}


def _text(value: Value, kind: str) -> str:
    """A text after ``=``, or ``-`` for NULL: loaders know neither all texts nor NULL from them."""
    return _NULL if value is None else "=" + _written(value, kind)


def _written(value: Value, kind: str) -> str:
    if kind in ("timestamp", "date", "zoned"):
        assert isinstance(value, int)
        instant = _EPOCH + timedelta(microseconds=value)
        text = f"{instant:%Y-%m-%d %H:%M:%S.%f}"
        return text[:10] if kind == "date" else f"{text}+00:00" if kind == "zoned" else text
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decoded(raw: str, columns: Sequence[Column], types: Mapping[str, str]) -> str:
    lines = []
    for column in columns:
        text = f"case when {column.name} <> '{_NULL}' then substr({column.name}, 2) end"
        lines.append(f"    cast({text} as {types[column.kind]}) as {column.name}")
    return config("table") + "select\n" + ",\n".join(lines) + f"\nfrom {{{{ ref('{raw}') }}}}\n"


def _chosen(table: str, columns: Sequence[Column], condition: str) -> str:
    names = ", ".join(column.name for column in columns)
    return f"{config('view')}select {names}\nfrom {{{{ ref('{table}') }}}}\n{condition}"


def _write(file: Path, content: Mapping[str, Any]) -> None:
    """JSON, which is YAML."""
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
