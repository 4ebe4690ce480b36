"""Each warehouse in turn."""

from pathlib import Path

import pytest

from validation.place import Place


@pytest.fixture(params=["duckdb", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    return Place(tmp_path, server)


@pytest.fixture
def duckdb_place(tmp_path: Path) -> Place:
    """Where the warehouse makes no difference."""
    return Place(tmp_path, None)
