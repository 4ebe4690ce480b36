"""What a name with or without a version means, to the macros and to the registry: one table."""

import hashlib
import json

import pytest

from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.declarations.model import Registry
from feature_warehouse.declarations.registry import read_registry
from harness.host import Built
from versions.project import LABELS, SERVICES, VIEWS, case


def registry_of(site: Built) -> Registry:
    return read_registry(site.target / "manifest.json", site.project)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_the_version_that_is_written(site: Built, name: str) -> None:
    full, value, in_fingerprint = VIEWS[name]
    assert site.ask(f"select x from {case(name)}") == [(value,)]
    registry = registry_of(site)
    service = registry.services[case(name)]
    [part] = service.parts
    assert part.view.name == full
    assert part.view.unique_id.removeprefix(f"model.{site.project.name}.") == full
    assert registry.latest.get(name, name) == full
    assert service.fingerprint == _fingerprint(f"x={in_fingerprint}.x:integer by customer=customer")


@pytest.mark.parametrize("name", LABELS)
def test_labels_are_the_version_that_is_written(site: Built, name: str) -> None:
    assert site.ask(f"select label, x from {case(name)}") == [(LABELS[name], 30)]
    assert name in registry_of(site).label_sets


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_that_of_the_version(
    site: Built, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    training_set, views = SERVICES[name]
    registry = registry_of(site)
    service = registry.services[registry.latest.get(name, name)]
    assert service.training_set == training_set
    assert [part.view.name for part in service.parts] == views
    site.enter(monkeypatch)
    project = DbtProject(site.project, target_path=site.engine)
    labels = {
        "relation": "(select 1 as customer, cast('2026-02-01' as timestamp) as t, 1 as place)",
        "columns": ["customer", "t", "place"],
        "types": {},
        "texts": [],
        "untyped": [],
        "timestamp": "t",
        "timestamp_type": "timestamp",
    }
    request = {
        "service": name,
        "labels": labels,
        "row": "place",
        "options": {"knowledge": "available"},
    }
    plan = project.call("_build_plan", request)
    values = {view: value for view, value, _ in VIEWS.values()}
    [row] = site.records(plan["query"])
    assert [row[column] for column in list(row)[3:]] == [values[view] for view in views]


def test_the_names_of_all_versions(site: Built) -> None:
    registry = registry_of(site)
    assert set(registry.views) == {full for full, _, _ in VIEWS.values()}
    assert registry.latest == {
        "orders": "orders.v2",
        "pages": "pages.v1",
        "churn": "churn.v2",
        "score": "score.v1",
    }
    # The version that is called next is not online, and not the latest.
    assert registry.served_names == registry.latest
    dates = {view.name: view.deprecation_date for view in registry.views.values()}
    assert dates == {**dict.fromkeys(dates), "orders.v1": "2099-06-01"}


def test_a_card_has_the_fingerprint_of_the_registry(site: Built) -> None:
    [card] = site.records("select * from card")
    lines = ("x=orders.x:integer by customer=customer", "p_x=plain.x:integer by customer=customer")
    assert card["training_set"] == "churn.v1"
    assert card["service"] == "churn.v1"
    assert card["service_fingerprint"] == _fingerprint(*lines)
    assert registry_of(site).services["churn.v1"].fingerprint == _fingerprint(*lines)
    assert json.loads(card["card"])["labels"] == "labels.v2"


def test_other_macros_take_versions_too(site: Built) -> None:
    assert site.ask("select x from newest") == [(11,)]
    found = site.ask("select view, mean from statistics order by view")
    assert found == [("orders.v1", 11.0), ("orders.v2", 12.0), ("pages.v2", 22.0)]
    assert site.ask("select x, p_x from scoring") == [(11, 30)]


def _fingerprint(*lines: str) -> str:
    return hashlib.md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()[:16]
