"""Window views of ours: what dbt compiles, and a view that dbt builds and lets grow by a day."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from benchmarks import data, host, windows_data
from benchmarks.windows_sql import DAYS
from benchmarks.workloads import Workload

__all__ = ["Growth", "compile_views", "grow"]

EVENT_TYPES = {"k": "bigint", "ts": "timestamp", "x": "integer"}
LABEL_TYPES = {"label_id": "bigint", "k": "bigint", "asked_at": "timestamp", "label": "boolean"}
LABEL_SET = {"label_set": {"timestamp": "asked_at", "label": "label"}}
SUMS: list[dict[str, str]] = [{"count": "*"}, {"sum": "x"}, {"avg": "x"}]
EXTREMES: list[dict[str, str]] = [{"min": "x"}, {"max": "x"}]
VIEWS = {
    "windows": SUMS + EXTREMES,
    "sums": SUMS,
    "extremes": EXTREMES,
    "distinct": [{"count_distinct": "x"}],
}
"""Aggregates by the name of a view."""


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """One round: seconds of the model, as dbt says, for one more day and for the whole year."""

    day: float
    year: float


def compile_views(profile: dict[str, Any], package: Path) -> dict[str, str]:
    """The SQL of each view, and of the training set ``joined``; tables have their bare names."""
    with tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as temporary:
        folder = Path(temporary)
        _make_project(folder, profile, package, list(VIEWS), "table")
        call = "feature_warehouse.training_set(labels='my_labels', features=['my_windows'])"
        (folder / "models/my_joined.sql").write_text(f"{{{{ {call} }}}}\n")
        host.run_dbt(folder, "compile")
        compiled = folder / "target/compiled/host/models"
        return {
            name: _bare((compiled / f"my_{name}.sql").read_text()) for name in [*VIEWS, "joined"]
        }


def grow(workload: Workload, rounds: int, package: Path) -> Iterator[Growth]:
    """Append a day to a view of the days before, then build the view of all; both by dbt.

    Raises RuntimeError if the two differ.
    """
    folder = data.FOLDER / "growing"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file, before = folder / "growing.duckdb", folder / "before.duckdb"
    _make_project(
        folder, {"type": "duckdb", "path": str(file)}, package, ["windows"], "incremental"
    )
    with duckdb.connect(file) as connection:
        connection.execute(f"attach '{windows_data.database(workload)}' as source (read_only)")
        connection.execute("create table my_visits as from source.visits where false")
    until = "(select max(ts) - interval '1 day' from source.visits)"
    _append(file, workload, f"ts < {until}")
    _run(folder, "--full-refresh")
    _append(file, workload, f"ts >= {until}")
    shutil.move(file, before)
    for _ in range(rounds):
        shutil.copy(before, file)
        day = _run(folder)
        grown = _checksums(file)
        year = _run(folder, "--full-refresh")
        if grown != _checksums(file):
            raise RuntimeError("the view that has grown is not the one that a full build makes")
        yield Growth(day=day, year=year)
    shutil.rmtree(folder)


def _make_project(
    folder: Path, profile: dict[str, Any], package: Path, views: list[str], materialized: str
) -> None:
    models = folder / "models"
    properties = [
        host.write_model(models, "my_visits", EVENT_TYPES, {}),
        host.write_model(models, "my_labels", LABEL_TYPES, LABEL_SET),
    ]
    lengths = [f"{days} days" for days in DAYS]
    for name in views:
        (models / f"my_{name}.sql").write_text(
            f"{{{{ config(materialized='{materialized}') }}}}\n"
            "{{ feature_warehouse.window_features(events=ref('my_visits'), join_keys=['k'],"
            f" event_timestamp='ts', aggregates={VIEWS[name]}, windows={lengths}) }}}}\n"
        )
    host.make_project(folder, profile, package, properties)


def _bare(sql: str) -> str:
    """Name tables as in the workload, and not as any CTE."""
    return re.sub(r'("\w+"\.)+"my_(\w+)"', r"\2", sql).replace("my_", "the_")


def _run(folder: Path, *options: str) -> float:
    host.run_dbt(folder, "run", "--select", "my_windows", *options)
    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    seconds = {each["unique_id"]: each["execution_time"] for each in results}
    return float(seconds["model.host.my_windows"])


def _append(file: Path, workload: Workload, condition: str) -> None:
    with duckdb.connect(file) as connection:
        connection.execute(f"attach '{windows_data.database(workload)}' as source (read_only)")
        connection.execute(f"insert into my_visits from source.visits where {condition}")


def _checksums(file: Path) -> dict[str, int]:
    with duckdb.connect(file) as connection:
        return windows_data.checksums(connection, "my_windows")
