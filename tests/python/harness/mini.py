"""A dbt project as its artifacts alone: a manifest and a DuckDB file, made in milliseconds.

What dbt writes for real is tested in test_package.py and with the demo; here many small warehouses
are needed that differ in one thing.
"""

import ast
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from feature_warehouse.redis_store import layout

PROJECT = "mini"
ENGINES = Path(__file__).parents[3] / "macros" / "internal" / "engines"

Columns = Mapping[str, str | dict[str, Any]]


def spellings(engine: str) -> dict[str, list[str]]:
    """Other names of types, as the engine's answer has them, and as the hook would note them."""
    answer = (ENGINES / f"{engine}.sql").read_text(encoding="utf-8")
    found = re.search(r"___type_spellings\(\) -%}\s+{{ return\(({.*?})\) }}", answer, re.DOTALL)
    assert found is not None
    names: dict[str, list[str]] = ast.literal_eval(found[1])
    return names


class Mini:
    """One project folder; ``view`` declares and builds a feature view, ``service`` declares one.

    A name such as ``orders.v2`` is version 2 of a model; ``latest`` says which version is the
    latest of each, and ``deprecation_dates`` those of models by their names.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "mini.duckdb"
        self.adapter = "duckdb"
        self.built = datetime(2026, 1, 1, tzinfo=UTC)
        """When dbt began to build the warehouse."""
        self.written_for: dict[str, Any] | None = {
            "adapter": "duckdb",
            "target": "dev",
            "database": "mini",
            "schema": "main",
            "file": str(self.database),
        }
        self.latest: dict[str, int] = {}
        self.deprecation_dates: dict[str, str] = {}
        self.nodes: dict[str, Any] = {}
        """Of the manifest, by unique id."""
        (folder / "target").mkdir(parents=True, exist_ok=True)
        (folder / "dbt_project.yml").write_text(f"name: {PROJECT}\nversion: 1.0.0\nprofile: mini\n")
        (folder / "profiles.yml").write_text(
            "mini:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n"
            f"      path: '{self.database}'\n"
        )

    def view(
        self,
        name: str,
        columns: Columns,
        query: str | None = None,
        *,
        relation: str = "",
        window: Mapping[str, Any] | None = None,
        checksum: str = "",
        **block: Any,
    ) -> None:
        """Declare a feature view; ``columns`` map names to types, or to a node's column entry.

        With ``query`` it is built too; ``relation`` is one that lies elsewhere. ``window`` is
        what ``window_features`` declares; its ``events`` are another model. ``checksum`` is that
        of its SQL.
        """
        entries = {
            column: {"name": column, **({"data_type": kind} if isinstance(kind, str) else kind)}
            for column, kind in columns.items()
        }
        block = {"join_keys": ["id"], "event_timestamp": "ts", "online": True, **block}
        meta = {"feature_view": block, **({"window_features": window} if window else {})}
        self.nodes[f"model.{PROJECT}.{name}"] = {
            **self._node(name),
            "columns": entries,
            "config": {"contract": {"enforced": True}, "meta": meta},
            "depends_on": {"nodes": [f"model.{PROJECT}.{window['events']}"] if window else []},
            "relation_name": relation or f'"mini"."main"."{name}"',
            "checksum": {"name": "sha256", "checksum": checksum},
        }
        if query is not None:
            self.execute(f'create or replace table "{name}" as {query}')

    def service(self, name: str, *parts: dict[str, Any]) -> None:
        name, mark, version = name.partition(".v")
        block = {
            "name": name,
            "labels": "labels",
            "features": [{"features": None, "join_keys": {}, "prefix": "", **p} for p in parts],
        }
        model = f"{name}_training{mark}{version}"
        self.nodes[f"model.{PROJECT}.{model}"] = {
            **self._node(model),
            "config": {"meta": {"feature_service": block}, "materialized": "table"},
            "depends_on": {"nodes": [f"model.{PROJECT}.{part['view']}" for part in parts]},
        }

    def test(self, view: str, name: str, column: str = "", **arguments: Any) -> None:
        """Attach a generic test; ``config`` among the arguments is its config."""
        config = arguments.pop("config", {})
        parents = arguments.pop("parents", [])
        unique_id = f"test.{PROJECT}.{name}_{view}_{column}"
        self.nodes[unique_id] = {
            "unique_id": unique_id,
            "name": f"{name}_{view}_{column}",
            "resource_type": "test",
            "config": {"severity": "ERROR", **config},
            "column_name": column or None,
            "attached_node": f"model.{PROJECT}.{view}",
            "test_metadata": {"name": name, "kwargs": {"column_name": column, **arguments}},
            "depends_on": {"nodes": [f"model.{PROJECT}.{each}" for each in [*parents, view]]},
        }

    def model(
        self, name: str, relation: str, *parents: str, materialized: str = "table", macro: str = ""
    ) -> None:
        """A model that is not a feature view, made by a macro of the package if one is named."""
        node = {**self._node(name), "relation_name": relation}
        node["config"] = {"materialized": materialized}
        node["depends_on"] = {
            "nodes": [f"model.{PROJECT}.{parent}" for parent in parents],
            "macros": [f"macro.feature_warehouse.{macro}"] if macro else [],
        }
        self.nodes[f"model.{PROJECT}.{name}"] = node

    def drop(self, name: str) -> None:
        del self.nodes[f"model.{PROJECT}.{name}"]

    def execute(self, query: str) -> None:
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(query)

    def write(self) -> Path:
        """Write the manifest, as `dbt build` would have."""
        manifest = self.folder / "target" / "manifest.json"
        metadata = {
            "project_name": PROJECT,
            "adapter_type": self.adapter,
            "invocation_id": "00000000-0000-0000-0000-000000000001",
            "generated_at": self.built.isoformat(),
        }
        for name, node in self.nodes.items():
            node["latest_version"] = self.latest.get(node["name"].removesuffix("_training"))
            node["deprecation_date"] = self.deprecation_dates.get(name.partition(f"{PROJECT}.")[2])
        nodes = {**self.nodes, **self._hook()}
        manifest.write_text(json.dumps({"metadata": metadata, "nodes": nodes}))
        return manifest

    def _hook(self) -> dict[str, Any]:
        """The package's check of declarations, which notes what the manifest is written for."""
        unique_id = "operation.feature_warehouse.feature_warehouse-on-run-start-0"
        hook = {"unique_id": unique_id, "name": "check", "resource_type": "operation"}
        noted = self.written_for
        if noted is not None:
            noted = {"spellings": spellings(self.adapter), **noted}
        meta = {"written_for": noted}
        return {unique_id: {**hook, "package_name": "feature_warehouse", "config": {"meta": meta}}}

    @staticmethod
    def _node(name: str) -> dict[str, Any]:
        base, _, version = name.partition(".v")
        return {
            "unique_id": f"model.{PROJECT}.{name}",
            "name": base,
            "version": int(version) if version else None,
            "resource_type": "model",
            "package_name": PROJECT,
            "original_file_path": f"models/{name}.sql",
            "checksum": {"name": "sha256", "checksum": ""},
        }


NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMES = layout.Names(PROJECT, "dev")
SCORES: Columns = {"id": "bigint", "ts": "timestamp", "score": "double precision"}


def simple(mini: Mini, values: str, **block: Any) -> None:
    """A view ``scores`` of rows (id, ts, score)."""
    query = f"from (values {values}) as t(id, ts, score) select * replace (score::double as score)"
    mini.view("scores", SCORES, query, **block)
