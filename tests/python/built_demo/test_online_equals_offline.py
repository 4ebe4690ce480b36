"""Rule 5 on the real data: what Redis serves is what the warehouse says, for every entity.

The expected rows come from pandas on the Parquet files, not from our SQL.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from conftest import Demo
from feature_warehouse import OnlineStore, Status
from feature_warehouse.dev.servers import local_valkey
from harness.outcomes import IN_TRAINING_SET, outcomes, windows
from harness.support import ROOT, run

CLOCK = datetime(2013, 12, 31)
HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[OnlineStore]:
    """What the command line publishes of the demo, on each engine in turn; read only."""
    demo: Demo = request.getfixturevalue(f"demo_{request.param}")
    clock = f"{CLOCK.isoformat()}Z"
    with local_valkey() as server:
        env = {**demo.env, "REDIS_URL": server.url}
        run("feature-warehouse", "materialize", "--as-of", clock, env=env, check=True)
        with OnlineStore.from_url(
            server.url, project="feature_warehouse", environment=demo.engine
        ) as opened:
            yield opened


def parquet(name: str) -> pd.DataFrame:
    return pd.read_parquet(ROOT / "data" / "nycflights13" / f"{name}.parquet")


def newest_weather() -> dict[str, dict[str, Any]]:
    weather = parquet("weather")
    known = weather[weather.time_hour + HOUR <= CLOCK].sort_values("time_hour")
    newest = known.groupby("origin").tail(1).rename(columns={"time_hour": "event"})
    return by_key(newest, "origin", ["temp", "humid", "wind_speed", "precip", "visib"])


def newest_legs() -> dict[str, dict[str, Any]]:
    flights = parquet("flights")
    landed = flights[flights.tailnum.notna() & (flights.arr_ts <= CLOCK)]
    newest = landed.sort_values(["arr_ts", "flight_id"]).groupby("tailnum").tail(1)
    newest = newest.rename(columns={"arr_ts": "event"})
    return by_key(newest, "tailnum", ["arr_delay", "origin", "dest", "distance"])


def planes() -> dict[str, dict[str, Any]]:
    frame = parquet("planes").rename(columns={"year": "built_year"})
    years = frame.built_year.fillna(1900).astype(int).astype(str)
    frame["event"] = pd.to_datetime(years + "-01-01")
    return by_key(frame, "tailnum", ["type", "engines", "seats", "built_year"])


def punctuality(*entity: str) -> dict[str, dict[str, Any]]:
    """What every aircraft, carrier or airport of a flight would be served, seen before or not."""
    known = outcomes(parquet("flights"), entity)
    entities = known[known.known_at <= CLOCK].entity.dropna().drop_duplicates()
    at = pd.Series([CLOCK] * len(entities))
    found = windows(known, entities, at).assign(entity=entities.to_numpy())
    found = found.astype(object).where(found.notna(), None)
    return {row.pop("entity"): row for row in found.to_dict("records")}


def by_key(frame: pd.DataFrame, key: str, features: list[str]) -> dict[str, dict[str, Any]]:
    rows = frame[[key, "event", *features]].astype(object)
    rows = rows.where(rows.notna(), None)
    return {row[key]: row for row in rows.to_dict("records")}


@pytest.mark.parametrize(
    ("view", "key", "ttl", "expected"),
    [
        ("origin_weather", "origin", 3 * HOUR, newest_weather),
        ("aircraft_last_leg", "tailnum", 24 * HOUR, newest_legs),
        ("aircraft", "tailnum", None, planes),
    ],
)
def test_every_entity(store: OnlineStore, view: str, key: str, ttl: Any, expected: Any) -> None:
    rows = expected()
    assert len(rows) > 2
    seen: set[Status] = set()
    for row, vector in zip(
        rows.values(), store.get_many(view, [{key: k} for k in rows]), strict=True
    ):
        age = CLOCK - row["event"]
        for feature, value in vector.items():
            status = vector.status(feature)
            seen.add(status)
            if ttl is not None and age > ttl:
                # A day after the ttl the row itself may be gone.
                wanted = Status.EXPIRED if age < ttl + 24 * HOUR else Status.MISSING
                assert (status, value) == (wanted, None)
                continue
            assert status is (Status.NULL if row[feature] is None else Status.FOUND)
            assert value == row[feature]
            event = vector.event_timestamp(feature)
            assert event is not None
            assert event.replace(tzinfo=None) == row["event"]
    assert Status.FOUND in seen
    assert view != "aircraft_last_leg" or {Status.EXPIRED, Status.MISSING} <= seen
    assert view != "aircraft" or Status.NULL in seen


@pytest.mark.parametrize(
    ("view", "key", "entity"),
    [
        ("aircraft_punctuality", "tailnum", ["tailnum"]),
        ("carrier_punctuality", "carrier", ["carrier"]),
        ("airport_traffic", "airport", ["origin", "dest"]),
    ],
)
def test_every_window(store: OnlineStore, view: str, key: str, entity: list[str]) -> None:
    rows = punctuality(*entity)
    assert len(rows) > 10
    vectors = store.get_many(view, [{key: name} for name in rows])
    served = [dict(vector) for vector in vectors]
    assert served == list(rows.values())
    [stranger] = store.get_many(view, [{key: "nobody"}])
    assert {value for name, value in stranger.items() if name.startswith("flights")} == {0}
    assert stranger["mean_delay_7d"] is None


def test_known_right_answer_at_the_end_of_the_data(store: OnlineStore) -> None:
    assert store.get("origin_weather", {"origin": "JFK"})["temp"] == 30.02


def test_the_service_is_the_training_row_at_the_clock(store: OnlineStore) -> None:
    """Flights that leave at the very clock: the training set's rows are what is served then."""
    flights = parquet("flights")
    now = flights[(flights.sched_dep_ts == CLOCK) & flights.tailnum.notna()]
    assert len(now) == 8
    weather, legs, fleet = newest_weather(), newest_legs(), planes()
    aircraft, carriers = punctuality("tailnum"), punctuality("carrier")
    airports = punctuality("origin", "dest")
    for flight in now.itertuples():
        keys = {name: getattr(flight, name) for name in ("origin", "tailnum", "carrier", "dest")}
        vector = store.get("flight_delay", keys)
        leg, plane = legs.get(flight.tailnum, {}), fleet.get(flight.tailnum, {})
        fresh = leg and CLOCK - leg["event"] <= 24 * HOUR
        assert dict(vector) == {
            **{f: weather[flight.origin][f] for f in ("temp", "wind_speed", "precip", "visib")},
            "weather_observed_at": weather[flight.origin]["event"],
            **{
                f"last_leg_{f}": leg[f] if fresh else None
                for f in ("arr_delay", "origin", "dest", "distance")
            },
            "last_leg_age_seconds": (CLOCK - leg["event"]).total_seconds() if fresh else None,
            **{f: plane.get(f) for f in ("type", "engines", "seats", "built_year")},
            **{
                f"{of}_{f}": counted[f]
                for of, counted in (
                    ("aircraft", aircraft[flight.tailnum]),
                    ("carrier", carriers[flight.carrier]),
                    ("origin", airports[flight.origin]),
                    ("dest", airports[flight.dest]),
                )
                for f in IN_TRAINING_SET[of]
            },
            "departure_hour": CLOCK.hour,
            "minutes_to_spare": (
                (CLOCK - leg["event"]).total_seconds() / 60 - leg["distance"] / 8 if fresh else None
            ),
        }
