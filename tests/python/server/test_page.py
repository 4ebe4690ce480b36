"""The page about the server does what it says: its samples ask a server that runs."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.codec.rows import to_microseconds
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.redis_store import layout
from feature_warehouse.server.tokens import read_tokens
from harness.redis_fixture import Shelf
from harness.samples import matches, play, samples
from harness.support import ROOT, clear_environment
from server.running import Running, running

PAGE = ROOT / "docs/how-to/server.md"
EXTRA = ["pip", "install", "feature-warehouse[server]"]
SHOWN = "localhost:8080"


@pytest.fixture
def server(
    valkey_server: Valkey, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.redis_fixture.NAMES", names := layout.Names("shop", "dev"))
    monkeypatch.setattr("server.running.NAMES", names)
    event = to_microseconds(datetime(2026, 1, 2, 9))
    keys, features = {"customer_id": "int"}, {"amount": "decimal(10,2)"}
    shelf = Shelf(client)
    shelf.view("last_order", features, {2: (event, ["12.00"])}, keys=keys)
    shelf.flip("last_order", 1)
    part = layout.ServicePart(
        "last_order", {"customer_id": "customer_id"}, {"amount": "amount"}, features
    )
    service = layout.Service("churn", "7b1c9717783aed33", (part,))
    key = names.description("churn", service.fingerprint)
    client.set(key, layout.sealed(service, key))
    shelf.flip("churn", service.fingerprint)
    with running(valkey_server.url, tmp_path / "log") as found:
        yield found


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here to run the samples")
def test_the_page_does_what_it_says(server: Running, tmp_path: Path) -> None:
    def run(command: list[str]) -> tuple[int, str]:
        match command:
            case ["pip", *_]:
                assert command == EXTRA
            case ["curl", *_]:
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                return done.returncode, done.stdout + "\n"
            case ["feature-warehouse", "serve", *options] | ["openssl" | "printf", *options]:
                assert options  # the one of the test runs; test_running.py has these options
            case _:
                raise AssertionError(f"nothing runs {command}")
        return 0, ""

    page = tmp_path / PAGE.name
    page.write_text(without_typescript(PAGE.read_text()))
    play(page, run, {SHOWN: f"localhost:{server.port}"})
    assert read_tokens(None, tmp_path / "tokens").entries


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not here to run TypeScript")
def test_the_sample_in_typescript(server: Running, tmp_path: Path) -> None:
    """It has no types, so that it is JavaScript as well."""
    found = list(samples(PAGE))
    [place] = [number for number, one in enumerate(found) if one.language == "typescript"]
    script = tmp_path / "churn.mjs"
    script.write_text(found[place].text.replace(SHOWN, f"localhost:{server.port}"))
    done = subprocess.run(
        ["node", script],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TZ": "UTC"},
    )
    assert done.returncode == 0, done.stderr
    assert matches(found[place + 1].text, done.stdout)
    # Another error than the one that it is written for is thrown, too.
    script.write_text(script.read_text().replace("7b1c9717783aed33", "0123456789abcdef"))
    done = subprocess.run(["node", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "has the fingerprint 7b1c9717783aed33, not 0123456789abcdef" in done.stderr


def without_typescript(text: str) -> str:
    """Its block, and what that prints."""
    found, times = re.subn(
        r"^```typescript.*?^```\n\n```text title=\"Output\".*?^```\n",
        "",
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    assert times == 1
    return found
