"""The demo's project on Spark: its own SQL, with the types of its contracts spelled as Spark's."""

import re
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any

from harness.engines import ON_SPARK
from harness.support import ROOT
from spark.host import SparkHost

SCHEMA = "demo"
SELECTED = ("+flight_delay_training", "flight_delay_card", "stg_airlines", "stg_airports")
"""Not the snapshot and the statistics, which are no tables, and what follows from them."""


class SparkDemo(SparkHost):
    """The demo up to its training set, which ``build`` builds with all tests but unit tests."""

    def __init__(self, folder: Path) -> None:
        for name in ("macros", "models", "tests/generic", "tests/singular"):
            copytree(ROOT / name, folder / name)
        copyfile(ROOT / "dbt_project.yml", folder / "dbt_project.yml")
        for file in (folder / "models").rglob("*.yml"):
            file.write_text(
                re.sub(r"(?<=data_type: )[a-z ]+$", _spelled, file.read_text(), flags=re.MULTILINE)
            )
        for file in (folder / "tests" / "singular").glob("*.sql"):
            file.write_text(file.read_text().replace("double precision", "double"))
        super().__init__(folder, SCHEMA)
        copyfile(ROOT / "profiles.example.yml", folder / "profiles.yml")

    def build(self) -> None:
        self.dbt("build", "--select", *SELECTED, "--exclude-resource-type", "unit_test")


def _spelled(found: "re.Match[str]") -> str:
    return ON_SPARK.get(found[0], found[0])


def load_sources(session: Any) -> None:
    """Views of the Parquet files, whose timestamps have no time zone and are in UTC."""
    session.conf.set("spark.sql.parquet.inferTimestampNTZ.enabled", "false")
    session.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    session.sql("create database if not exists nycflights13")
    for file in (ROOT / "data" / "nycflights13").glob("*.parquet"):
        session.sql(
            f"create or replace view nycflights13.{file.stem} as select * from parquet.`{file}`"
        )
