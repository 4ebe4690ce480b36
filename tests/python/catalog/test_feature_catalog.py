"""The catalog says of each feature what a person reading the YAML would."""

import json
from datetime import datetime
from typing import Any

from catalog.project import ODD
from feature_warehouse.catalog.describe import describe
from feature_warehouse.declarations.registry import read_registry
from harness.host import Built

OF_A_VIEW = {"training_set": None, "expression": None, "inputs": None}
PEOPLE = {
    **OF_A_VIEW,
    "view": "people",
    "view_description": " ".join(ODD.replace("{{ 'braces' }}", "braces").split()),
    "entity": "id",
    "ttl": "90 minutes",
    "availability_lag": "1 hour",
    "view_tests": "unique_feature_rows",
    "is_online": True,
    "is_pii": False,
    "tags": "a, b",
    "owner": "Customer team <crm@example.com>",
    "tests": "",
    "default_value": None,
    "newest_event": None,
    "services": "buy",
}
PURCHASES = {
    **OF_A_VIEW,
    "view": "purchases",
    "view_description": "",
    "entity": "id, shop",
    "owner": None,
    "ttl": None,
    "availability_lag": None,
    "view_tests": "",
    "is_online": True,
    "is_pii": False,
    "newest_event": None,
}
EXPECTED: list[dict[str, Any]] = [
    {
        **PEOPLE,
        "feature": "mail",
        "data_type": "text",
        "description": "Where to write to.",
        "owner": "dpo",
        "tags": "a, b, c",
        "is_pii": True,
        "tests": "not_null, unique",
        "services": "again, buy",
        "served_as": "again:address, buy:p_mail",
        "newest_event": datetime(2026, 1, 1, 23, 0, 0, 1),
    },
    {
        **PEOPLE,
        "feature": "level",
        "data_type": "integer",
        "description": "",
        "default_value": "0",
        "served_as": "buy:p_level",
    },
    {
        **PEOPLE,
        "feature": "Ratio",
        "data_type": "double precision",
        "description": "",
        "owner": "a@b, c@d",
        "default_value": "0.5",
        "tests": "bounds",
        "served_as": "buy:p_Ratio",
    },
    {
        **PURCHASES,
        "feature": "orders_1d",
        "data_type": "bigint",
        "description": "Number of events over the last 1 day.",
        "tags": "n",
        "default_value": "0",
        "tests": "not_null",
        "services": "again",
        "served_as": "again:orders_1d, again:same_orders_1d",
    },
    {
        **PURCHASES,
        "feature": "price_sum_1d",
        "data_type": "numeric(38,2)",
        "description": "Sum of price over the last 1 day.",
        "tags": "",
        "default_value": None,
        "tests": "",
        "services": "",
        "served_as": "",
    },
    {
        **OF_A_VIEW,
        "view": "rate",
        "feature": "rate",
        "data_type": "numeric(10, 4)",
        "description": "Dollars.",
        "view_description": "",
        "entity": "",
        "owner": "Treasury",
        "tags": "",
        "is_pii": False,
        "ttl": None,
        "availability_lag": None,
        "default_value": None,
        "tests": "",
        "view_tests": "",
        "services": "buy",
        "served_as": "buy:rate",
        "is_online": False,
        "newest_event": None,
    },
]


def test_the_catalog_says_what_the_yaml_says(site: Built) -> None:
    assert site.records("select * from full_catalog") == EXPECTED


def test_without_statistics_there_is_no_newest_row(site: Built) -> None:
    bare = [{**row, "newest_event": None} for row in EXPECTED]
    assert site.records("select * from bare_catalog") == bare
    [types] = site.ask(
        "select string_agg(distinct data_type, ' ') from information_schema.columns"
        " where table_name = 'bare_catalog' and column_name = 'newest_event'"
    )
    assert types[0].startswith(("TIMESTAMP", "timestamp without time zone"))


def test_the_catalog_has_the_lineage_of_its_statistics(site: Built) -> None:
    parents = site.manifest()["parent_map"]
    assert parents["model.finding.full_catalog"] == ["model.finding.feature_statistics"]
    assert parents["model.finding.bare_catalog"] == []


def test_without_a_manifest_the_catalog_is_empty(site: Built) -> None:
    results = json.loads((site.target / "run_results.json").read_text())["results"]
    name = "unit_test.finding.bare_catalog.without_a_manifest_the_catalog_is_empty"
    assert [one["status"] for one in results if one["unique_id"] == name] == ["pass"]


def test_describe_says_the_same(site: Built) -> None:
    registry = read_registry(site.target / "manifest.json")
    for row in EXPECTED:
        [found] = describe(registry, f"{row['view']}:{row['feature']}")
        facts = found.facts
        assert (found.kind, found.description) == ("feature", row["description"])
        assert facts["data type"] == row["data_type"]
        described = f": {row['view_description']}" if row["view_description"] else ""
        assert facts["view"] == f"{row['view']}{described}"
        assert facts["entity"] == (row["entity"] or "one for all")
        assert facts["owner"] == (row["owner"] or "")
        assert facts["tags"] == row["tags"]
        assert facts["personal data"] == ("yes" if row["is_pii"] else "no")
        assert facts["default"] == (row["default_value"] or "none")
        assert facts["tests"] == row["tests"]
        assert facts["services"] == row["served_as"]
        assert facts["online"] == ("yes" if row["is_online"] else "no")


def test_the_sql_is_the_same_again_and_no_wider_than_a_screen(site: Built) -> None:
    assert [line for line in site.compiled("full_catalog").splitlines() if len(line) > 100] == []
