"""Plans of manifests that dbt has written, for two targets, from `dbt parse` alone."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.planning.changes import Plan, Severity
from feature_warehouse.planning.compare import compare
from feature_warehouse.planning.project import Project
from harness.host import Host, macro_call, write_host

COLUMNS = {"customer_id": "integer", "ts": "timestamp", "amount": "integer"}
BLOCK = {"join_keys": ["customer_id"], "event_timestamp": "ts", "online": True}
EXPOSURE = {
    "name": "retention_mail",
    "type": "ml",
    "owner": {"name": "someone", "email": "someone@example.com"},
    "depends_on": ["ref('churn')"],
}


def properties(**types: str) -> list[dict[str, Any]]:
    columns = [{"name": name, "data_type": kind} for name, kind in (COLUMNS | types).items()]
    config = {"contract": {"enforced": True}, "meta": {"feature_view": BLOCK}}
    labels = {"label_set": {"timestamp": "ts", "label": "y"}}
    return [
        {"name": "orders", "config": config, "columns": columns},
        {"name": "labels", "config": {"meta": labels}},
        {"name": "churn"},
    ]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    row = "select 1 as customer_id, cast('2026-01-01' as timestamp) as ts, "
    models = {
        "staging": row + "7 as amount",
        "orders": "select customer_id, ts, amount from {{ ref('staging') }} -- {{ target.name }}",
        "labels": row + "true as y",
        "churn": macro_call("training_set(labels='labels', features=['orders:amount'])"),
    }
    project = write_host(tmp_path / "shop", models, properties(), {"exposures": [EXPOSURE]})
    return Host(project)


def parsed(host: Host, name: str, **env: str) -> Project:
    """The manifest of `dbt parse`, kept under a name."""
    host.dbt("parse", env=env)
    folder = host.project / name
    folder.mkdir()
    return Project(Path(shutil.copy(host.target / "manifest.json", folder)))


def rewritten(host: Host, model: str, query: str) -> None:
    (host.project / "models" / f"{model}.sql").write_text(query)


def retyped(host: Host, **types: str) -> None:
    content = json.loads((host.project / "models" / "models.yml").read_text())
    content["models"] = properties(**types)
    (host.project / "models" / "models.yml").write_text(json.dumps(content))


def said(plan: Plan, name: str) -> tuple[Severity, list[str]]:
    [change] = [change for change in plan.changes if change.name == name]
    return change.severity, [detail.text for detail in change.details]


def test_another_target_changes_nothing(host: Host) -> None:
    before = parsed(host, "production")
    other = {"FEATURE_WAREHOUSE_DUCKDB_PATH": str(host.project / "elsewhere.duckdb")}
    after = parsed(host, "development", **other)
    relations = [side.registry.views["orders"].relation for side in (before, after)]
    assert relations[0] != relations[1]
    assert compare(before, after).changes == ()


def test_what_changed_is_seen_in_what_dbt_writes(host: Host) -> None:
    before = parsed(host, "production")
    rewritten(host, "staging", (host.project / "models/staging.sql").read_text() + " where true")
    plan = compare(before, parsed(host, "upstream"))
    assert said(plan, "orders") == (Severity.REPUBLISH, ["what it reads changed: staging"])
    assert said(plan, "churn") == (Severity.REPUBLISH, ["orders: what it reads changed: staging"])

    retyped(host, amount="bigint")
    plan = compare(before, parsed(host, "retyped"))
    assert "type of amount: integer -> bigint" in said(plan, "orders")[1]
    [service] = [change for change in plan.changes if change.name == "churn"]
    assert service.breaks.exposures == ("retention_mail",)
    assert plan.refused == ["churn", "orders"]


def test_a_training_set_has_changes_of_its_own(host: Host) -> None:
    before = parsed(host, "production")
    call = "training_set(labels='labels', features=['orders:amount'], start='2026-01-01')"
    rewritten(host, "churn", macro_call(call))
    rewritten(host, "labels", (host.project / "models/labels.sql").read_text() + " where true")
    plan = compare(before, parsed(host, "other"))
    assert said(plan, "churn") == (
        Severity.SAFE,
        ["start: None -> 2026-01-01", "the SQL of its training set changed"],
    )
    assert said(plan, "labels") == (Severity.SAFE, ["its SQL changed"])
    assert {change.name for change in plan.changes} == {"churn", "labels"}
