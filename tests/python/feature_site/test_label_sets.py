"""Pages of label sets, and how fresh the sources are that views and label sets are made of."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feature_site.project import NOW, RAW, SECRET, read
from feature_site.reading import Page, page_of
from feature_warehouse.declarations.model import RequestColumn
from feature_warehouse.site.build import build_site
from feature_warehouse.site.read import read_project
from harness.mini import PROJECT, Mini


def test_a_label_set_says_what_the_manifest_says(site: Path) -> None:
    page = page_of(site, "label set", "labels")
    for said in (
        "Predicted bought", "At at", "Final after 7 days", "Owner Lee", "id bigint entity key",
        "bought boolean label Whether they did.", "phone personal data text",
        "shop.raw ✗ not fresh",
        "buy_training , of the service buy", "late_training , of the service late",
    ):  # fmt: skip
        assert said in page.text, said
    training_set = page_of(site, "training set", "buy_training")
    for other in (training_set, page_of(site, "training set", "late_training")):
        assert page.file in map(other.target, other.links)
    assert training_set.file in map(page.target, page.links)
    listing = Page(site / PROJECT / "label-sets.html")
    assert "labels" in listing.text
    assert "bought 2 Lee" in listing.text


def test_a_column_that_a_service_asks_for_is_named_so(shop: Mini, tmp_path: Path) -> None:
    project = read(shop, measured=False)
    asking = msgspec.structs.replace(
        project.registry.services["buy"], request=(RequestColumn("phone", "text", "text"),)
    )
    services = {**project.registry.services, "buy": asking}
    registry = msgspec.structs.replace(project.registry, services=services)
    asked = msgspec.structs.replace(project, registry=registry)
    site = build_site([asked], tmp_path).index.parent
    text = page_of(site, "label set", "labels").text
    assert "phone personal data text request column" in text
    assert "bought boolean label" in text


def test_a_training_set_has_the_version_of_its_label_set_that_it_names(
    shop: Mini, tmp_path: Path
) -> None:
    """Both of them name none, which is the latest one."""
    content = json.loads((shop.folder / "target/manifest.json").read_text())
    latest = content["nodes"].pop(f"model.{PROJECT}.labels")
    for version in (1, 2):
        key = f"model.{PROJECT}.labels.v{version}"
        versions = {"unique_id": key, "version": version, "latest_version": 2}
        content["nodes"][key] = {**latest, **versions}
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(content))
    site = build_site([read_project(manifest, NOW)], tmp_path / "site").index.parent
    old, new = (page_of(site, "label set", f"labels.v{version}") for version in (1, 2))
    assert "Training sets no training set" in old.text
    assert "buy_training , of the service buy late_training , of the service late" in new.text
    training_set = page_of(site, "training set", "buy_training")
    targets = [*map(training_set.target, training_set.links)]
    assert new.file in targets
    assert old.file not in targets


def test_the_freshness_of_a_source_stands_where_it_is_named(site: Path) -> None:
    told = (
        "shop.raw ✗ not fresh newest row of 2026-02-26 09:00 UTC, 2 d 3 h old when dbt looked;"
        " warn after 1 hour, error after 2 days"
    )
    for kind, name in (
        ("feature view", "orders"), ("label set", "labels"), ("training set", "buy_training"),
    ):  # fmt: skip
        assert told in page_of(site, kind, name).text
    assert "shop.raw: newest row 2 d 3 h old" in page_of(site, "feature view", "orders").text
    assert "Sources" not in page_of(site, "feature view", "idle").text


@pytest.mark.parametrize(
    ("result", "severity", "told"),
    [
        ({"status": "pass", "max_loaded_at": "2026-03-01T00:00:00"}, "", "fresh"),
        ({"status": "warn", "max_loaded_at": "2026-03-01T00:00:00+00:00"}, "warn", "not fresh"),
        ({"status": "runtime error", "error": SECRET}, "bad", "its freshness could not be asked"),
        ({"status": "pass", "criteria": None}, "", "fresh"),
    ],
)
def test_every_answer_of_dbt_about_a_source(
    shop: Mini, tmp_path: Path, result: dict[str, Any], severity: str, told: str
) -> None:
    content = {"results": [{"unique_id": RAW, "snapshotted_at": "2026-03-01T01:00:00Z", **result}]}
    (tmp_path / "sources.json").write_text(json.dumps(content))
    manifest = Path(shutil.copy(shop.folder / "target/manifest.json", tmp_path))
    project = read_project(manifest, NOW)
    problems = build_site([project], tmp_path / "site").problems
    what = {"bad": ["source stale"], "warn": ["source warning"], "": []}[severity]
    assert [(one.severity, one.what, one.name) for one in problems] == [
        (severity, each, "orders") for each in what
    ]
    found = project.measured
    assert found.notes == []
    assert (found.sources[RAW].severity, found.sources[RAW].told) == (severity, told)
    assert found.sources[RAW].age == (3_600_000_000 if "max_loaded_at" in result else None)
