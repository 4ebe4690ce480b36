"""What an answer does quickly for most values, and the values for which it must not."""

import math
import re
from typing import Any

import pytest

from feature_warehouse.dev.servers import Valkey
from feature_warehouse.errors import NotPublishedError
from feature_warehouse.on_demand.expressions import Node
from feature_warehouse.redis_store import layout
from harness.redis_fixture import HOUR, NAMES, Shelf, shelve_scores
from server.asked import asker

MOST = 2**53 - 1

FLOATS = {
    1: ([0.5, 1.5], [0.5, 1.5]),
    2: ([math.nan, 1.5], ["NaN", 1.5]),
    3: ([math.inf, -math.inf], ["Infinity", "-Infinity"]),
    4: ([1e308, 1e308], [1e308, 1e308]),
    5: ([None, math.nan], [None, "NaN"]),
}
MIXED = {
    1: ([MOST, 0.5], [MOST, 0.5]),
    2: ([MOST + 1, 0.5], [str(MOST + 1), 0.5]),
    3: ([-MOST - 1, 0.5], [str(-MOST - 1), 0.5]),
    4: ([7, math.nan], [7, "NaN"]),
    5: ([None, -math.inf], [None, "-Infinity"]),
}
"""By id: what is stored, and what JSON has."""


@pytest.mark.parametrize(
    ("kind", "rows"), [("float", FLOATS), ("int", MIXED)], ids=["floats", "whole numbers too"]
)
def test_values_alone_and_together(
    kind: str, rows: dict[int, Any], valkey_server: Valkey, client: Any
) -> None:
    shelf = Shelf(client)
    stored = {key: (HOUR, values) for key, (values, _) in rows.items()}
    shelf.view("values", {"x": kind, "y": "float"}, stored)
    shelf.flip("values", 1)
    with asker(valkey_server.url) as ask:
        for ids in (*([key] for key in rows), [1, 4], list(rows)):
            found = ask.post("values", [{"id": key} for key in ids]).json["values"]
            assert [[row["x"], row["y"]] for row in found] == [rows[key][1] for key in ids]


def test_the_status_of_what_is_computed(valkey_server: Valkey, client: Any) -> None:
    """It is that of its inputs, though it has a value, and though nothing stored is NULL."""
    shelf = Shelf(client)
    kinds = {"x": "float"}
    shelf.view("sizes", kinds, {1: (HOUR, [0.5]), 2: (HOUR, [None])}, defaults={"x": 9.5})
    shelf.flip("sizes", 1)
    one = Node("literal", "double", (), "1")
    filled = Node("coalesce", "double", (Node("name", "double", (), "x"), one))
    part = layout.ServicePart("sizes", {"id": "id"}, {"x": "x"}, kinds)
    service = layout.Service(
        "filled", "beef", (part,), on_demand=(layout.OnDemand("y", filled),), hidden=("x",)
    )
    key = NAMES.description("filled", "beef")
    client.set(key, layout.sealed(service, key))
    shelf.flip("filled", "beef")
    with asker(valkey_server.url) as ask:
        for ids in ([1], [2], [3], [1, 2, 3]):
            found = ask.post("filled", [{"id": key} for key in ids]).json
            assert found["values"] == [{"y": {1: 0.5, 2: 1.0, 3: 9.5}[key]} for key in ids]
            told = {1: "found", 2: "null", 3: "missing"}
            assert found["statuses"] == [{"y": told[key]} for key in ids]


def test_metrics_count_what_was_answered(valkey_server: Valkey, client: Any) -> None:
    shelve_scores(client)
    with asker(valkey_server.url) as ask:
        ask.post("risk", [{"id": 1}, {"id": 2}, {"id": 1000}])
        ask.post("risk", [{"id": "x"}])
        feast = {"features": ["scores:score"], "entities": {"id": [1, 1000]}}
        ask("POST", "/get-online-features", feast)
        text = ask("GET", "/metrics").body.decode()
    found = dict(re.findall(r"^feature_warehouse_server_(\w+{.*}) ([0-9.]+)$", text, re.MULTILINE))
    path = 'path="/v1/services/{name}"'
    feast_path = 'path="/get-online-features"'
    expected = {
        f'requests_total{{name="risk",{path},status="200"}}': "1.0",
        f'requests_total{{name="",{path},status="400"}}': "1.0",
        'entities_total{name="risk"}': "3.0",
        'values_total{name="risk",status="found"}': "4.0",
        'values_total{name="risk",status="missing"}': "2.0",
        'entities_total{name="scores"}': "2.0",
        'values_total{name="scores",status="found"}': "1.0",
        'values_total{name="scores",status="missing"}': "1.0",
        f'request_seconds_count{{name="risk",{path}}}': "1.0",
        f'requests_total{{name="",{feast_path},status="200"}}': "1.0",
    }
    assert {name: found.get(name) for name in expected} == expected


def test_what_changes_faster_than_it_can_be_read(
    valkey_server: Valkey, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: Any, **__: Any) -> Any:
        raise NotPublishedError("'risk' has changed")

    shelve_scores(client)
    with asker(valkey_server.url) as ask:
        monkeypatch.setattr(ask.app.store, "get_many", gone)
        assert ask.post("risk", [{"id": 1}]).problem[:2] == (503, "unreachable")
        client.delete(NAMES.pointer("risk"))
        assert ask.post("risk", [{"id": 1}]).problem[:2] == (404, "not_published")
