"""Blocks that are misplaced or misspelt: dbt and the command line agree."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.errors import UsageError
from feature_warehouse.registry import read_registry
from hosts import settings, write_host
from support import dbt, write_yaml

VIEW = {"feature_view": {"join_keys": ["id"], "event_timestamp": "ts", "online": True}}
LABELS = {"label_set": {"timestamp": "ts"}}
COLUMNS = [
    {"name": "id", "data_type": "bigint"},
    {"name": "ts", "data_type": "timestamp"},
    {"name": "v", "data_type": "integer"},
]
QUERY = "select cast(1 as bigint) as id, timestamp '2024-01-01' as ts, 1 as v"
PYTHON = "def model(dbt, session):\n    return session.sql('select 1 as id')\n"

HELD_TO_NOTHING = (
    "a {} is no {}, for nothing holds it to its types; make a model that selects from it"
)
EPHEMERAL = "an ephemeral model is no feature view, for it has no rows to publish"
SPELLING = "meta.{} is no block that is known; did you mean {}?"

CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "seeded_view": ("seed", VIEW, HELD_TO_NOTHING.format("seed", "feature view")),
    "seeded_labels": ("seed", LABELS, HELD_TO_NOTHING.format("seed", "label set")),
    "snapped_view": ("snapshot", VIEW, HELD_TO_NOTHING.format("snapshot", "feature view")),
    "snapped_labels": ("snapshot", LABELS, HELD_TO_NOTHING.format("snapshot", "label set")),
    "raw_view": ("source", VIEW, HELD_TO_NOTHING.format("source", "feature view")),
    "raw_labels": ("source", LABELS, HELD_TO_NOTHING.format("source", "label set")),
    "python_view": ("python", VIEW, "a Python model is no feature view, for dbt holds it to no"),
    "passing_view": ("ephemeral", VIEW, EPHEMERAL),
    "veiw": ("model", {"feature_veiw": {}}, SPELLING.format("feature_veiw", "feature_view")),
    "views": ("seed", {"feature_views": {}}, SPELLING.format("feature_views", "feature_view")),
    "dashed": ("model", {"feature-view": {}}, SPELLING.format("feature-view", "feature_view")),
    "lable": ("source", {"lable_set": {}}, SPELLING.format("lable_set", "label_set")),
    "Label": ("model", {"Label_Set": {}}, SPELLING.format("Label_Set", "label_set")),
    "other": ("model", {"features": {}, "owner": "a", "label": 1}, ""),
}
"""Where it stands, the meta, and what has to be said of it; nothing of the last."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The manifest, and what dbt and the registry say of it."""
    content: dict[str, list[dict[str, Any]]] = {"seeds": [], "snapshots": [], "models": []}
    tables = []
    queries: dict[str, str] = {}
    for name, (place, meta, _) in CASES.items():
        node: dict[str, Any] = {"name": name, "config": {"meta": meta}}
        if place == "source":
            tables.append(node)
        elif place == "snapshot":
            node["config"] |= {"unique_key": "id", "strategy": "check", "check_cols": ["v"]}
            content["snapshots"].append(node | {"relation": "ref('other')"})
        elif place == "seed":
            content["seeds"].append(node)
        else:
            if "feature_view" in meta and place != "python":
                node["config"]["contract"] = {"enforced": True}
                node["columns"] = COLUMNS
            settings_of = "{{ config(materialized='ephemeral') }}" * (place == "ephemeral")
            queries |= {name: settings_of + QUERY} if place != "python" else {}
            content["models"].append(node)
    host = write_host(tmp_path_factory.mktemp("blocks") / "host", queries, content.pop("models"))
    (host / "models" / "python_view.py").write_text(PYTHON)
    sources = [{"name": "raw", "schema": "main", "tables": tables}]
    write_yaml(host / "models" / "others.yml", {"version": 2, **content, "sources": sources})
    (host / "seeds").mkdir()
    for seed in content["seeds"]:
        (host / "seeds" / f"{seed['name']}.csv").write_text("id,ts,v\n1,2024-01-01,5\n")
    by_dbt = dbt("run", project=host, env=settings(host), check=False).stdout
    manifest = host / "duckdb" / "manifest.json"
    with pytest.raises(UsageError) as refusal:
        read_registry(manifest)
    return manifest, by_dbt, str(refusal.value)


@pytest.mark.parametrize("name", CASES)
def test_dbt_and_the_registry_say_the_same_of_a_block(
    name: str, said: tuple[Path, str, str]
) -> None:
    _, dbt_says, we_say = said
    wanted = CASES[name][2]
    by_dbt = re.findall(rf"^ *- {name}: (.*)$", dbt_says, re.MULTILINE)
    assert by_dbt == re.findall(rf"'{name}': (.*)$", we_say.replace("; '", "\n'"), re.MULTILINE)
    assert len(by_dbt) == (1 if wanted else 0)
    assert all(line.startswith(wanted) for line in by_dbt)


def test_the_manifest_has_the_blocks_that_are_refused(said: tuple[Path, str, str]) -> None:
    """So that nothing was refused for another reason, or lost on its way."""
    manifest = json.loads(said[0].read_text())
    nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
    metas = {node["name"]: node["config"]["meta"] for node in nodes if node["name"] in CASES}
    for name, (_, meta, _) in CASES.items():
        assert metas[name].keys() >= meta.keys()
