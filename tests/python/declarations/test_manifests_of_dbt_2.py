"""What dbt 2 writes into its artifacts otherwise than dbt 1, read by the same code."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.declarations.model import WrittenFor
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from harness.support import ROOT

MODEL = "select 1 as id,\n    timestamp '2026-01-01' as at,\n    2 as score\n"
NOTED = {"adapter": "duckdb", "target": "dev", "database": "shop", "schema": "main"}
META = {"feature_view": {"join_keys": ["id"], "event_timestamp": "at"}}
TYPES = {"id": "bigint", "at": "timestamp", "score": "integer"}
# The end of the run; it began 50 seconds before.
ENDED = "2026-01-02T00:00:50.123456789Z"
BEGAN = ("2026-01-02T00:00:00.000001Z", "2026-01-02T00:00:20Z")


def macro(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "package_name": "feature_warehouse", "resource_type": "macro", **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of one feature view, as dbt 2 leaves it; the model has been touched since."""
    engine = (ROOT / "macros/internal/engines/duckdb.sql").read_text()
    texts = {
        name: engine[engine.index(f"{{% macro {name}(") :].partition("{%- endmacro %}")[0]
        for name in ("duckdb___type_spellings", "duckdb___number_types")
    }
    macros = [macro(name, macro_sql=text) for name, text in texts.items()]
    macros.append(macro("check_declarations", meta={"written_for": {**NOTED, "file": "shop.db"}}))
    one_blank = " ".join(MODEL.split())
    node = {
        "unique_id": "model.shop.scores",
        "name": "scores",
        "resource_type": "model",
        "package_name": "shop",
        "config": {"meta": META, "contract": {"enforced": True}, "materialized": "table"},
        "columns": {name: {"name": name, "data_type": kind} for name, kind in TYPES.items()},
        "checksum": {"name": "sha256", "checksum": hashlib.sha256(one_blank.encode()).hexdigest()},
        "original_file_path": "scores.sql",
    }
    hook = {
        "unique_id": "operation.feature_warehouse.hook",
        "name": "hook",
        "resource_type": "operation",
        "package_name": "feature_warehouse",
    }
    metadata = {"project_name": "shop", "adapter_type": "duckdb", "invocation_id": "x", "env": {}}
    started = {"generated_at": ENDED, "invocation_started_at": BEGAN[0]}
    manifest = {
        "metadata": {**metadata, **started},
        "nodes": {one["unique_id"]: one for one in (node, hook)},
        "macros": {f"macro.feature_warehouse.{one['name']}": one for one in macros},
    }
    results = [
        {"unique_id": "model.shop.other", "status": "error", "timing": [{"started_at": BEGAN[0]}]},
        {
            "unique_id": "model.shop.scores",
            "status": "success",
            "timing": [{"started_at": BEGAN[1]}],
        },
    ]
    run = {"metadata": {"generated_at": ENDED}, "results": results, "args": {"which": "build"}}
    (tmp_path / "scores.sql").write_text(MODEL)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "run_results.json").write_text(json.dumps(run))
    return tmp_path


def test_the_target_and_the_names_of_types_are_those_of_the_macros(folder: Path) -> None:
    registry = read_registry(folder / "manifest.json", folder)
    written_for = registry.written_for
    assert written_for is not None
    assert written_for == WrittenFor(
        **NOTED, file="shop.db", numeric=(18, 3), spellings=written_for.spellings
    )
    assert written_for.spellings["bigint"] == ["int8", "long", "int64"]


def test_a_view_was_built_when_its_run_began(folder: Path) -> None:
    registry = read_registry(folder / "manifest.json", folder)
    began = datetime(2026, 1, 2, 0, 0, 0, 1, tzinfo=UTC)
    assert registry.views["scores"].built_at == to_microseconds(began)


def test_a_model_that_has_changed_since_is_refused(folder: Path) -> None:
    (folder / "scores.sql").write_text(MODEL.replace("2 as score", "3 as score"))
    os.utime(folder / "scores.sql")
    with pytest.raises(UsageError, match="changed after"):
        read_registry(folder / "manifest.json", folder)
