"""A host project with a view, a training set, and its statistics."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

from harness.support import ROOT, dbt, postgres_output, write_yaml
from local_postgres import Postgres
from watching.rows import CLEAN, CLOCK, Reading, Request

SCHEMA = "watching"
TYPES = {
    "meter": "bigint",
    "ts": "timestamp",
    "level": "integer",
    "price": "double precision",
    "ratio": "numeric(6,2)",
    "kind": "text",
    "is_open": "boolean",
    "email": "text",
    "seen": "timestamp",
}
REQUESTS = {"request": "bigint", "meter": "bigint", "asked_at": "timestamp", "y": "integer"}

RULES = {
    "minimum_rows": 50,
    "minimum_entities": 20,
    "features": {
        "ratio": {"baseline": "season", "since": "2026-01-15"},
        "is_open": {"off": "a coin is tossed for it"},
        "seen": {"null_share": 0.5},
    },
}
ACTIVITY = """{{ config(materialized='table') }}
{{ feature_warehouse.window_features(
    events=ref('readings'), join_keys=['meter'], event_timestamp='ts',
    aggregates=[
        {'count': '*', 'as': 'readings'}, {'sum': 'level'}, {'count_distinct': 'kind'},
        {'max': 'level'}, {'count': 'price'},
    ],
    windows=['7 days', 'all time'],
) }}
"""
WATCHED = {"minimum_rows": 50, "features": {"price_count_all_time": {"off": False}}}
RULES_OF_COPY = {"baseline": "previous_run", "minimum_rows": 50, "minimum_entities": 300}


def write_project(folder: Path) -> Path:
    models = folder / "models"
    models.mkdir(parents=True)
    write_yaml(folder / "dbt_project.yml", {"name": "host", "version": "1.0.0", "profile": "host"})
    write_yaml(folder / "packages.yml", {"packages": [{"local": str(ROOT)}]})
    columns = [
        {"name": name, "data_type": kind, "config": {"meta": {"pii": name == "email"}}}
        for name, kind in TYPES.items()
    ]
    labels = [{"name": name, "data_type": kind} for name, kind in REQUESTS.items()]
    no_drift = [
        {"feature_warehouse.no_drift": {"name": name, "arguments": {"as_of": f"{at.isoformat()}Z"}}}
        for name, at in (("clean", CLEAN), ("drifted", CLOCK))
    ]
    write_yaml(
        models / "models.yml",
        {
            "version": 2,
            "models": [
                _view("readings", columns, RULES),
                _view("copies", columns, RULES_OF_COPY),
                {
                    "name": "requests",
                    "config": {
                        "contract": {"enforced": True},
                        "materialized": "table",
                        "meta": {"label_set": {"timestamp": "asked_at", "label": "y"}},
                    },
                    "columns": labels,
                },
                {"name": "training", "data_tests": no_drift},
                {"name": "activity", "config": {"meta": {"feature_view": {"drift": WATCHED}}}},
            ],
        },
    )
    for name in ("readings", "copies"):
        source = "raw_readings"
        (models / f"{name}.sql").write_text(f"select * from {{{{ target.schema }}}}.{source}")
    (models / "requests.sql").write_text("select * from {{ target.schema }}.raw_requests")
    (models / "training.sql").write_text(
        "{{ config(materialized='table') }}\n{{ feature_warehouse.training_set(labels='requests',"
        " features=['readings', {'view': 'copies', 'prefix': 'copy_'}], service='meters') }}\n"
    )
    (models / "activity.sql").write_text(ACTIVITY)
    (models / "asked_for_activity.sql").write_text(
        "{{ config(materialized='table') }}\n{{ feature_warehouse.training_set(labels='requests',"
        " features=['activity'], service='grown') }}\n"
    )
    (models / "statistics.sql").write_text(
        "{{ config(materialized='incremental', unique_key=['view', 'feature', 'computed_at'],"
        " incremental_strategy='delete+insert') }}\n"
        f"{{{{ feature_warehouse.feature_statistics(['readings'], at='{CLOCK.isoformat()}Z') }}}}\n"
    )
    dbt("deps", project=folder)
    return folder


def _view(name: str, columns: list[dict[str, Any]], drift: dict[str, Any]) -> dict[str, Any]:
    block = {"join_keys": ["meter"], "event_timestamp": "ts", "drift": drift}
    config = {
        "contract": {"enforced": True},
        "materialized": "table",
        "meta": {"feature_view": block},
    }
    return {"name": name, "config": config, "columns": columns}


def output(engine: str, folder: Path, server: Postgres) -> dict[str, Any]:
    if engine == "duckdb":
        return {"type": "duckdb", "path": str(folder / "host.duckdb"), "schema": SCHEMA}
    return postgres_output(server, SCHEMA, threads=2)


def environment(folder: Path, engine: str, profile: dict[str, Any]) -> dict[str, str]:
    write_yaml(folder / "profiles.yml", {"host": {"target": engine, "outputs": {engine: profile}}})
    return {
        "DBT_PROFILES_DIR": str(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }


@contextmanager
def connected(engine: str, folder: Path, server: Postgres) -> Iterator[Any]:
    """A cursor; closed before dbt wants the file."""
    if engine == "duckdb":
        with duckdb.connect(str(folder / "host.duckdb")) as connection:
            yield connection
        return
    with closing(psycopg2.connect(server.uri)) as connection:
        connection.autocommit = True
        yield connection.cursor()


def load(cursor: Any, readings: list[Reading], requests: list[Request]) -> None:
    cursor.execute(f"drop schema if exists {SCHEMA} cascade")
    cursor.execute(f"create schema {SCHEMA}")
    for name, types, rows in (
        ("raw_readings", TYPES, readings),
        ("raw_requests", REQUESTS, requests),
    ):
        columns = ", ".join(f"{column} {kind}" for column, kind in types.items())
        cursor.execute(f"create table {SCHEMA}.{name} ({columns})")
        for begin in range(0, len(rows), 1000):
            values = ", ".join(
                f"({', '.join(map(_literal, row))})" for row in rows[begin : begin + 1000]
            )
            cursor.execute(f"insert into {SCHEMA}.{name} values {values}")


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | float | Decimal):
        return str(value)
    text = value.isoformat(" ") if isinstance(value, datetime) else value
    return "'" + text.replace("'", "''") + "'"
