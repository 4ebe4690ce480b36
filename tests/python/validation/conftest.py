"""Each warehouse in turn."""

from pathlib import Path

import pytest

from conftest import ServerOf
from harness.engines import ENGINES
from validation.place import Place


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path, server_of: ServerOf) -> Place:
    return Place(tmp_path, server_of(request.param))


@pytest.fixture
def duckdb_place(tmp_path: Path) -> Place:
    """Where the warehouse makes no difference."""
    return Place(tmp_path, None)
