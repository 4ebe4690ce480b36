"""Services and views read by HTTP: every value, status and event timestamp, in every form."""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from feature_warehouse import FeatureVector
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.redis_store import layout
from feature_warehouse.server.settings import Logging
from harness.redis_fixture import HOUR, NAMES, Shelf
from request_log.shop import entity, logged, opened, put_shop
from server.asked import Asker, asker

ARROW = "application/vnd.apache.arrow.stream"
NUMBERS = [0, 1, 2, 3, 12, 25, 99]
"""Found with and without NULL and a pair, expired, past the grace period, never there."""


@pytest.fixture
def url(valkey_server: Valkey, client: Any) -> str:
    put_shop(client)
    return valkey_server.url


@pytest.fixture
def ask(url: str) -> Iterator[Asker]:
    with asker(url) as found:
        yield found


def sent(number: int | None, **given: Any) -> dict[str, Any]:
    """An entity as JSON has it."""
    request = {"limit": "123456789012345678901234567890123456.78", "since": "2020-02-29"}
    return {"customer": number, "place": "x,y%", "factor": 1.5, **request, **given}


def in_json(value: Any) -> Any:
    """What stands for a value of the shop in JSON, by plain Python."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    return value.isoformat() if hasattr(value, "isoformat") else value


def read(url: str, **options: Any) -> list[FeatureVector]:
    """The same by the client."""
    with opened(url) as store:
        return list(store.get_many("shop", [entity(number) for number in NUMBERS], **options))


@pytest.mark.parametrize("layout_of_answer", ["rows", "columns"])
def test_a_service_is_read_as_the_client_reads_it(
    ask: Asker, url: str, layout_of_answer: str
) -> None:
    answer = ask.post(
        "shop",
        [sent(number) for number in NUMBERS],
        layout=layout_of_answer,
        event_timestamps=True,
        at="2023-11-15T00:00:00+02:00",
    )
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    content = answer.json
    vectors = read(url, at=datetime(2023, 11, 14, 22))
    expected = {
        "values": [{name: in_json(value) for name, value in one.items()} for one in vectors],
        "statuses": [{name: str(one.status(name)) for name in one} for one in vectors],
        "event_timestamps": [
            {name: in_json(one.event_timestamp(name)) for name in one} for one in vectors
        ],
    }
    assert (content.pop("name"), content.pop("fingerprint")) == ("shop", "f00d")
    if layout_of_answer == "columns":
        expected_columns = {
            what: {name: [row[name] for row in rows] for name in rows[0]}
            for what, rows in expected.items()
        }
        assert content == expected_columns
    else:
        assert content == expected
    statuses = {status for row in expected["statuses"] for status in row.values()}
    assert statuses == {"found", "null", "expired", "missing"}


def test_only_what_is_asked_for(ask: Asker) -> None:
    content = ask.post("shop", [sent(1)], statuses=False).json
    assert content.keys() == {"name", "fingerprint", "values"}
    assert ask.post("shop", []).json["values"] == []
    assert ask.post("shop", [], layout="columns").json["values"]["count"] == []


def test_a_view_by_its_own_name_and_a_key_without_a_value(ask: Asker) -> None:
    content = ask.post("orders", [{"customer": "2"}, {"customer": None}]).json
    assert content["name"] == "orders"
    assert [row["count"] for row in content["values"]] == [2, 0]
    assert content["statuses"][1]["count"] == "missing"


def test_arrow_by_accept(ask: Asker, url: str) -> None:
    content = {"entities": [sent(number) for number in NUMBERS]}
    path = "/v1/services/shop"
    for accept in (ARROW, f"application/json;q=0.5, {ARROW}", f"{ARROW}, */*;q=0.1"):
        answer = ask("POST", path, content, {"accept": accept})
        assert answer.headers["content-type"] == ARROW
        table = pa.ipc.open_stream(answer.body).read_all()
        assert table.to_pylist() == [one.to_dict() for one in read(url)]
    assert table.schema.metadata == {b"name": b"shop", b"fingerprint": b"f00d"}
    more = {"statuses": True, "event_timestamps": True}
    answer = ask("POST", path, content | more, {"accept": ARROW})
    [first, *_] = pa.ipc.open_stream(answer.body).read_all().to_pylist()
    vector = read(url)[0]
    assert first["note:status"] == str(vector.status("note")) == "null"
    assert first["note:event_timestamp"] == vector.event_timestamp("note")
    for accept in ("application/json", "*/*", "application/*", "text/html, application/json;q=0.1"):
        answer = ask("POST", path, content, {"accept": accept})
        assert answer.headers["content-type"] == "application/json"
    refused = ask("POST", path, content, {"accept": f"text/html, {ARROW};q=0"})
    assert refused.problem[:2] == (406, "media_type")


def test_what_there_is(ask: Asker, client: Any) -> None:
    shelf = Shelf(client)
    shelf.view("lost", {"x": "int"}, {}, number=3)
    shelf.flip("lost", 4)
    listed = {one["name"]: one for one in ask("GET", "/v1/services").json["services"]}
    assert listed.keys() == {"lost", "orders", "pairs", "shop"}
    assert listed["shop"] == {"name": "shop", "kind": "service", "fingerprint": "f00d"}
    assert listed["orders"]["kind"] == "view"
    # One that is not as it should be hides no others.
    assert "publish again" in listed["lost"]["error"]
    about = ask("GET", "/v1/services/shop").json
    assert about["entity_keys"] == {"customer": "int", "place": "string"}
    assert about["request_columns"] == {
        "factor": "double precision", "limit": "numeric(38,2)", "since": "date"
    }  # fmt: skip
    assert list(about["features"]) == list(read_names(ask))
    assert about["features"]["price"] == "decimal(10,2)"


def read_names(ask: Asker) -> Iterator[str]:
    yield from ask.post("shop", [sent(1)]).json["values"][0]


def test_the_request_log_has_what_was_served(url: str, client: Any) -> None:
    with asker(url, logging=Logging()) as ask:
        one = ask.post("shop", [sent(1), sent(2)], request_id="r1", tag="model 7").json
        each = ask.post("shop", [sent(3), sent(4)], request_id=["a", "b"]).json
        made = ask.post("shop", [sent(5)]).json
    assert one["request_id"] == "r1"
    assert each["request_ids"] == ["a", "b"]
    found = {row["request_id"]: row for row in logged(client)}
    assert found.keys() == {"r1", "a", "b", made["request_id"]}
    assert found["b"]["count"] == each["values"][1]["count"] == 4
    assert found["r1"]["tag"] == "model 7"


def test_types_that_change_between_two_requests(client: Any, url: str) -> None:
    """The server knows what a key was; it looks again before it refuses, or reads by it."""
    shelf = Shelf(client)
    shelf.view("users", {"x": "int"}, {7: (HOUR, [1])})
    shelf.flip("users", 1)
    with asker(url) as ask:
        assert ask.post("users", [{"id": 7}]).json["values"] == [{"x": 1}]
        shelf.view("users", {"x": "int"}, {"seven": (HOUR, [2])}, number=2, keys={"id": "string"})
        shelf.flip("users", 2)
        assert ask.post("users", [{"id": "seven"}]).json["values"] == [{"x": 2}]
        shelf.view("users", {"x": "string"}, {"2026-01-31": (HOUR, ["y"])}, number=3,
                   keys={"id": "date"})  # fmt: skip
        shelf.flip("users", 3)
        assert ask.post("users", [{"id": "2026-01-31"}]).json["values"] == [{"x": "y"}]
        status, code, detail = ask.post("users", [{"id": "seven"}]).problem
        assert (status, code) == (400, "entity")
        assert "a date as text" in detail
        client.delete(NAMES.pointer("users"))
        assert ask.post("users", [{"id": "2026-01-31"}]).problem[:2] == (404, "not_published")


def test_a_service_that_is_half_published(client: Any, url: str) -> None:
    shelf = Shelf(client)
    shelf.view("scores", {"score": "float"}, {1: (HOUR, [0.5])})
    shelf.flip("scores", 1)
    shelf.service("risk", "abcd", {"scores": {"score": "float"}})
    with asker(url) as ask:
        assert ask.post("risk", [{"id": 1}], expect="abcd").json["values"] == [
            {"scores_score": 0.5}
        ]
        shelf.view("scores", {"score": "string"}, {1: (HOUR, ["x"])}, number=2)
        shelf.flip("scores", 2)
        status, code, detail = ask.post("risk", [{"id": 1}]).problem
        assert (status, code) == (503, "half_published")
        assert "materialize" in detail
        assert ask.post("scores", [{"id": 1}]).json["values"] == [{"score": "x"}]
        shelf.service("risk", "ef01", {"scores": {"score": "string"}})
        assert ask.post("risk", [{"id": 1}]).json["values"] == [{"scores_score": "x"}]
        status, code, detail = ask.post("risk", [{"id": 1}], expect="abcd").problem
        assert (status, code) == (409, "fingerprint")
        assert "ef01, not abcd" in detail


def test_a_row_that_is_damaged(ask: Asker, client: Any) -> None:
    key = f"{NAMES.row_prefix('orders', 7)}1}}"
    client.set(key, client.get(key)[:-1] + b"!")
    status, code, detail = ask.post("orders", [{"customer": 1}]).problem
    assert (status, code) == (500, "damaged")
    assert key in detail
    client.set(NAMES.pointer("pairs"), layout.sealed(layout.Pointer(version=1), "another"))
    assert ask.post("pairs", [{"id": 1, "place": "x"}]).problem[:2] == (500, "damaged")
    assert json.loads(ask("GET", "/ready").body) == {"status": "ready"}
