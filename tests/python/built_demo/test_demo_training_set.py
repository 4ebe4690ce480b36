"""The demo's training set against pandas: every flight, every column, no difference.

On DuckDB these are the 336,776 of the year, on PostgreSQL those of its last months.
"""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi
import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from conftest import FIRST_DAY, SERVER, Demo, ServerOf, build_demo, load_on_postgres
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.training_sets import TrainingSets
from harness.outcomes import IN_TRAINING_SET, outcomes, windows
from harness.support import ROOT, assert_reads_well
from local_postgres import Postgres, local_postgres

Frame = Any
"""pandas ships no types."""

YEAR = date(2013, 1, 1)
LABEL_COLUMNS = {
    "flight_id": "flight_id",
    "carrier": "carrier",
    "flight": "flight_number",
    "tailnum": "tailnum",
    "origin": "origin",
    "dest": "dest",
    "sched_dep_ts": "sched_dep_ts",
    "arr_ts": "arr_ts",
    "is_late": "is_late",
}
WEATHER = ["temp", "wind_speed", "precip", "visib"]
LAST_LEG = ["arr_delay", "origin", "dest", "distance"]
AIRCRAFT = ["type", "engines", "seats", "built_year"]


@cache
def expected(first_day: date) -> Frame:
    """One row per flight: what was known at its scheduled departure."""
    flights = read("flights")
    flights = flights[flights["sched_dep_ts"] >= pd.Timestamp(first_day)]
    late = (flights["arr_delay"] > 15).astype("boolean")
    labels = flights.assign(is_late=late.mask(flights["arr_delay"].isna()))
    labels = labels[list(LABEL_COLUMNS)].rename(columns=LABEL_COLUMNS)
    labels["train_test_split"] = [split(at) for at in labels["sched_dep_ts"]]
    for features in (
        *(weather(labels), last_legs(flights, labels), aircraft(labels)),
        *(punctuality(flights, labels, of) for of in IN_TRAINING_SET),
    ):
        labels = labels.merge(features, on="flight_id", how="left", validate="one_to_one")
    labels["departure_hour"] = labels["sched_dep_ts"].dt.hour
    flown_back = labels["last_leg_distance"] / 8
    labels["minutes_to_spare"] = labels["last_leg_age_seconds"] / 60 - flown_back
    return labels


def split(at: pd.Timestamp) -> str | None:
    if at >= pd.Timestamp("2013-11-01"):
        return "test"
    return "train" if at < pd.Timestamp("2013-10-31") else None


def weather(labels: Frame) -> Frame:
    """An hour's weather is known when the hour is over, and good for three hours from its start."""
    hours = read("weather")[["origin", "time_hour", *WEATHER]]
    hours["available_at"] = hours["time_hour"] + pd.Timedelta(hours=1)
    found = newest(labels, hours, "origin")
    found["weather_observed_at"] = found["time_hour"]
    return found[found["sched_dep_ts"] <= found["time_hour"] + pd.Timedelta(hours=3)][
        ["flight_id", *WEATHER, "weather_observed_at"]
    ]


def last_legs(flights: Frame, labels: Frame) -> Frame:
    """A leg is known when it has landed, for a day; of two in one minute, the later flight's."""
    legs = flights[flights["tailnum"].notna() & flights["arr_ts"].notna()]
    legs = legs.sort_values("flight_id").drop_duplicates(["tailnum", "arr_ts"], keep="last")
    legs = legs[["tailnum", "arr_ts", *LAST_LEG]].rename(
        columns={name: f"last_leg_{name}" for name in LAST_LEG} | {"arr_ts": "landed_at"}
    )
    found = newest(labels, legs.assign(available_at=legs["landed_at"]), "tailnum")
    found["last_leg_age_seconds"] = (found["sched_dep_ts"] - found["landed_at"]).dt.total_seconds()
    return found[found["sched_dep_ts"] <= found["landed_at"] + pd.Timedelta(days=1)][
        ["flight_id", *(f"last_leg_{name}" for name in LAST_LEG), "last_leg_age_seconds"]
    ]


def aircraft(labels: Frame) -> Frame:
    """The registry counts from the start of the build year, from 1900 where that is unknown."""
    planes = read("planes").rename(columns={"year": "built_year"})
    years = planes["built_year"].fillna(1900).astype("int64").astype("str")
    planes["available_at"] = pd.to_datetime(years + "-01-01").astype("datetime64[us]")
    found = newest(labels, planes[["tailnum", "available_at", *AIRCRAFT]], "tailnum")
    return found[["flight_id", *AIRCRAFT]]


def punctuality(flights: Frame, labels: Frame, of: str) -> Frame:
    """What had become of flights of the same aircraft or carrier, or at the same airport."""
    key = "tailnum" if of == "aircraft" else of
    known = outcomes(flights, ["origin", "dest"] if of in ("origin", "dest") else [key])
    found = windows(known, labels[key], labels["sched_dep_ts"])[[*IN_TRAINING_SET[of]]]
    return found.add_prefix(f"{of}_").assign(flight_id=labels["flight_id"].to_numpy())


def newest(labels: Frame, rows: Frame, key: str) -> Frame:
    """The labels that have a row of their key, each with the newest one available."""
    found = pd.merge_asof(
        labels.loc[labels[key].notna(), ["flight_id", key, "sched_dep_ts"]].sort_values(
            "sched_dep_ts"
        ),
        rows.sort_values("available_at"),
        left_on="sched_dep_ts",
        right_on="available_at",
        by=key,
    )
    return found[found["available_at"].notna()]


def read(name: str) -> Frame:
    return pd.read_parquet(ROOT / "data" / "nycflights13" / f"{name}.parquet")


def test_the_training_set_is_what_pandas_finds(demo: Demo, server_of: ServerOf) -> None:
    if server := server_of(demo.engine):
        assert_all_as_pandas_finds(on_postgres(server), FIRST_DAY)
    else:
        built = on_duckdb(demo)
        assert built.num_rows == 336_776
        assert_all_as_pandas_finds(built, YEAR)


@pytest.mark.long
def test_the_year_is_on_postgres(tmp_path: Path) -> None:
    with local_postgres(durable=False, config=SERVER) as server:
        load_on_postgres(server)
        build_demo("postgres", tmp_path, server.env())
        built = on_postgres(server)
    assert built.num_rows == 336_776
    assert_all_as_pandas_finds(built, YEAR)


def assert_all_as_pandas_finds(built: pa.Table, first_day: date) -> None:
    built, frame = built.sort_by("flight_id"), expected(first_day)
    assert built.column_names == list(frame.columns)
    assert built.num_rows == len(frame)
    found = pa.Table.from_pandas(frame, schema=built.schema, preserve_index=False)
    assert [name for name in built.column_names if not built[name].equals(found[name])] == []


def on_duckdb(demo: Demo) -> pa.Table:
    path = demo.env["FEATURE_WAREHOUSE_DUCKDB_PATH"]
    with duckdb.connect(path, read_only=True) as connection:
        reader = connection.sql("from flight_delay_training").to_arrow_reader(100_000)
        return reader.read_all()


def on_postgres(postgres: Postgres) -> pa.Table:
    connect = adbc_driver_postgresql.dbapi.connect
    with connect(postgres.uri) as connection, connection.cursor() as cursor:
        cursor.execute("select * from feature_warehouse.flight_delay_training")
        return cursor.fetch_arrow_table()


@pytest.mark.parametrize(
    "which",
    [
        pytest.param("sched_dep_ts between '2013-10-20' and '2013-11-10'", id="three weeks"),
        pytest.param("true", id="all", marks=pytest.mark.long),
    ],
)
def test_flights_get_the_features_that_dbt_built(
    which: str, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in demo.env.items():
        monkeypatch.setenv(name, value)
    project = DbtProject(ROOT, target_path=demo.target_path)
    schema = "main" if demo.engine == "duckdb" else "feature_warehouse"
    table = f"{schema}.flight_delay_training"
    query = f"select * from {table} where {which} order by flight_id desc"
    with project.open_warehouse() as warehouse, warehouse.rows(query, "the flights") as reader:
        flights = reader.read_all()
    assert flights.num_rows > 10_000
    labels = flights.select(flights.column_names[:9])
    split = {"starts": {"test": "2013-11-01"}, "embargo": "1 day"}
    result = TrainingSets(project).build(
        labels, service="flight_delay", timestamp="sched_dep_ts", split=split
    )
    assert result.column_names == flights.column_names
    assert [name for name in flights.column_names if result[name] != flights[name]] == []


def test_its_sql_reads_well(demo: Demo, tmp_path: Path) -> None:
    compiled = "compiled/feature_warehouse/models/demo/training/flight_delay_training.sql"
    assert_reads_well(demo.target_path / compiled, demo.engine, tmp_path)
