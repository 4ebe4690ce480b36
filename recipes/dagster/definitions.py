"""A project's models as assets, and what is published of them, with the gate as asset checks.

Dagster and dagster-dbt have an environment of their own; dbt and feature-warehouse are called by
path, in that of the project. It has these variables, and those that the project's profile asks for:

- ``FEATURE_STORE_PROJECT``: folder of dbt_project.yml
- ``FEATURE_STORE_BIN``: folder of dbt and feature-warehouse, such as /srv/shop/.venv/bin
- ``DBT_TARGET``, ``DBT_TARGET_PATH`` (absolute), ``REDIS_URL``

The manifest in the target folder must be there when this file is loaded: `dbt parse` writes it.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

PROJECT = Path(os.environ["FEATURE_STORE_PROJECT"])
BIN = Path(os.environ["FEATURE_STORE_BIN"])
TARGET_PATH = Path(os.environ["DBT_TARGET_PATH"])
MANIFEST = TARGET_PATH / "manifest.json"

# Unreachable, busy, interrupted: it passes. Everything else ends the same again.
REPEATED = frozenset({3, 4, 130, 143})
TRIES = 5
SECONDS_BETWEEN_TRIES = 120


def _online_views() -> dict[str, dg.AssetKey]:
    """Each view that is published, by its name, with the asset of its model."""
    nodes = json.loads(MANIFEST.read_text())["nodes"].values()
    keys = DagsterDbtTranslator()
    return {
        _name(node): keys.get_asset_key(node)
        for node in nodes
        if node["config"].get("meta", {}).get("feature_view", {}).get("online")
    }


def _name(node: dict[str, Any]) -> str:
    """As the results of a run have it: with the version, if the model has versions."""
    version = node.get("version")
    return node["name"] if version is None else f"{node['name']}.v{version}"


def _online(view: str) -> dg.AssetKey:
    return dg.AssetKey(["online", view.replace(".", "_")])


@dbt_assets(manifest=MANIFEST)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """What `dbt build` builds; its tests are asset checks."""
    yield from dbt.cli(["build"], context=context, target_path=TARGET_PATH).stream()


@dg.multi_asset(
    name="online_store",
    specs=[dg.AssetSpec(_online(view), deps=[key]) for view, key in _online_views().items()],
    check_specs=[dg.AssetCheckSpec("gate", asset=_online(view)) for view in _online_views()],
)
def online_store(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """What `feature-warehouse materialize` publishes."""
    done = subprocess.run(
        [BIN / "feature-warehouse", "materialize", "--json"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = f"feature-warehouse ended with exit code {done.returncode}: {done.stderr}"
    if done.returncode in REPEATED:
        context.log.warning(said)
        raise dg.RetryRequested(
            max_retries=TRIES - 1, seconds_to_wait=SECONDS_BETWEEN_TRIES
        ) from dg.Failure(said)
    # What is wrong with one view keeps no other from being published.
    for result in json.loads(done.stdout)["results"] if done.stdout else ():
        asset = _online(result["view"])
        gate = result["gate"]
        if result["status"] == "success":
            facts = {name: result[name] for name in ("rows_written", "generation", "reason")}
            yield dg.MaterializeResult(asset_key=asset, metadata=facts)
        if gate or result["status"] == "success":
            yield dg.AssetCheckResult(
                passed=not gate or gate["status"] == "passed",
                asset_key=asset,
                check_name="gate",
                metadata={"failures": gate["failures"] if gate else []},
            )
    if done.returncode:
        raise dg.Failure(said, allow_retries=False)


feature_store = dg.define_asset_job("feature_store", selection=dg.AssetSelection.all())

defs = dg.Definitions(
    assets=[models, online_store],
    jobs=[feature_store],
    schedules=[dg.ScheduleDefinition(job=feature_store, cron_schedule="17 * * * *")],
    resources={"dbt": DbtCliResource(project_dir=PROJECT, dbt_executable=str(BIN / "dbt"))},
)
