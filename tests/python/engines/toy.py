"""A third engine, which is DuckDB under another name, and a project on it.

The adapter of dbt is what the engine's own vendor ships. To this package it takes two files, one of
macros and one of Python.
"""

from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

from harness.host import macro_call
from harness.support import ROOT, write_yaml

Row = dict[str, Any]

_ADAPTER = """
from dataclasses import dataclass
from pathlib import Path

from dbt.adapters.base import AdapterPlugin
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.impl import DuckDBAdapter


class ToyConnectionManager(DuckDBConnectionManager):
    TYPE = "toy"


@dataclass
class ToyCredentials(DuckDBCredentials):
    @property
    def type(self):
        return "toy"


class ToyAdapter(DuckDBAdapter):
    ConnectionManager = ToyConnectionManager


Plugin = AdapterPlugin(
    adapter=ToyAdapter,
    credentials=ToyCredentials,
    include_path=str(Path(__file__).parents[2] / "include" / "toy"),
    dependencies=["duckdb"],
)
"""

ENGINE = '''
"""DuckDB under another name."""

from feature_warehouse.engines.duckdb import DIALECT, DuckDBWarehouse, connect_to_append, file_of


class ToyWarehouse(DuckDBWarehouse):
    def identity(self):
        return [f"toy {text}" for text in super().identity()]


connect = ToyWarehouse
'''


def answers() -> str:
    """The file of macros: DuckDB's answers, but for an engine that lacks what DuckDB has.

    Without ASOF JOIN, IGNORE NULLS and cheap frames it takes other ways, without names of windows
    it writes their definitions wherever they are meant.
    """
    text = (ROOT / "macros" / "internal" / "engines" / "duckdb.sql").read_text()
    text = text.replace("macro duckdb___", "macro toy___").replace("'duckdb'", "'toy'")
    for capability in ("asof_join", "ignores_nulls", "cheap_frames", "named_windows"):
        assert f"'{capability}': true" in text
        text = text.replace(f"'{capability}': true", f"'{capability}': false")
    return text


def write_adapter(folder: Path) -> Path:
    """A folder for PYTHONPATH, where dbt finds its adapter ``toy``."""
    adapter, include = folder / "dbt" / "adapters" / "toy", folder / "dbt" / "include" / "toy"
    for made in (adapter, include / "macros"):
        made.mkdir(parents=True)
    (adapter / "__init__.py").write_text(_ADAPTER)
    (adapter / "__version__.py").write_text('version = "1.0.0"\n')
    write_yaml(
        include / "dbt_project.yml",
        {"name": "dbt_toy", "version": "1.0", "config-version": 2, "macro-paths": ["macros"]},
    )
    return folder


# Cards, with what was spent, and a balance that is booked some time after it holds.
SPENT: list[Row] = [
    {"card": 1, "seen_at": datetime(2026, 1, 1), "known": datetime(2026, 1, 1), "amount": 10},
    {"card": 1, "seen_at": datetime(2026, 1, 2), "known": datetime(2026, 1, 4), "amount": 20},
    {"card": 1, "seen_at": datetime(2026, 1, 5), "known": datetime(2026, 1, 5), "amount": 40},
    {"card": 2, "seen_at": datetime(2026, 1, 3, 6), "known": datetime(2026, 1, 3, 6), "amount": 80},
    {
        "card": 2,
        "seen_at": datetime(2026, 1, 3, 7),
        "known": datetime(2026, 1, 3, 7),
        "amount": 160,
    },
    {"card": 2, "seen_at": datetime(2026, 1, 6), "known": datetime(2026, 1, 6), "amount": 320},
]
BALANCE: list[Row] = [
    {"card": 1, "seen_at": datetime(2026, 1, 1), "known": datetime(2026, 1, 1), "amount": 7},
    {"card": 1, "seen_at": datetime(2026, 1, 3), "known": datetime(2026, 1, 6), "amount": 8},
    {"card": 1, "seen_at": datetime(2026, 1, 4), "known": datetime(2026, 1, 4, 1), "amount": 9},
    {"card": 2, "seen_at": datetime(2026, 1, 2), "known": datetime(2026, 1, 2, 12), "amount": None},
    {"card": 3, "seen_at": datetime(2026, 1, 5), "known": datetime(2026, 1, 5), "amount": -3},
]
ASKED: list[Row] = [
    {"card": card, "asked_at": datetime(2026, 1, 1) + timedelta(hours=hours), "outcome": number}
    for number, (card, hours) in enumerate(
        (card, hours) for card in (1, 2, 3, 4) for hours in (-1, 0, 47, 54, 72, 96, 120, 150)
    )
]
WINDOW = timedelta(days=2)


def answer(card: int, at: datetime) -> Row:
    """The features of a card as they were known at an instant, by the rules in a few loops."""
    newest: Row = {"amount": None}
    for row in BALANCE:
        is_known = row["card"] == card and max(row["seen_at"], row["known"]) <= at
        if is_known and ("seen_at" not in newest or row["seen_at"] > newest["seen_at"]):
            newest = row
    spent = [
        row["amount"]
        for row in SPENT
        if row["card"] == card and row["known"] <= at and at - WINDOW < row["seen_at"] <= at
    ]
    return {
        "amount": newest["amount"],
        "spent_2d": sum(spent) if spent else None,
        "payments_2d": len(spent),
    }


_TYPES = {"card": "bigint", "seen_at": "timestamp", "known": "timestamp", "amount": "integer"}
_ASKED_TYPES = {"card": "bigint", "asked_at": "timestamp", "outcome": "integer"}


def write_project(folder: Path, output: Row | None = None) -> Path:
    """A project on ``toy``, with a copy of this package that one may add files to.

    With ``output``, the target of a profile, it is one on another engine.
    """
    (folder / "models").mkdir(parents=True)
    package = folder / "dbt_packages" / "feature_warehouse"
    copytree(ROOT / "macros", package / "macros")
    (package / "tests").mkdir()
    for name in ("dbt_project.yml", "tests/generic"):
        (package / name).symlink_to(ROOT / name)
    write_yaml(folder / "dbt_project.yml", {"name": "cards", "version": "1.0", "profile": "cards"})
    toy = {"type": "toy", "path": str(folder / "cards.toy"), "schema": "main", "threads": 1}
    output = output or toy
    write_yaml(folder / "profiles.yml", {"cards": {"target": "dev", "outputs": {"dev": output}}})
    for name, query in models().items():
        (folder / "models" / f"{name}.sql").write_text(query)
    write_yaml(folder / "models" / "models.yml", {"version": 2, "models": properties()})
    return folder


def engines_folder(project: Path) -> Path:
    return project / "dbt_packages" / "feature_warehouse" / "macros" / "internal" / "engines"


def models() -> dict[str, str]:
    table = "{{ config(materialized='table') }}"
    return {
        "spent": table + _select(SPENT, _TYPES),
        "balance": table + _select(BALANCE, _TYPES),
        "asked": table + _select(ASKED, _ASKED_TYPES),
        "spending": table
        + macro_call(
            "window_features(events='spent', join_keys=['card'], event_timestamp='seen_at',"
            " created_timestamp='known', windows=['2 days'], aggregates=["
            "{'sum': 'amount', 'as': 'spent'}, {'count': '*', 'as': 'payments'}])"
        ),
        "learned": table
        + macro_call(
            "training_set(labels='asked', features=['balance', 'spending'], service='pay')"
        ),
    }


def _select(rows: list[Row], types: dict[str, str]) -> str:
    return " union all ".join(
        "select "
        + ", ".join(
            f"cast({'null' if row[name] is None else repr(str(row[name]))} as {kind}) as {name}"
            for name, kind in types.items()
        )
        for row in rows
    )


def properties() -> list[dict[str, Any]]:
    view = {"join_keys": ["card"], "event_timestamp": "seen_at", "created_timestamp": "known"}
    return [
        {"name": "spent", "columns": _columns(_TYPES)},
        {
            "name": "balance",
            "config": {
                "contract": {"enforced": True},
                "meta": {"feature_view": {**view, "online": True}},
            },
            "columns": _columns(_TYPES),
        },
        {
            "name": "asked",
            "config": {"meta": {"label_set": {"timestamp": "asked_at", "label": "outcome"}}},
            "columns": _columns(_ASKED_TYPES),
        },
        {"name": "spending", "config": {"meta": {"feature_view": {"online": True}}}},
        {"name": "learned", "data_tests": ["feature_warehouse.point_in_time_correct"]},
    ]


def _columns(types: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "data_type": kind} for name, kind in types.items()]
