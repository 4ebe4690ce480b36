"""The host project on each engine, once per test process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ServerOf
from harness.engines import ENGINES
from windows.growing import GROWING, Site
from windows.project import make_project
from windows.shapes import VIEWS
from windows.sites import site


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("window views")
    return make_project(folder, VIEWS + GROWING, with_extremes=True)


@pytest.fixture(scope="session", params=ENGINES)
def built(request: pytest.FixtureRequest, host: Path, server_of: ServerOf) -> Iterator[Site]:
    with site(host, request.param, server_of(request.param)) as found:
        yield found
