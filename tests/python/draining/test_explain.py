"""`feature-warehouse explain`: a request, with the runs that its values came from."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from draining.places import Place
from feature_warehouse import OnlineStore, RequestLog
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.draining.explain import explain
from feature_warehouse.engines import engine_of
from harness.command_line import Fw, one_line
from harness.mini import Mini, simple
from harness.publishers import fw
from request_log.shop import entity, opened, seen

__all__ = ["fw"]

CLOCKS = ("2026-01-01T12:00:00", "2026-01-01T13:00:00", "2026-01-01T14:00:00")


@pytest.fixture
def logged(fw: Fw, mini: Mini, redis_url: str) -> Fw:
    """Entity 1 was written by the second of three runs, entity 2 by the first."""
    mini.view("names", {"id": "bigint", "ts": "timestamp", "name": "text"}, NAMES)
    mini.service("risk", {"view": "scores"}, {"view": "names", "features": ["name"]})
    log = RequestLog(tag="model 7")
    values = ("0.5", "0.75", "0.75")
    for value, clock in zip(values, CLOCKS, strict=True):
        simple(mini, f"(1, timestamp '2026-01-01', {value}), (2, timestamp '2026-01-01', 9)")
        mini.write()
        assert fw("materialize", "--as-of", f"{clock}Z")[0] == 0
        with OnlineStore.from_url(redis_url, request_log=log) as store:
            store.get_many("risk", [{"id": 1}, {"id": 2}, {"id": 3}], request_id=clock)
    assert fw("drain", "--create")[0] == 0
    return fw


NAMES = "select 1::bigint as id, timestamp '2026-01-01' as ts, 'Ann' as name"


def explained(logged: Fw, *words: str) -> list[dict[str, Any]]:
    code, out, err = logged("explain", *words, "--json")
    assert (code, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)["entities"]
    return found


def clock_of(run: dict[str, Any] | None) -> str | None:
    return None if run is None else str(run["clock"])


def test_where_each_value_came_from(logged: Fw) -> None:
    for place, (clock, score) in enumerate(zip(CLOCKS, (0.5, 0.75, 0.75), strict=True)):
        found = explained(logged, clock)
        assert [one["given"] for one in found] == [{"id": 1}, {"id": 2}, {"id": 3}]
        assert [one["position"] for one in found] == [0, 1, 2]
        assert {(one["service"], one["tag"], one["clock"]) for one in found} == {
            ("risk", "model 7", clock)
        }
        scores, names = zip(*(one["rows"] for one in found), strict=True)
        assert [row["features"] for row in scores] == [{"score": s} for s in (score, 9.0, None)]
        assert [row["features"] for row in names] == [{"name": n} for n in ("Ann", None, None)]
        assert [row["status"] for row in names] == ["found", "missing", "missing"]
        wrote = CLOCKS[min(place, 1)]
        assert [clock_of(row["written_by"]) for row in scores] == [wrote, CLOCKS[0], None]
        assert [clock_of(row["in_service"]) for row in scores] == [clock] * 3
        assert [one["other"] for one in found] == [{}] * 3


def test_as_a_person_reads_it(logged: Fw) -> None:
    code, out, err = logged("explain", CLOCKS[2])
    assert (code, err) == (0, "")
    first = out.split("\n\n")[0].splitlines()
    assert first[0].startswith("risk ")
    assert first[0].endswith(", model 7")
    assert first[1:3] == ["as of 2026-01-01 14:00:00.000000Z", "id=1"]
    assert first[3].startswith(
        "scores: found, generation 1, true from 2026-01-01 00:00:00.000000Z, written by run 2"
        " (compare, clock 2026-01-01 13:00:00.000000Z); last run before the read: 3 (compare,"
    )
    assert first[4] == "  score  0.75"
    assert first[6] == "  name  Ann"


def test_what_is_not_there(logged: Fw) -> None:
    one_line(logged("explain", "another"), 2, "no request 'another' is in requests_risk")
    one_line(logged("explain", CLOCKS[0], "--service", "rusk"), 2, "no service 'rusk'")
    assert len(explained(logged, CLOCKS[0], "--service", "risk")) == 3


def test_before_anything_was_drained(fw: Fw, mini: Mini) -> None:
    simple(mini, "(1, timestamp '2026-01-01', 1)")
    mini.service("risk", {"view": "scores"})
    mini.write()
    one_line(fw("explain", "x"), 2, "run `feature-warehouse drain --create` first")


def test_a_feature_that_is_no_longer_declared(logged: Fw, mini: Mini) -> None:
    mini.service("risk", {"view": "scores"})
    mini.write()
    [one, *_] = explained(logged, CLOCKS[0])
    assert [row["view"] for row in one["rows"]] == ["scores"]
    assert one["other"]["name"] == "Ann"
    assert datetime.fromisoformat(one["requested_at"]).tzinfo is None


def test_a_view_that_the_service_has_got_since(logged: Fw, mini: Mini) -> None:
    """The log has no rows of it, and those of the others are theirs."""
    mini.view("colours", {"id": "bigint", "ts": "timestamp", "request_id": "text"})
    mini.service("risk", {"view": "colours"}, {"view": "scores"}, {"view": "names"})
    mini.write()
    [one, *_] = explained(logged, CLOCKS[0])
    assert one["request_id"] == CLOCKS[0]
    assert [(row["view"], *row["features"].items()) for row in one["rows"]] == [
        ("scores", ("score", 0.5)),
        ("names", ("name", "Ann")),
    ]
    assert [clock_of(row["in_service"]) for row in one["rows"]] == [CLOCKS[0]] * 2


def test_on_each_engine(place: Place, url: str, client: Any, mini: Mini) -> None:
    """A request with every status, of a service whose views are declared by hand."""
    columns = {"customer": "bigint", "ts": "timestamp", "note": "text", "price": "decimal(10,2)"}
    mini.view("orders", columns, join_keys=["customer"])
    pairs = {"id": "bigint", "place": "text", "ts": "timestamp", "day": "date", "tags": "text[]"}
    mini.view("pairs", pairs, join_keys=["id", "place"])
    mini.service(
        "shop",
        {"view": "orders"},
        {"view": "pairs", "prefix": "pair_", "join_keys": {"id": "customer"}},
    )
    registry = read_registry(mini.write())
    asked = [entity(4), entity(14), entity(24), entity(None)]
    with opened(url, RequestLog()) as store:
        vectors = store.get_many("shop", asked, request_id="one")
    wanted = [seen(*pair) for pair in zip(asked, vectors, strict=True)]
    place.drain(client, publications=True)
    with engine_of(place.engine).connect(place.credentials) as warehouse:
        found = explain(registry, warehouse, place.credentials, "one")
    assert len(found) == len(wanted)
    for one, told in zip(found, wanted, strict=True):
        orders, pair = one.rows
        assert one.given == {"customer": told["customer"], "place": told["place"]}
        assert orders.features["note"] == told["note"]
        assert Decimal(orders.features["price"] or 0) == (told["price"] or 0)
        assert pair.features == {"pair_day": told["pair_day"], "pair_tags": told["pair_tags"]}
        for row in one.rows:
            assert row.status == told[f"{row.view}_status"]
            assert row.event_timestamp == told[f"{row.view}_event_timestamp"]
        assert (orders.generation, pair.generation) == (7, 1)
        assert one.other["scaled"] == told["scaled"]
