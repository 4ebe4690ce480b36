"""Each engine in turn, and a shop whose reads are logged."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from draining.places import Place, place_of
from feature_warehouse.dev.servers import Valkey
from harness.engines import ENGINES
from local_postgres import Postgres
from request_log.shop import put_shop


@pytest.fixture(params=ENGINES)
def place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    server_of: Callable[[str], Postgres | None],
) -> Iterator[Place]:
    yield from place_of(request.param, tmp_path, server_of(request.param))


@pytest.fixture
def url(valkey_server: Valkey, client: Any) -> str:
    put_shop(client)
    return valkey_server.url
