"""Rows of failing tests that dbt keeps hold no value of a column that is flagged `pii`."""

from pathlib import Path
from typing import Any

import pytest

from conftest import ServerOf
from harness.host import Host, write_host

SECRETS = ("4711", "5550123", "1999")
"""The key of a person, its telephone number, and the year in which it is born."""

PERSON = "select cast(4711 as bigint) as person, timestamp '2024-01-01' as ts"
COLUMNS = {
    "person": ("bigint", True),
    "ts": ("timestamp", False),
    "phone": ("bigint", True),
    "born": ("timestamp", True),
    "score": ("bigint", False),
}


def model(name: str, meta: dict[str, Any], columns: list[str], *tests: Any) -> dict[str, Any]:
    return {
        "name": name,
        "config": {"contract": {"enforced": True}, "meta": meta},
        "data_tests": list(tests),
        "columns": [
            {
                "name": column,
                "data_type": COLUMNS[column][0],
                "config": {"meta": {"pii": COLUMNS[column][1]}},
                "data_tests": [generic("bounds", max_value=1)] if column == "phone" else [],
            }
            for column in columns
        ],
    }


def generic(name: str, **arguments: Any) -> dict[str, Any]:
    config = {"store_failures": True, "severity": "warn"}
    return {f"feature_warehouse.{name}": {"arguments": arguments, "config": config}}


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.long)])
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, server_of: ServerOf
) -> dict[str, list[dict[str, Any]]]:
    """By the name of a test, the rows that dbt kept of it."""
    project = write_host(
        tmp_path / "kept",
        {
            "people": "{{ config(materialized='table') }}"
            f"{PERSON}, cast(5550123 as bigint) as phone, timestamp '1999-02-03' as born,"
            f" cast(7 as bigint) as score union all {PERSON}, 5550123, timestamp '1999-02-03', 7",
            "visits": f"{PERSON}",
            "calls": "{{ config(materialized='table', post_hook='update {{ this }} set call = 1999,"
            " score = 8') }}{{ feature_warehouse.training_set(labels='visits', features=[{'view':"
            " 'people', 'features': {'phone': 'call', 'score': 'score'}}]) }}",
        },
        [
            model(
                "people",
                {"feature_view": {"join_keys": ["person"], "event_timestamp": "ts"}},
                list(COLUMNS),
                generic("unique_feature_rows"),
                generic("no_future_features", timestamp="born", feature_timestamps=["ts"]),
                generic("same_rows_as", compare_to="ref('visits')", columns=["person"]),
            ),
            model("visits", {"label_set": {"timestamp": "ts"}}, ["person", "ts"]),
            {"name": "calls", "data_tests": [generic("point_in_time_correct")]},
        ],
    )
    host = Host(project, request.param, server_of(request.param))
    host.dbt("build")
    schema = f"{host.schema}_dbt_test__audit"
    listing = f"select table_name from information_schema.tables where table_schema = '{schema}'"
    with host.open() as session:
        return {
            name: session.records(f'select * from {schema}."{name}"')
            for (name,) in session.ask(listing)
        }


def test_no_value_of_a_flagged_column_is_kept(kept: dict[str, list[dict[str, Any]]]) -> None:
    def rows_of(name: str) -> list[dict[str, Any]]:
        [rows] = [rows for test, rows in kept.items() if name in test]
        return rows

    assert len(kept) == 5
    assert all(kept.values()), "each test has failed"
    for name, rows in kept.items():
        for secret in SECRETS:
            assert secret not in str([list(row.values()) for row in rows]), name
    for row in rows_of("bounds"):
        assert (row["person"], row["phone"], row["born"]) == ("***", "***", "***")
        assert row["score"] == 7
    [tie] = rows_of("unique_feature_rows")
    assert (tie["person"], tie["rows_that_tie"]) == ("***", 2)
    assert [row["ts"].year for row in rows_of("no_future")] == [2024, 2024]
    [more] = rows_of("same_rows")
    assert (more["person"], more["rows_too_many"]) == ("***", 1)
    [wrong] = rows_of("point_in_time")
    assert (wrong["person"], wrong["call"], wrong["score"]) == ("***", "***", 8)
    assert "call is wrong" in wrong["problem"]
    assert "score is 8 and should be 7" in wrong["problem"]
