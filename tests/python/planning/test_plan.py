"""What a plan says of one change: how much it matters, whom it breaks, and what to do instead."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.errors import UsageError
from feature_warehouse.planning.changes import Change, Plan, Publishing, Severity
from feature_warehouse.planning.compare import compare
from feature_warehouse.planning.project import Project, manifest_in
from harness.mini import Mini

COLUMNS: dict[str, Any] = {
    "id": "bigint",
    "ts": "timestamp",
    "amount": "decimal(10,2)",
    "count": {"data_type": "bigint", "meta": {"default": 0}},
    "note": "text",
}
SAFE, REPUBLISH, BREAKING = Severity.SAFE, Severity.REPUBLISH, Severity.BREAKING

Edit = Callable[[Mini], None]


@pytest.fixture
def shop(mini: Mini) -> Mini:
    """A view of three features, of which the service takes two; a dashboard shows the service."""
    declare(mini)
    return mini


def declare(mini: Mini, columns: dict[str, Any] | None = None, **more: Any) -> None:
    mini.nodes.clear()
    mini.view("orders", columns or COLUMNS, checksum="first", **more)
    mini.service("churn", {"view": "orders", "features": ["amount", "count"]})
    mini.service("offline", {"view": "history"})
    mini.view("history", {"id": "bigint", "ts": "timestamp", "age": "bigint"}, online=False)


def written(mini: Mini, name: str, **more: Any) -> Project:
    """The manifest as it is now, kept under a name; ``more`` are further parts of it."""
    content = json.loads(mini.write().read_text())
    dashboard = {"name": "dashboard", "depends_on": {"nodes": ["model.mini.churn_training"]}}
    content["exposures"] = {"exposure.mini.dashboard": dashboard}
    for part, entries in more.items():
        content.setdefault(part, {}).update(entries)
    file = mini.folder / f"{name}.json"
    file.write_text(json.dumps(content))
    return Project(file)


def planned(mini: Mini, edit: Edit, **options: Any) -> Plan:
    before = written(mini, "before")
    edit(mini)
    return compare(before, written(mini, "after"), **options)


def change_of(plan: Plan, name: str) -> Change:
    [change] = [change for change in plan.changes if change.name == name]
    return change


def with_column(name: str, entry: Any) -> Edit:
    return lambda mini: declare(mini, COLUMNS | {name: entry})


def without(name: str) -> Edit:
    return lambda mini: declare(mini, {key: kind for key, kind in COLUMNS.items() if key != name})


def with_block(**block: Any) -> Edit:
    return lambda mini: declare(mini, **block)


def with_names(*names: str) -> Edit:
    return lambda mini: declare(mini, {name: COLUMNS[name] for name in names})


def renamed(mini: Mini) -> None:
    columns = {("total_amount" if key == "amount" else key): k for key, k in COLUMNS.items()}
    declare(mini, columns)
    mini.drop("churn_training")
    mini.service("churn", {"view": "orders", "features": ["total_amount", "count"]})


CASES: dict[str, tuple[Edit, Severity, Severity | None, str]] = {
    # By a name: the edit; what it is to readers of the view, and of the service; what is said.
    "nothing of note": (
        with_column("note", {"data_type": "text", "description": "why"}),
        SAFE,
        None,
        "what is said of note (description, owner, tags, personal data) changed",
    ),
    "a feature more": (with_column("more", "text"), REPUBLISH, None, "more (text) is new"),
    "an unused feature gone": (without("note"), BREAKING, None, "note is gone"),
    "an unused type": (with_column("note", "uuid"), BREAKING, None, "type of note: text -> uuid"),
    "a used type": (
        with_column("amount", "bigint"),
        BREAKING,
        BREAKING,
        "type of amount: decimal(10,2) -> bigint",
    ),
    "an unused default": (
        with_column("note", {"data_type": "text", "meta": {"default": "none"}}),
        REPUBLISH,
        None,
        "default of note: NULL -> none",
    ),
    "a used default": (
        with_column("count", {"data_type": "bigint", "meta": {"default": 1}}),
        REPUBLISH,
        REPUBLISH,
        "default of count: 0 -> 1",
    ),
    "a ttl": (with_block(ttl="2 days"), REPUBLISH, REPUBLISH, "ttl: none -> 2 d"),
    "a lag": (
        with_block(availability_lag="90 minutes"),
        REPUBLISH,
        REPUBLISH,
        "availability lag: 0 -> 1 h 30 min",
    ),
    "a tie-breaker": (
        with_block(tie_breaker="note"),
        REPUBLISH,
        REPUBLISH,
        "tie-breaker: none -> note",
    ),
    "an order that ties may tell": (
        with_names("id", "ts", "note", "amount", "count"),
        REPUBLISH,
        REPUBLISH,
        "rows of equal keys and timestamps are told apart by other columns",
    ),
    "a key type that holds the same": (
        with_column("id", "integer"),
        REPUBLISH,
        REPUBLISH,
        "type of join key id: bigint -> integer",
    ),
    "a key type that does not": (
        with_column("id", "text"),
        BREAKING,
        BREAKING,
        "type of join key id: bigint -> text",
    ),
    "another key": (
        with_block(join_keys=["id", "note"]),
        BREAKING,
        BREAKING,
        "join keys: id -> id, note",
    ),
    "offline": (with_block(online=False), BREAKING, BREAKING, "it is no longer published"),
    "an expectation": (
        with_block(expectations=[{"freshness": "3 hours"}]),
        SAFE,
        None,
        'freshness {"max_age":"3 hours"}',
    ),
    "a used feature renamed": (
        renamed,
        BREAKING,
        BREAKING,
        "amount is now total_amount, as it seems",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_how_much_a_change_matters(shop: Mini, name: str) -> None:
    edit, of_view, of_service, says = CASES[name]
    plan = planned(shop, edit)
    view = change_of(plan, "orders")
    assert view.severity is of_view
    assert says in [detail.text for detail in view.details]
    service = plan.of("service", "churn")
    assert (service.severity if service else None) is of_service
    assert {change.name for change in plan.changes} == {"orders"} | (
        {"churn"} if of_service else set()
    )
    if of_view is BREAKING:
        assert view.breaks.services == (("churn",) if of_service is BREAKING else ())
        assert view.instead.startswith("leave the feature view orders as it is and add a version")


def test_nothing_changes(shop: Mini) -> None:
    plan = planned(shop, declare)
    assert (plan.changes, plan.severity, plan.refused) == ((), SAFE, [])


def test_whom_a_change_breaks(shop: Mini) -> None:
    plan = planned(shop, with_column("amount", "bigint"))
    service = change_of(plan, "churn")
    assert service.breaks.training_sets == ("churn_training",)
    assert service.breaks.exposures == ("dashboard",)
    assert change_of(plan, "orders").breaks == service.breaks
    assert service.fingerprint_before != service.fingerprint_after
    before, after = (f"orders.amount ({kind}) by id" for kind in ("numeric(10,2)", "bigint"))
    assert f"amount: {before} -> {after}" in [detail.text for detail in service.details]
    assert plan.refused == ["churn", "orders"]


def test_a_name_may_be_allowed_to_break(shop: Mini) -> None:
    edit = with_column("amount", "bigint")
    assert planned(shop, edit, allowed=["orders"]).refused == ["churn"]
    declare(shop)
    plan = planned(shop, edit, allowed=["orders", "churn"])
    assert plan.refused == []
    assert plan.severity is BREAKING


def test_the_remedy_breaks_nobody_who_reads_by_version(shop: Mini) -> None:
    """An unversioned view and service become versions 1 and 2, as the plan itself advises."""

    def versions(mini: Mini) -> None:
        mini.nodes.clear()
        mini.view("orders.v1", COLUMNS, checksum="first")
        mini.view("orders.v2", COLUMNS | {"amount": "bigint"}, checksum="second")
        mini.service("churn.v1", {"view": "orders.v1", "features": ["amount", "count"]})
        mini.service("churn.v2", {"view": "orders", "features": ["amount", "count"]})
        mini.latest = {"orders": 2, "churn": 2}

    plan = planned(shop, versions)
    churn = change_of(plan, "churn")
    assert churn.severity is BREAKING
    assert churn.instead == "readers of churn can read churn.v1, which has their fingerprint"
    orders = change_of(plan, "orders")
    assert "the name now means orders.v2" in [detail.text for detail in orders.details]
    assert orders.instead == (
        "let version 1 of orders be what it was, with `latest_version: 1`, and change that when all"
        " readers name the version they need"
    )
    added = {name: change_of(plan, name) for name in ("churn.v1", "churn.v2", "orders.v2")}
    assert {(one.status, one.severity) for one in added.values()} == {("added", SAFE)}
    assert added["churn.v1"].fingerprint_after == churn.fingerprint_before

    shop.latest = {}
    declare(shop)

    def first_is_latest(mini: Mini) -> None:
        versions(mini)
        mini.latest = {"orders": 1, "churn": 1}

    calm = planned(shop, first_is_latest)
    assert calm.severity is SAFE
    assert change_of(calm, "churn").details[0].text == "the name now means churn.v1"


def test_a_removed_view_may_have_another_name(shop: Mini) -> None:
    def other_name(mini: Mini) -> None:
        declare(mini)
        mini.drop("orders")
        mini.drop("churn_training")
        mini.view("purchases", COLUMNS, checksum="first")

    plan = planned(shop, other_name)
    view, service = change_of(plan, "orders"), change_of(plan, "churn")
    assert (view.status, view.severity) == ("renamed", BREAKING)
    assert view.details[0].text == "it is now purchases, as it seems"
    assert view.details[0].guess
    assert (service.status, service.severity) == ("removed", BREAKING)
    assert "purchases" not in {change.name for change in plan.changes}


def test_a_service_that_is_gone_may_be_another(shop: Mini) -> None:
    def other_name(mini: Mini) -> None:
        declare(mini)
        mini.drop("churn_training")
        mini.service("leaving", {"view": "orders", "features": ["amount", "count"]})

    service = change_of(planned(shop, other_name), "churn")
    assert (service.status, service.severity) == ("renamed", BREAKING)
    assert service.details[0].text == "it is now leaving, as it seems"
    assert service.instead == "readers of churn can read leaving, which has their fingerprint"


def test_what_nobody_reads_online_breaks_nobody(shop: Mini) -> None:
    def other(mini: Mini) -> None:
        declare(mini)
        columns = {"id": "bigint", "ts": "timestamp", "age": "text", "more": "text"}
        mini.view("history", columns, online=False)

    plan = planned(shop, other)
    assert {change.name: change.severity for change in plan.changes} == {
        "history": SAFE,
        "offline": SAFE,
    }
    assert change_of(plan, "offline").fingerprint_after is not None


def test_what_a_view_is_computed_from(shop: Mini) -> None:
    """Its text, models before it, macros it calls: each may change values."""

    def reads(mini: Mini, text: str) -> None:
        mini.model("staging", "staging", macro="helper")
        mini.nodes["model.mini.staging"]["checksum"]["checksum"] = text
        mini.nodes["model.mini.orders"]["depends_on"] = {"nodes": ["model.mini.staging"]}

    def macros(text: str) -> dict[str, Any]:
        helper, dbt = "macro.feature_warehouse.helper", "macro.dbt.thing"
        inner = "macro.mini.inner"
        return {
            helper: _macro("feature_warehouse", "helper", "same", inner),
            inner: _macro("mini", "inner", text, dbt),
            dbt: _macro("dbt", "thing", text),
        }

    reads(shop, "first")
    before = written(shop, "before", macros=macros("first"))
    assert not compare(before, written(shop, "same", macros=macros("first"))).changes
    other_macro = compare(before, written(shop, "macro", macros=macros("second")))
    reads(shop, "second")
    other_model = compare(before, written(shop, "model", macros=macros("first")))
    shop.nodes["model.mini.orders"]["checksum"]["checksum"] = "second"
    shop.nodes["model.mini.orders"]["config"]["materialized"] = "incremental"
    other_text = compare(before, written(shop, "text", macros=macros("first")))
    for plan, texts in (
        (other_macro, ["macros changed: inner"]),
        (other_model, ["what it reads changed: staging"]),
        (
            other_text,
            [
                "its SQL changed",
                "config materialized: none -> incremental",
                "what it reads changed: staging",
            ],
        ),
    ):
        view, service = change_of(plan, "orders"), change_of(plan, "churn")
        assert [detail.text for detail in view.details] == texts
        assert (view.severity, service.severity) == (REPUBLISH, REPUBLISH)
        assert view.publishing == Publishing("compare")


def _macro(package: str, name: str, text: str, *calls: str) -> dict[str, Any]:
    macro = {"package_name": package, "name": name, "macro_sql": text}
    return {**macro, "depends_on": {"macros": list(calls)}}


def test_where_the_manifest_lies(shop: Mini, tmp_path: Path) -> None:
    file = shop.write()
    assert manifest_in(file) == manifest_in(file.parent) == file
    with pytest.raises(UsageError, match=r"there is no .*; name the manifest"):
        manifest_in(tmp_path / "nowhere")


def test_manifests_of_two_projects_are_not_compared(shop: Mini) -> None:
    before = written(shop, "before")
    content = json.loads(before.manifest.read_text())
    content["metadata"]["project_name"] = "other"
    other = shop.folder / "other.json"
    other.write_text(json.dumps(content))
    with pytest.raises(UsageError, match=r"is of project 'other', and .* of 'mini'"):
        compare(Project(other), before)
