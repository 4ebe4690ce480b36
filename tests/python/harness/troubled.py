"""Publishing while something goes wrong, and what must be so afterwards; fixtures to import."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse import OnlineStore
from feature_warehouse.dev.servers import Valkey
from feature_warehouse.publishing import publish_view, writer
from feature_warehouse.publishing.publish_view import ViewResult
from feature_warehouse.publishing.writer import RowWriter
from feature_warehouse.redis_store import replicas
from feature_warehouse.redis_store.connection import connect
from harness.mini import NAMES, Mini
from harness.publishers import (
    assert_equal,
    assert_served,
    keys_for,
    keys_of,
    pointer_of,
    run_one,
)
from harness.redis_servers import (
    DEBIAN,
    PASSWORD,
)

COUNT = 2_500
BATCH = 1_000

NEEDS_REDIS = pytest.mark.skipif(DEBIAN is None, reason="needs redis-server")


@pytest.fixture(params=["valkey", pytest.param("redis", marks=NEEDS_REDIS)])
def program(request: pytest.FixtureRequest) -> Path | None:
    """What ``local_valkey`` is to run."""
    return Path(str(DEBIAN)) if request.param == "redis" else None


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of them make a run, and all but a few rows are confirmed before the next."""
    monkeypatch.setattr(publish_view, "BATCH_ROWS", BATCH)
    monkeypatch.setattr(writer, "_ROWS_PER_COMMAND", BATCH // 10)
    monkeypatch.setattr(writer, "_COMMANDS_AHEAD", 2)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes half a minute otherwise."""
    monkeypatch.setattr(RowWriter.__init__, "__kwdefaults__", {"patience": 1.0})
    monkeypatch.setattr(replicas, "_SECONDS", 0.5)


@contextmanager
def opened(server: Valkey) -> Iterator[Any]:
    with closing(connect(server.url, socket_timeout=30.0)) as client:
        yield client


def one_line(result: ViewResult, code: int, *fragments: str) -> None:
    assert (result.status, result.exit_code) == ("error", code), result
    assert "\n" not in result.message
    assert PASSWORD not in result.message
    for fragment in fragments:
        assert fragment in result.message, result


def in_service(client: Any, value: int, count: int = COUNT) -> None:
    """Every entity has this value, whatever else lies around."""
    assert_served(OnlineStore(client, project="mini", environment="dev"), count, value)


def settled(mini: Mini, client: Any, value: int, count: int = COUNT, **options: Any) -> None:
    """An undisturbed run leaves nothing but this state."""
    client.delete(NAMES.lock("pairs"))
    result = run_one(mini, client, rollback_grace=0, **options)
    assert result.status == "success", result
    clean(mini, client, value, count)


def clean(mini: Mini, client: Any, value: int, count: int = COUNT) -> None:
    """There is nothing but this state."""
    in_service(client, value, count)
    assert_equal(mini, client)
    number = pointer_of(client).version
    assert isinstance(number, int)
    assert keys_of(client) == keys_for("pairs", [number], range(count))


def change(mini: Mini, value: int) -> None:
    mini.execute(f"update pairs set a = {value}, b = '{value}'")
