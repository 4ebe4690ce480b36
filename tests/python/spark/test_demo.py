"""The demo's models on Spark: a year of flights, and the training set that DuckDB makes of them."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import Demo
from spark.demo import SCHEMA, SparkDemo, load_sources

pytestmark = pytest.mark.long

TABLE = "flight_delay_training"


@pytest.fixture(scope="module")
def built(session: Any, tmp_path_factory: pytest.TempPathFactory) -> SparkDemo:
    """The demo on Spark: every model, contract and generic test up to the training set."""
    load_sources(session)
    demo = SparkDemo(tmp_path_factory.mktemp("demo on spark") / "project")
    demo.build()
    return demo


def test_all_tests_of_the_demo_pass(built: SparkDemo) -> None:
    statuses = {name: result["status"] for name, result in built.results().items()}
    assert {"success", "pass"} == set(statuses.values()), statuses
    assert len(statuses) > 40


def test_the_training_set_is_duckdbs_in_every_cell(
    built: SparkDemo, session: Any, demo_duckdb: Demo
) -> None:
    del built
    warehouse = session.conf.get("spark.sql.warehouse.dir").removeprefix("file:")
    files = Path(warehouse) / f"{SCHEMA}.db" / TABLE / "*.parquet"
    with duckdb.connect(demo_duckdb.env["FEATURE_WAREHOUSE_DUCKDB_PATH"], read_only=True) as asked:
        asked.execute("set time zone 'UTC'")
        described = asked.execute(f"describe {TABLE}").fetchall()
        cells = ", ".join(
            f'epoch_us("{name}") as "{name}"' if type_.startswith("TIMESTAMP") else f'"{name}"'
            for name, type_, *_ in described
        )
        ours = f"select {cells} from {TABLE}"
        theirs = f"select {cells} from read_parquet('{files}')"
        for one, other in ((ours, theirs), (theirs, ours)):
            difference = asked.execute(f"({one}) except all ({other}) limit 3").fetchall()
            assert difference == []
        (count,) = asked.execute(f"select count(*) from ({theirs})").fetchall()
    assert count == (336_776,)


def test_its_content_has_the_fingerprint_that_it_has_on_duckdb(
    built: SparkDemo, session: Any, demo_duckdb: Demo
) -> None:
    del built
    names = "content_fingerprint, row_count, label_count"
    found = session.sql(f"select {names} from {SCHEMA}.flight_delay_card").collect()
    with duckdb.connect(demo_duckdb.env["FEATURE_WAREHOUSE_DUCKDB_PATH"], read_only=True) as asked:
        expected = asked.execute(f"select {names} from flight_delay_card").fetchall()
    assert [tuple(row) for row in found] == expected
