"""What tests of the server share."""

from typing import Any

import pytest

from feature_warehouse.dev.servers import Valkey
from harness.redis_fixture import shelve_scores
from harness.support import clear_environment


@pytest.fixture
def url(valkey_server: Valkey, client: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    clear_environment(monkeypatch)
    shelve_scores(client)
    return valkey_server.url
