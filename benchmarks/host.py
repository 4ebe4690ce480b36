"""The SQL of ours: what dbt compiles in a project that installs the package."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.workloads import TTL_DAYS, Workload

__all__ = ["ROOT", "VARIANTS", "bare", "compile_sql", "make_project", "run_dbt", "write_model"]

ROOT = Path(__file__).parents[1]

VARIANTS = ("table", "view", "indexed")
"""What the feature views are: tables; dbt views; tables with an index on key and time."""


def compile_sql(
    workloads: Iterable[Workload], profile: dict[str, Any], package: Path = ROOT
) -> dict[tuple[str, str], str]:
    """Compile the training set of each workload in each variant, by names of both.

    ``profile`` is an output of a dbt profile. In the SQL returned, tables have their bare names.
    """
    wanted = {(each.name, variant): each for each in workloads for variant in VARIANTS}
    with tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as temporary:
        folder = Path(temporary)
        models: list[dict[str, Any]] = []
        for (name, variant), workload in wanted.items():
            models += _write_models(folder / "models", f"{name}_{variant}", workload, variant)
        make_project(folder, profile, package, models)
        run_dbt(folder, "compile")
        compiled = folder / "target/compiled/host/models"
        return {
            key: bare((compiled / f"{'_'.join(key)}.sql").read_text(), "_".join(key))
            for key in wanted
        }


def make_project(
    folder: Path, profile: dict[str, Any], package: Path, models: list[dict[str, Any]]
) -> None:
    """Write the files of a dbt project around models that are there, and install the package."""
    # JSON is YAML.
    for file, content in {
        "dbt_project.yml": {"name": "host", "version": "1.0.0", "profile": "host"},
        "packages.yml": {"packages": [{"local": str(package)}]},
        "profiles.yml": {"host": {"outputs": {"bench": profile}, "target": "bench"}},
        "models/models.yml": {"version": 2, "models": models},
    }.items():
        (folder / file).write_text(json.dumps(content))
    run_dbt(folder, "deps")


def _write_models(
    folder: Path, prefix: str, workload: Workload, variant: str
) -> list[dict[str, Any]]:
    """Write views, labels and training set of one variant; return their properties."""
    label_types = {"label_id": "bigint", "k": "bigint"}
    label_types |= {"asked_at": "timestamp", "label": "boolean"}
    label_set = {"timestamp": "asked_at", "label": "label"}
    models = [write_model(folder, f"{prefix}_labels", label_types, {"label_set": label_set})]
    block = {"join_keys": ["k"], "event_timestamp": "ts", "ttl": f"{TTL_DAYS} days"}
    if workload.created:
        block["created_timestamp"] = "created"
    for view in workload.view_names:
        types = {"k": "bigint", "ts": "timestamp"}
        types |= {"created": "timestamp"} if workload.created else {}
        types |= dict.fromkeys(workload.feature_names(view), "double precision")
        model = write_model(folder, f"{prefix}_{view}", types, {"feature_view": block})
        if variant == "view":
            model["config"]["materialized"] = "view"
        if variant == "indexed":
            model["config"]["indexes"] = [{"columns": ["k", "ts"]}]
        models.append(model)
    views = [f"{prefix}_{view}" for view in workload.view_names]
    call = f"feature_warehouse.training_set(labels='{prefix}_labels', features={views})"
    (folder / f"{prefix}.sql").write_text(f"{{{{ {call} }}}}\n")
    return models


def write_model(folder: Path, name: str, types: dict[str, str], meta: Any) -> dict[str, Any]:
    """Write an empty table with these columns; return its properties."""
    folder.mkdir(exist_ok=True)
    nulls = ", ".join(f"cast(null as {type_}) as {column}" for column, type_ in types.items())
    (folder / f"{name}.sql").write_text(f"select {nulls} where false\n")
    return {
        "name": name,
        "config": {"materialized": "table", "contract": {"enforced": True}, "meta": meta},
        "columns": [{"name": column, "data_type": type_} for column, type_ in types.items()],
    }


def bare(sql: str, prefix: str) -> str:
    """Name tables and CTEs by what they are in the workload."""
    without_schema = re.sub(rf'("\w+"\.)+"{prefix}_(\w+)"', r"\2", sql)
    return without_schema.replace(f"{prefix}_", "the_")


def run_dbt(folder: Path, *arguments: str) -> None:
    """Run a command of dbt in a project.

    Raises RuntimeError with what dbt says if it fails.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "PG"))
    }
    result = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", *arguments],
        cwd=folder,
        env=environment | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"dbt {' '.join(arguments)} failed:\n{result.stdout}\n{result.stderr}")
