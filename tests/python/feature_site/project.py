"""A project with everything that a site shows, hostile names and personal data among it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from feature_warehouse.engines import open_warehouse
from feature_warehouse.monitoring.drift_report import MEASURES, Bin, DriftReport, FeatureDrift
from feature_warehouse.monitoring.status import ViewStatus
from feature_warehouse.site.model import Project, Run
from feature_warehouse.site.read import read_project
from feature_warehouse.skew.report import FeatureSkew, SkewReport
from feature_warehouse.validation.results import CheckResult, GateResult
from harness.mini import PROJECT, Mini
from harness.publishers import profile_of

NOW: Final = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1_000_000)
DAY: Final = 86_400_000_000
RAW: Final = f"source.{PROJECT}.shop.raw"
SECRET: Final = "4711-secret"
HOSTILE: Final = '"><img src=x onerror=alert(1)></title></script><script>alert(1)//&lt;'

VIEWS: Final[dict[str, dict[str, Any]]] = {
    "orders": {
        "amount": {"data_type": "decimal(10,2)", "description": "What was `paid`, at last."},
        "Amount": {"data_type": "bigint", "description": "The same in cents."},
        "channel": {"data_type": "text", "meta": {"owner": "ann", "default": "web"}},
        "mail": {"data_type": "text", "meta": {"pii": True, "default": SECRET}, "tags": ["gdpr"]},
    },
    "Orders": {"con": "bigint", "x/../y": "bigint", "ends.": "bigint"},
    "idle": {"score": "double precision"},
}


def made(folder: Path, hostile: str = HOSTILE) -> Mini:
    """The project written, with what dbt and earlier commands have left of it."""
    folder.mkdir(parents=True)
    mini = Mini(folder)
    keys: dict[str, Any] = {
        "id": {"data_type": "bigint", "description": "Whose order."},
        "ts": "timestamp",
    }
    for name, columns in VIEWS.items():
        mini.view(name, keys | columns, ttl="1 day", online=name != "idle")
    column = {"data_type": "text", "description": hostile, "tags": [hostile]}
    mini.view(hostile, keys | {hostile: {**column, "meta": {"owner": hostile}}})
    mini.service("buy", {"view": "orders", "prefix": "o_"}, {"view": hostile, "prefix": "h_"})
    mini.service("late", {"view": "orders", "features": ["amount", "mail"]})
    mini.test("orders", "not_null", "amount")
    mini.test("orders", "unique", "mail")
    mini.test("orders", "unique_feature_rows")
    mini.model("raw_orders", '"mini"."main"."raw"', materialized="view")
    _declare_labels(mini, hostile)
    statistics = '"mini"."main"."feature_statistics"'
    mini.model("feature_statistics", statistics, macro="feature_statistics")
    mini.model("buy_card", '"mini"."main"."buy_card"', macro="dataset_card")
    card = {
        "training_set": "buy_training", "service_fingerprint": "old", "row_count": 1234,
        "content_fingerprint": "c0ffee", "label_count": 1000,
        "options": {"where": None, "as_of": "x"},
        "views": [], "columns": [{"name": "o_amount", "null_rate": 0.125}, {"name": "h_x"}],
    }  # fmt: skip
    mini.execute(f"create table buy_card as select '{json.dumps(card)}' as card")
    orders = mini.nodes[f"model.{PROJECT}.orders"]
    orders["raw_code"] = f"select * from raw -- {hostile}"
    orders["depends_on"]["nodes"] = [f"model.{PROJECT}.raw_orders"]
    orders["description"] = hostile
    _write_statistics(mini)
    manifest = mini.write()
    content = json.loads(manifest.read_text())
    content["exposures"] = {
        f"exposure.{PROJECT}.shop": {
            "name": "shop", "label": "The shop", "type": "application", "url": "https://x.example",
            "owner": {"name": "Bo", "email": "bo@example.com"}, "description": hostile,
            "depends_on": {"nodes": [f"model.{PROJECT}.buy_training"]},
        },
        f"exposure.{PROJECT}.evil": {
            "name": "evil", "url": "javascript:alert(1)",
            "depends_on": {"nodes": [f"model.{PROJECT}.idle"]},
        },
    }  # fmt: skip
    raw = {"name": "raw", "source_name": "shop", "resource_type": "source"}
    content["sources"] = {RAW: {"unique_id": RAW, **raw}}
    content["nodes"][f"model.{PROJECT}.raw_orders"]["depends_on"]["nodes"] = [RAW]
    # A training set without an owner of its own belongs to that of its group.
    group = {"name": "sales", "package_name": PROJECT, "owner": {"name": "Kim"}}
    content["groups"] = {f"group.{PROJECT}.sales": group}
    content["nodes"][f"model.{PROJECT}.buy_training"] |= {"group": "sales", "package_name": PROJECT}
    manifest.write_text(json.dumps(content))
    _write_reports(manifest.parent)
    return mini


def _declare_labels(mini: Mini, hostile: str) -> None:
    """A label set that both services are trained with."""
    mini.model("labels", '"mini"."main"."labels"', "raw_orders")
    node = mini.nodes[f"model.{PROJECT}.labels"]
    block = {"timestamp": "at", "label": "bought", "maturity": "7 days"}
    node["config"] = {"materialized": "table", "meta": {"label_set": block, "owner": "Lee"}}
    node["description"] = hostile
    node["columns"] = {
        "id": {"name": "id", "data_type": "bigint"},
        "at": {"name": "at", "data_type": "timestamp"},
        "bought": {"name": "bought", "data_type": "boolean", "description": "Whether they did."},
        "phone": {"name": "phone", "data_type": "text", "meta": {"pii": True}},
    }
    for service in ("buy", "late"):
        training_set = mini.nodes[f"model.{PROJECT}.{service}_training"]
        training_set["depends_on"]["nodes"].append(f"model.{PROJECT}.labels")


def _write_statistics(mini: Mini) -> None:
    """Three runs: NULLs grow, and the secret is among what was kept before it was flagged."""
    rows = [
        (view, feature, day, 100, 10 * day, kind)
        for day in (1, 2, 3)
        for view, feature, kind in (
            ("orders", "amount", "number"), ("orders", "channel", "text"),
            ("orders", "mail", "text"), ("gone", "x", "number"),
        )
    ]  # fmt: skip
    top = json.dumps([[SECRET, 50], ["phone", 30], ["rare", 4]])
    public = json.dumps([["shop", 50], ["phone", 30], ["rarely", 4]])
    values = ",\n".join(
        f"('{view}', '{feature}', timestamp '2026-02-0{day}', timestamp '2026-01-31', {count},"
        f" {nulls}, 7, "
        + (
            f"{day}.5, 1.0, 1.25, 2.0, {day}.75, 4.0, 5.0, 9.0,"
            f" '{json.dumps([day] * 19 + [0])}', null)"
            if kind == "number"
            else "null, null, null, null, null, null, null, null, null,"
            f" '{top if feature == 'mail' else public}')"
        )
        for view, feature, day, count, nulls, kind in rows
    )
    columns = (
        "view, feature, computed_at, newest_event, row_count, null_count, distinct_count, mean,"
        " minimum, p05, p25, p50, p75, p95, maximum, histogram, top_values"
    )
    mini.execute(f"create table feature_statistics as from (values {values}) as t ({columns})")


def _write_reports(target: Path) -> None:
    results = [
        {"unique_id": f"test.{PROJECT}.not_null_orders_amount", "status": "fail", "failures": 3},
        {"unique_id": f"test.{PROJECT}.unique_orders_mail", "status": "pass", "failures": 0},
        {"unique_id": f"test.{PROJECT}.unique_feature_rows_orders_", "status": "warn"},
    ]
    (target / "run_results.json").write_text(json.dumps({"metadata": {}, "results": results}))
    freshness = {
        "unique_id": RAW, "status": "error", "max_loaded_at": "2026-02-26T09:00:00Z",
        "snapshotted_at": "2026-02-28T12:00:00.5Z", "max_loaded_at_time_ago_in_s": 183600.5,
        "criteria": {"warn_after": {"count": 1, "period": "hour"},
                     "error_after": {"count": 2, "period": "day"}, "filter": None},
    }  # fmt: skip
    (target / "sources.json").write_text(json.dumps({"metadata": {}, "results": [freshness]}))
    for run, success in (("20260210T000000.000000Z", True), ("20260211T000000.000000Z", False)):
        folder = target / "validation" / run
        folder.mkdir(parents=True)
        checks = [
            CheckResult("to_be_in_set", {"column": "mail", "value_set": [SECRET]}, "error", "x",
                        success, rows=90, unexpected=7, observed=SECRET, examples=[SECRET],
                        reason=SECRET),
            CheckResult("to_be_between", {"column": "amount", "min_value": 1.5}, "warn", "x",
                        False, rows=100, unexpected=1, examples=["123456.78"]),
        ]  # fmt: skip
        status = "passed" if success else "failed"
        found = [GateResult("orders", status, rows=100, checks=checks), GateResult("gone")]
        (folder / "results.json").write_bytes(msgspec.json.encode(found))
    (target / "drift").mkdir()
    (target / "drift/broken.json").write_text("{")
    bins = (Bin("category", None, None, SECRET, 3, 9), Bin("others", None, None, None, 1, 1))
    features = tuple(
        FeatureDrift(name, "orders", "season", verdict, reason, 4, 10, 0, 0, 3,
                     dict.fromkeys(MEASURES, 0.5), dict.fromkeys(MEASURES, 0.25), bins)
        for name, verdict, reason in (("o_amount", "alarm", "PSI 0.5 > 0.25"), ("o_mail", "ok", ""))
    )  # fmt: skip
    report = DriftReport("buy", "buy_training", "2026-02-20T00:00:00Z", "7 days", features)
    (target / "drift/buy.json").write_bytes(msgspec.json.encode(report))
    (target / "skew").mkdir()
    served = FeatureSkew("o_amount", "orders", 10, equal=5, missing=2, stale=1, wrong=2)
    skew = SkewReport("buy", "f", "", "", 10, 0, "2026-02-21T00:00:00Z", [served])
    (target / "skew/buy.json").write_bytes(msgspec.json.encode(skew))


def read(mini: Mini, *, measured: bool = True) -> Project:
    """As the command does, with a status that no Redis was asked for."""
    manifest = mini.folder / "target/manifest.json"
    project = read_project(manifest, NOW, warehouse=lambda: open_warehouse(profile_of(mini)))
    if measured:
        project.measured.has_status = True
        project.measured.status = {
            "orders": _status("orders", 2 * DAY), "Orders": _status("Orders", DAY // 2),
        }  # fmt: skip
        project.measured.runs = {"orders": (Run("full", 0, NOW, NOW), Run("rollback", 0, NOW, NOW))}
        project.measured.published = frozenset({"buy"})
    return project


def _status(view: str, age: int) -> ViewStatus:
    return ViewStatus(
        view=view, generation=3, rows=42, newest_event=NOW - age, age=age, ttl=DAY, memory=1_000,
        published_at=NOW, clock=None, clock_of_last_run=NOW, watermark=NOW,
        seconds_of_last_run=1.5, dbt_invocation_id="",
    )  # fmt: skip
