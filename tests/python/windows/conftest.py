"""The host project on each engine, once per test process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_postgres import Postgres
from windows.growing import GROWING, Site
from windows.project import make_project
from windows.shapes import VIEWS
from windows.sites import site


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(
        tmp_path_factory.mktemp("windows") / "host project", VIEWS + GROWING, with_extremes=True
    )


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def built(request: pytest.FixtureRequest, host: Path, postgres: Postgres) -> Iterator[Site]:
    with site(host, request.param, postgres) as found:
        yield found
