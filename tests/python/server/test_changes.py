"""Services that change while they are read by HTTP: no answer is made of two of them."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.dev.servers import Valkey
from harness.redis_fixture import HOUR, Shelf
from harness.support import clear_environment
from server.running import Running, running

pytestmark = pytest.mark.long

SECONDS = 60.0
KINDS: dict[str, Any] = {"float": 0.5, "string": "half", "int": 2**60}
IN_JSON = {"float": 0.5, "string": "half", "int": str(2**60)}
"""What the value of each type is, there and here."""


def test_types_that_change_under_load(
    valkey_server: Valkey, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear_environment(monkeypatch)
    publish(client, 1)
    log = tmp_path / "log"
    end = time.monotonic() + SECONDS
    with running(valkey_server.url, log, "--workers", "2") as server:
        readers = [Reader(server, end, path) for path in (*["service"] * 3, "feast")]
        for one in readers:
            one.start()
        number = 1
        while time.monotonic() < end:
            number += 1
            publish(client, number)
            time.sleep(0.005)  # so that a read finds it at rest now and then
        for one in readers:
            one.join(60)
    assert [one.fault for one in readers] == [None] * 4
    seen = {kind for one in readers for kind in one.seen}
    assert seen == KINDS.keys()
    assert all(one.answers > 100 for one in readers)
    assert "Traceback" not in log.read_text()


def kind_of(number: int) -> str:
    return list(KINDS)[number % len(KINDS)]


def publish(client: Any, number: int) -> None:
    """The view first and the service last, as a run does; for a moment they do not fit."""
    kind = kind_of(number)
    shelf = Shelf(client)
    shelf.view("scores", {"score": kind}, {1: (HOUR, [KINDS[kind]])}, number=number)
    shelf.flip("scores", number, previous=number - 1 if number > 1 else None)
    shelf.service("risk", f"{kind}-{number}", {"scores": {"score": kind}})


class Reader(threading.Thread):
    """Asks until the end; a fault is the first answer that cannot be."""

    def __init__(self, server: Running, end: float, form: str) -> None:
        super().__init__(daemon=True)
        self._connection, self._end, self._form = server.connect(), end, form
        self.answers = 0
        self.seen: set[str] = set()
        self.fault: Any = None

    def run(self) -> None:
        try:
            while time.monotonic() < self._end and self.fault is None:
                self.fault = self._wrong()
        except Exception as error:
            self.fault = error
        finally:
            self._connection.close()

    def _wrong(self) -> Any:
        """None for an answer that is right."""
        feast: dict[str, Any] = {"feature_service": "risk", "entities": {"id": [1]}}
        own = {"entities": [{"id": 1}]}
        content: Any = feast if self._form == "feast" else own
        path = "/get-online-features" if self._form == "feast" else "/v1/services/risk"
        self._connection.request("POST", path, json.dumps(content))
        response = self._connection.getresponse()
        found = json.loads(response.read())
        if response.status != 200:
            return None if response.status == 503 else found
        self.answers += 1
        if self._form == "feast":
            [_, result] = found["results"]
            right = result["values"][0] in KINDS.values()
        else:
            kind = found["fingerprint"].partition("-")[0]
            right = found["values"] == [{"scores_score": IN_JSON[kind]}]
            self.seen.add(kind)
        return None if right else found
