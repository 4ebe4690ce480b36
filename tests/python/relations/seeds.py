"""Seeds and snapshots of the project `twin` that are feature views and label sets themselves."""

from pathlib import Path
from typing import Any

from harness.host import macro_call

SEEDS = {
    # The second row of id 1 is known late, the third later still, and is older.
    "tariff": """\
id,since,known,rate,grade
1,2024-01-01 00:00:00,2024-01-01 00:00:00,1.50,a
1,2024-01-03 00:00:00,2024-01-06 00:00:00,2.25,b
1,2024-01-02 00:00:00,2024-01-07 00:00:00,9.00,c
2,2024-01-02 00:00:00,2024-01-02 00:00:00,,d
""",
    "polled": """\
id,polled_at,y
1,2024-01-01 00:00:00,0
1,2024-01-02 12:00:00,1
1,2024-01-05 12:00:00,0
1,2024-01-06 00:00:00,1
1,2024-01-09 00:00:00,1
2,2024-01-01 23:59:59,0
2,2024-01-04 00:00:00,1
3,2024-01-09 00:00:00,1
""",
    "offered": "id,changed_at,seen_at,price\n1,2024-01-01 00:00:00,2024-01-02 00:00:00,100\n",
}

SEEDED_MODELS = {
    "taught": "{{ config(materialized='table') }}"
    + macro_call("training_set(labels='polled', features=['tariff', 'offer:price'])"),
    "taught_by_votes": "{{ config(materialized='table') }}"
    + macro_call("training_set(labels='votes', features=['tariff:grade'], service='votes')"),
    "taught_now": "{{ config(materialized='table') }}"
    + macro_call("scoring_set('taught', entities='people', at='2024-02-01T00:00:00Z')"),
    "tariff_then": "select * from " + macro_call("as_of('tariff', '2024-01-05T00:00:00Z')"),
    "offer_now": "select * from " + macro_call("latest('offer')"),
    "seed_figures": "{{ config(materialized='table') }}"
    + macro_call("feature_statistics(['tariff', 'offer'])"),
}

UNIQUE = "feature_warehouse.unique_feature_rows"
TARIFF = {
    "id": "bigint",
    "since": "timestamp",
    "known": "timestamp",
    "rate": "numeric(10,2)",
    "grade": "text",
}
OFFERED = {"id": "bigint", "changed_at": "timestamp", "seen_at": "timestamp", "price": "integer"}


def write_seeds(folder: Path) -> None:
    folder.mkdir()
    for name, text in SEEDS.items():
        (folder / f"{name}.csv").write_text(text)


def seeds() -> list[dict[str, Any]]:
    """Labels have no types but those that dbt guesses."""
    view = {
        "join_keys": ["id"],
        "event_timestamp": "since",
        "created_timestamp": "known",
        "online": True,
        "expectations": [],
    }
    tariff = _declared("tariff", {"column_types": TARIFF, "meta": {"feature_view": view}}, TARIFF)
    tariff["columns"][0]["data_tests"] = ["not_null"]
    tariff["description"] = "What an id pays."
    labels = {"label_set": {"timestamp": "polled_at", "label": "y"}}
    return [
        tariff | {"data_tests": [UNIQUE]},
        {"name": "polled", "config": {"meta": labels}},
        {"name": "offered", "config": {"column_types": OFFERED}},
    ]


def snapshots() -> list[dict[str, Any]]:
    view = {
        "join_keys": ["id"],
        "event_timestamp": "changed_at",
        "created_timestamp": "seen_at",
        "online": True,
    }
    rule = {"unique_key": "id", "strategy": "timestamp", "updated_at": "changed_at"}
    offer = _declared("offer", {**rule, "meta": {"feature_view": view}}, OFFERED)
    votes = {
        "unique_key": ["id", "polled_at"],
        "strategy": "check",
        "check_cols": ["y"],
        "meta": {"label_set": {"timestamp": "polled_at", "label": "y"}},
    }
    return [
        offer | {"relation": "ref('offered')", "data_tests": [UNIQUE]},
        {"name": "votes", "relation": "ref('polled')", "config": votes},
    ]


def seeded_models() -> list[dict[str, Any]]:
    tests = ["feature_warehouse.point_in_time_correct", "feature_warehouse.same_rows_as"]
    return [{"name": "taught", "data_tests": tests}]


def _declared(name: str, config: dict[str, Any], types: dict[str, str]) -> dict[str, Any]:
    columns = [{"name": column, "data_type": kind} for column, kind in types.items()]
    return {"name": name, "config": config, "columns": columns}
