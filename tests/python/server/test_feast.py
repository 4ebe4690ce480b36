"""Feast's API: the answers of a real ``feast serve`` on the same values, and ours beside them.

``feast_recorded.json`` has what Feast 0.67 answered; the long test asks one that runs.
"""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.dev.servers import Valkey
from harness.redis_fixture import HOUR, Shelf
from harness.redis_servers import eventually
from harness.support import ROOT
from request_log.shop import entity, put_shop
from server.asked import Asker, asker

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "feast_recorded.json").read_text())
PATH = "/get-online-features"
BENCH = ROOT / ".venv-bench"
EVENT = to_microseconds(datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=UTC))


def put_same(client: Any) -> None:
    """What ``run_feast.py`` puts there."""
    shelf = Shelf(client)
    orders = {
        "amount": "float",
        "count": "int",
        "note": "string",
        "paid": "bool",
        "vector": "list<float>",
    }

    def packed(*numbers: float) -> bytes:
        return np.array(numbers, "<f8").tobytes()

    rows: dict[int, list[Any]] = {
        1: [0.1, 2**62, "ä", True, packed(0.5, 1.5)],
        2: [None, 0, "", False, packed(2.5)],
        3: [1e300, -5, 'x"y', True, packed(1.0, -1.0)],
    }
    shelf.view("orders", orders, {key: (EVENT, own) for key, own in rows.items()})
    shelf.view("visits", {"count_7d": "int"}, {1: (EVENT, [7])})
    for view in ("orders", "visits"):
        shelf.flip(view, 1)
    # The fixture's services have prefixes, which Feast's do not.
    parts = {"orders": orders, "visits": {"count_7d": "int"}}
    shelf.service("risk", "abcd", parts, prefixes=False)


@pytest.fixture
def ask(valkey_server: Valkey, client: Any) -> Iterator[Asker]:
    put_same(client)
    with asker(valkey_server.url) as found:
        yield found


def by_name(answer: Any) -> dict[str, list[tuple[Any, str, str]]]:
    """Value, status and event timestamp of each entity, by feature; Feast has no order of them."""
    assert answer.keys() == {"metadata", "results"}
    assert answer["metadata"].keys() == {"feature_names"}
    for one in answer["results"]:
        assert one.keys() == {"values", "statuses", "event_timestamps"}
    rows = [
        list(zip(one["values"], one["statuses"], one["event_timestamps"], strict=True))
        for one in answer["results"]
    ]
    return dict(zip(answer["metadata"]["feature_names"], rows, strict=True))


def assert_same(theirs: Any, ours: Any) -> None:
    """All that Feast says, but that it calls PRESENT what is NULL or was never there."""
    expected, found = by_name(theirs), by_name(ours)
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        for (value, status, event), own in zip(rows, found[name], strict=True):
            assert status == "PRESENT"
            never = event.startswith("1970") and name != "id"
            if value is not None:
                assert own == (value, "PRESENT", event)
            else:
                assert own == (None, "NOT_FOUND" if never else "NULL_VALUE", event)


@pytest.mark.parametrize("one", RECORDED, ids=range(len(RECORDED)))
def test_as_feast_answered(ask: Asker, one: Any) -> None:
    answer = ask("POST", PATH, one["asked"])
    assert answer.status == 200
    assert_same(one["answered"], answer.json)


def test_what_is_expired_or_computed(valkey_server: Valkey, client: Any) -> None:
    put_shop(client)
    asked = [entity(1), entity(12), entity(25)]
    columns: dict[str, list[Any]] = {key: [one[key] for one in asked] for key in asked[0]}
    columns |= {"since": ["2020-02-29"] * 3, "limit": ["1.00"] * 3}
    with asker(valkey_server.url) as ask:
        answer = ask(
            "POST",
            PATH,
            {"feature_service": "shop", "entities": columns, "full_feature_names": True},
        )
    found = by_name(answer.json)
    assert [status for _, status, _ in found["orders__count"]] == [
        "PRESENT", "OUTSIDE_MAX_AGE", "NOT_FOUND",
    ]  # fmt: skip
    assert [value for value, *_ in found["orders__count"]] == [1, 0, 0]  # the default
    assert [value for value, *_ in found["shop__most"]] == ["1.00"] * 3
    assert [value for value, *_ in found["customer"]] == [1, 12, 25]


def test_a_global_view_has_no_keys(valkey_server: Valkey, client: Any) -> None:
    shelf = Shelf(client)
    shelf.view("world", {"fuel": "float"}, {(): (HOUR, [2.5])}, keys={})
    shelf.flip("world", 1)
    with asker(valkey_server.url) as ask:
        answer = ask("POST", PATH, {"features": ["world:fuel"], "entities": {}})
        assert by_name(answer.json) == {"fuel": [(2.5, "PRESENT", "1970-01-01T01:00:00Z")]}
        answer = ask("POST", PATH, {"features": ["world:fuel"], "entities": {"id": [1, 2]}})
        assert [value for value, *_ in by_name(answer.json)["fuel"]] == [2.5, 2.5]


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"features": ["orders:none"], "entities": {"id": [1]}}, 404, "no feature 'none'"),
    ({"features": ["nothing:x"], "entities": {"id": [1]}}, 404, "'nothing' is not published"),
    ({"feature_service": "none", "entities": {"id": [1]}}, 404, "'none' is not published"),
    ({"features": ["orders"], "entities": {"id": [1]}}, 400, "view:feature"),
    ({"features": [], "entities": {"id": [1]}}, 400, "feature_service"),
    ({"features": ["orders:amount"], "entities": {"id": [1], "x": []}}, 400, "one length"),
    ({"features": ["orders:amount"], "entities": {}}, 400, "lack id"),
    ({"features": ["orders:amount"], "entities": {"id": ["x"]}}, 400, "a whole number"),
    ({"features": ["orders:note", "orders:note"], "entities": {"id": [1]}}, 400, "twice"),
    ({"features": ["orders:note"], "entities": {"id": 1}}, 400, "$.entities[...]"),
    ({"features": [f"v{n}:x{n}" for n in range(101)], "entities": {"id": [1]}}, 413, "101 views"),
    ({"features": ["orders:note"]}, 400, "missing required field `entities`"),
]


@pytest.mark.parametrize(("content", "status", "detail"), REFUSED)
def test_what_feast_s_clients_are_refused(
    ask: Asker, content: Any, status: int, detail: str
) -> None:
    found, _, told = ask("POST", PATH, content).problem
    assert found == status
    assert detail in told


@pytest.mark.long
@pytest.mark.skipif(
    not (BENCH / "ready").is_file(),
    reason="Feast is not here: `make .venv-bench/ready` brings it",
)
def test_beside_a_feast_that_runs(ask: Asker, valkey_server: Valkey, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    script = [str(BENCH / "bin/python"), str(HERE / "run_feast.py"), str(tmp_path)]
    with (tmp_path / "feast.log").open("w") as log:
        process = subprocess.Popen(
            [*script, str(valkey_server.port), str(port)],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: process.poll() is not None or is_there(address), "feast serve")
        assert process.poll() is None, (tmp_path / "feast.log").read_text()
        for one in RECORDED:
            request = urllib.request.Request(  # noqa: S310 - of this machine
                address + PATH,
                json.dumps(one["asked"]).encode(),
                {"content-type": "application/json"},
            )
            with urllib.request.urlopen(request) as response:  # noqa: S310
                theirs = json.load(response)
            assert by_name(theirs) == by_name(one["answered"])
            assert_same(theirs, ask("POST", PATH, one["asked"]).json)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def is_there(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{address}/health"):  # noqa: S310
        return True
    return False
