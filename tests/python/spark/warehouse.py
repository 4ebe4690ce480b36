"""Tables of Spark in this process, and a warehouse that reads them."""

import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from feature_warehouse.declarations.model import Column, FeatureView
from feature_warehouse.engines.spark import SparkWarehouse

SCHEMA = "reading"

needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None, reason="PySpark is not installed; `make test-spark` has it"
)

SETTINGS = {
    "spark.master": "local[2]",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "3",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


def credentials(method: str = "session", schema: str = SCHEMA, **settings: str) -> Any:
    """What dbt's profile would give; dots in the names of settings are double underscores."""
    given = {name.replace("__", "."): value for name, value in settings.items()}
    parameters = {**SETTINGS, "spark.sql.ansi.enabled": "false", **given}
    return SimpleNamespace(method=method, schema=schema, server_side_parameters=parameters)


class Tables:
    """Tables of one schema, as dbt would have made them: of Parquet files."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.ask(f"create schema if not exists {SCHEMA}")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""
        return [tuple(row) for row in self.session.sql(query).collect()]

    def make(self, name: str, query: str) -> str:
        """A table of what a query gives; its name as in a manifest."""
        relation = f"`{SCHEMA}`.`{name}`"
        self.ask(f"drop table if exists {relation}")
        self.ask(f"create table {relation} using parquet as {query}")
        return relation


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, when a query is made first
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("feature_warehouse")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        folder = tmp_path_factory.mktemp("spark tables")
        session = builder.config("spark.sql.warehouse.dir", str(folder)).getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield Tables(session)


@pytest.fixture
def warehouse(tables: Tables) -> Iterator[SparkWarehouse]:
    del tables
    with SparkWarehouse(credentials(), Path()) as opened:
        yield opened


def view(relation: str, *features: Column, **given: Any) -> FeatureView:
    """A view of ``id`` and ``ts``; the features break ties in their order."""
    declared: dict[str, Any] = {
        "join_keys": (Column("id", "bigint"),),
        "event_timestamp": Column("ts", "timestamp"),
        "created_timestamp": None,
        "availability_lag": 0,
        "ttl": None,
        "tie_order": features,
        "online": True,
        **given,
    }
    name = relation.rpartition(".")[2].strip("`")
    return FeatureView(name=name, relation=relation, description="", features=features, **declared)
