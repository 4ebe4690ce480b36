"""What goes wrong with the flights, and what notices it: each row of the table in the docs."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from shutil import copyfile, copytree

import duckdb
import msgspec
import pytest

from conftest import Demo
from harness.support import ROOT, dbt, run

CLOCK = "2013-11-18T00:00:00Z"
LAST_WEEK = "between timestamp '2013-11-11' and timestamp '2013-11-18'"
DATA = ROOT / "data" / "nycflights13"


class Site(msgspec.Struct, frozen=True):
    """The demo's warehouse, and a copy of its sources that can be spoiled."""

    env: dict[str, str]
    data: Path

    def spoil(self, table: str, query: str) -> None:
        """Replace a source by what the query makes of ``source``."""
        with duckdb.connect() as connection:
            connection.read_parquet(str(DATA / f"{table}.parquet")).create_view("source")
            connection.sql(query).write_parquet(str(self.data / f"{table}.parquet"))

    def failing_tests(self, *selectors: str) -> list[str]:
        """The dbt tests that fail in a build of what is selected."""
        target = Path(self.env["DBT_TARGET_PATH"])
        dbt("build", "--select", *selectors, env=self.env, check=False)
        results = json.loads((target / "run_results.json").read_text())["results"]
        return [one["unique_id"].split(".")[2] for one in results if one["status"] == "fail"]

    def build(self, *selectors: str) -> None:
        dbt("--quiet", "run", "--select", *selectors, env=self.env)

    def command(self, *arguments: str) -> tuple[int, str]:
        result = run("feature-warehouse", *arguments, "--as-of", CLOCK, env=self.env)
        return result.returncode, result.stdout + result.stderr

    def alarms(self) -> set[str]:
        """The features of the service that drift."""
        code, output = self.command("drift", "flight_delay", "--json")
        features = json.loads(output)["features"]
        found = {one["feature"] for one in features if one["verdict"] == "alarm"}
        assert code == bool(found)
        return found


@pytest.fixture
def site(demo_duckdb: Demo, tmp_path: Path, redis_url: str) -> Site:
    copytree(DATA, tmp_path / "data")
    copytree(demo_duckdb.target_path, tmp_path / "target")
    name = "FEATURE_WAREHOUSE_DUCKDB_PATH"
    copyfile(demo_duckdb.env[name], tmp_path / "demo.duckdb")
    env = {
        **demo_duckdb.env,
        name: str(tmp_path / "demo.duckdb"),
        "FEATURE_WAREHOUSE_DATA": str(tmp_path / "data"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "REDIS_URL": redis_url,
    }
    # A manifest is of the file that it was written for.
    dbt("--quiet", "parse", env=env)
    return Site(env, tmp_path / "data")


def delays_in_seconds(site: Site) -> None:
    site.spoil(
        "flights",
        f"select * replace (case when arr_ts {LAST_WEEK} then arr_delay * 60 else arr_delay end"
        " as arr_delay) from source",
    )
    assert any("bounds" in name for name in site.failing_tests("stg_flights"))
    site.build("aircraft_last_leg", "aircraft_punctuality")
    assert site.alarms() >= {"last_leg_arr_delay", "aircraft_mean_delay_1d"}


def a_day_missing(site: Site) -> None:
    site.spoil(
        "flights",
        "select * from source where dep_ts"
        " not between timestamp '2013-11-16 23:00' and timestamp '2013-11-18'",
    )
    vars_ = json.dumps({"demo_clock": CLOCK})
    result = dbt("source", "freshness", "--vars", vars_, env=site.env, check=False)
    assert result.returncode == 1
    assert re.search(r"ERROR STALE .*flights", result.stdout), result.stdout
    site.build("stg_flights", "aircraft_punctuality")
    code, output = site.command("validate", "--select", "aircraft_punctuality")
    assert code == 1
    assert "expect_column_max_to_be_between(column=flights_1d" in output, output


def a_carrier_renamed(site: Site) -> None:
    site.spoil(
        "flights",
        f"select * replace (case when carrier = 'UA' and sched_dep_ts {LAST_WEEK} then 'XX'"
        " else carrier end as carrier) from source",
    )
    failing = site.failing_tests("stg_flights")
    assert any(name.startswith("relationships_stg_flights_carrier") for name in failing)


def weather_is_null(site: Site) -> None:
    site.spoil(
        "weather",
        f"select * replace (case when time_hour {LAST_WEEK} then null else temp end as temp)"
        " from source",
    )
    site.build("stg_weather", "origin_weather")
    code, output = site.command("validate", "--select", "origin_weather")
    assert code == 1
    assert "expect_column_values_to_not_be_null(column=temp" in output, output


def duplicated_rows(site: Site) -> None:
    site.spoil(
        "flights",
        f"select * from source union all select * from source where sched_dep_ts {LAST_WEEK}",
    )
    assert "unique_stg_flights_flight_id" in site.failing_tests("stg_flights")


def a_shifted_time_zone(site: Site) -> None:
    site.spoil(
        "weather",
        "select * replace (time_hour - interval 5 hours as time_hour) from source"
        f" where time_hour < timestamp '{CLOCK}'",
    )
    site.build("stg_weather", "origin_weather")
    code, output = site.command("validate", "--select", "origin_weather")
    assert code == 1
    assert "freshness" in output, output


def emails_in_a_text(site: Site) -> None:
    site.spoil(
        "planes",
        "select * replace (case when seats > 300 then 'ask ' || lower(tailnum) || '@example.com'"
        " else type end as type) from source",
    )
    assert any("no_pii" in name for name in site.failing_tests("stg_planes", "aircraft"))


FAULTS: dict[str, Callable[[Site], None]] = {
    "delays in seconds instead of minutes": delays_in_seconds,
    "a day of flights is missing": a_day_missing,
    "a carrier is renamed": a_carrier_renamed,
    "weather is NULL": weather_is_null,
    "rows are duplicated": duplicated_rows,
    "times in another time zone": a_shifted_time_zone,
    "e-mails in a text column": emails_in_a_text,
}


SLICE = ("delays in seconds instead of minutes", "weather is NULL")
"""One for drift and dbt's tests, one for the gate; the others are for the long run."""


@pytest.mark.parametrize(
    "fault",
    [pytest.param(name, marks=() if name in SLICE else pytest.mark.long) for name in FAULTS],
)
def test_a_fault_is_noticed(fault: str, site: Site) -> None:
    FAULTS[fault](site)


def test_the_table_in_the_docs_has_these_faults() -> None:
    text = (ROOT / "docs/how-to/watch.md").read_text()
    table = text.partition("## Which check notices which fault")[2]
    rows = re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)
    assert rows[1:] == list(FAULTS)


def test_nothing_is_noticed_where_nothing_is_wrong(site: Site) -> None:
    """The same questions about the flights as they are; dbt's tests passed in the build."""
    assert site.alarms() == set()
    code, output = site.command("validate", "--select", "origin_weather aircraft_punctuality")
    assert code == 0, output
    vars_ = json.dumps({"demo_clock": CLOCK})
    dbt("source", "freshness", "--vars", vars_, env=site.env)
