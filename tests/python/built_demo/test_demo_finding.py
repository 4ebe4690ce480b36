"""The demo to be found: its catalog, `describe`, dbt's docs; and its sources, which are fresh."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copyfile
from typing import Any

import adbc_driver_postgresql.dbapi
import duckdb
import pytest

from conftest import Demo
from feature_warehouse.catalog.describe import describe
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.site.build import build_site
from feature_warehouse.site.read import read_project
from harness.support import ROOT, dbt

VIEWS = {
    "aircraft": 4,
    "aircraft_carrier": 1,
    "aircraft_last_leg": 4,
    "aircraft_punctuality": 12,
    "airport_traffic": 12,
    "carrier_punctuality": 12,
    "origin_weather": 5,
}

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def ask(request: pytest.FixtureRequest, demo: Demo) -> Ask:
    """Run a query in the demo's warehouse."""

    def on_duckdb(query: str) -> list[tuple[Any, ...]]:
        file = demo.env["FEATURE_WAREHOUSE_DUCKDB_PATH"]
        with duckdb.connect(file, read_only=True) as connection:
            return connection.execute(query).fetchall()

    def on_postgres(query: str) -> list[tuple[Any, ...]]:
        uri = request.getfixturevalue("postgres").uri
        with adbc_driver_postgresql.dbapi.connect(uri) as link, link.cursor() as cursor:
            cursor.execute("set search_path to feature_warehouse")
            cursor.execute(query)
            return [tuple(row) for row in cursor.fetchall()]

    return on_duckdb if demo.engine == "duckdb" else on_postgres


def test_the_catalog_has_every_feature_of_the_demo(ask: Ask) -> None:
    found = ask(
        "select coalesce(view, training_set), count(*) from feature_catalog group by 1 order by 1"
    )
    assert dict(found) == VIEWS | {"flight_delay_training": 2}
    query = "select description, entity, owner, ttl, availability_lag, tests, services, served_as"
    [row] = ask(f"{query} from feature_catalog where view = 'origin_weather' and feature = 'temp'")
    assert row == (
        "Air temperature in degrees Fahrenheit.",
        "origin",
        "Feature Warehouse <flight-delay@example.com>",
        "3 hours",
        "1 hour",
        "",
        "flight_delay",
        "flight_delay:temp",
    )


def test_every_name_of_the_demo_is_described(demo: Demo, ask: Ask) -> None:
    registry = read_registry(demo.target_path / "manifest.json")
    names = [*registry.views, *registry.services, "tailnum", "origin", "last_leg_dest"]
    for name in names:
        assert [found for found in describe(registry, name) if found.description], name
    [weather] = describe(registry, "origin_weather")
    assert len(ask(weather.samples["SQL"])) == 10
    [leg] = describe(registry, "aircraft_last_leg")  # the labels have an origin, too
    assert "'prefix': 'aircraft_last_leg_'" in leg.samples["dbt"]
    [traffic] = describe(registry, "airport_traffic")
    assert "'join_keys': {'airport': 'origin'}" in traffic.samples["dbt"]


def test_the_exposed_service_depends_on_its_views(demo: Demo) -> None:
    content = _json(demo.target_path / "manifest.json")
    service = read_registry(demo.target_path / "manifest.json").services["flight_delay"]
    exposure = content["exposures"]["exposure.feature_warehouse.flight_delay_service"]
    models = {f"model.feature_warehouse.{part.view.name}" for part in service.parts}
    assert set(exposure["depends_on"]["nodes"]) == models


def test_docs_and_fresh_sources(demo: Demo, tmp_path: Path) -> None:
    env = {**demo.env, "DBT_TARGET_PATH": str(tmp_path / "target")}
    (tmp_path / "target").mkdir()
    parsed = "partial_parse.msgpack"
    copyfile(demo.target_path / parsed, tmp_path / "target" / parsed)
    dbt("--warn-error", "source", "freshness", env=env)
    results = _json(tmp_path / "target" / "sources.json")["results"]
    ages = {
        one["unique_id"].rpartition(".")[2]: one["max_loaded_at_time_ago_in_s"] for one in results
    }
    # Of the last departure, and of the last hour that was observed, before the demo's clock.
    assert {table: round(age) for table, age in ages.items()} == {"flights": 60, "weather": 3600}

    dbt("docs", "generate", "--no-compile", env=env)
    catalog = _json(tmp_path / "target" / "catalog.json")
    assert "model.feature_warehouse.feature_catalog" in catalog["nodes"]
    manifest = _json(tmp_path / "target" / "manifest.json")
    views = manifest["child_map"]["model.feature_warehouse.origin_weather"]
    assert "exposure.feature_warehouse.flight_delay_service" in views
    column = manifest["nodes"]["model.feature_warehouse.aircraft"]["columns"]["tailnum"]
    assert column["description"] == "Tail number of the aircraft."

    # Last, for dbt parses everything anew where variables have changed.
    dbt("source", "freshness", "--vars", "{demo_clock: 2013-12-31T12:00:00Z}", env=env)
    results = _json(tmp_path / "target" / "sources.json")["results"]
    states = {one["unique_id"].rpartition(".")[2]: one["status"] for one in results}
    assert states == {"flights": "pass", "weather": "warn"}


def _json(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def test_the_site_of_the_demo(
    demo: Demo, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says of features is what the statistics in the warehouse say."""
    for name, value in demo.env.items():
        monkeypatch.setenv(name, value)
    warehouse = DbtProject(ROOT, target_path=demo.target_path).open_warehouse
    project = read_project(demo.target_path / "manifest.json", 0, warehouse=warehouse)
    figures = "row_count, null_count, distinct_count, p50, maximum, histogram"
    found = ask(f"select view, feature, {figures} from feature_statistics")
    assert {row[0] for row in found} >= VIEWS.keys() - {"aircraft_carrier"}
    for view, feature, rows, nulls, distinct, median, maximum, histogram in found:
        [shown] = project.measured.statistics[view, feature]
        assert (shown.rows, shown.nulls, shown.distinct) == (rows, nulls, distinct)
        assert (shown.p50, shown.maximum) == (median, maximum)
        assert list(shown.histogram) == json.loads(histogram or "[]")
    [(rows, content)] = ask("select row_count, content_fingerprint from flight_delay_card")
    card = project.measured.cards["flight_delay_training"]
    assert (card.row_count, card.content_fingerprint) == (rows, content)
    assert card.service_fingerprint == project.registry.services["flight_delay"].fingerprint
    built = build_site([project], tmp_path / "site")
    assert (built.problems, built.notes) == ((), ())
    page = (tmp_path / "site/feature_warehouse/features/origin_weather/temp.html").read_text()
    for said in ("Air temperature in degrees Fahrenheit.", "Flight delay model", "Values"):
        assert said in page
