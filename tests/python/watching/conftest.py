"""The host project, built once on each engine."""

from typing import Any

import pytest

from conftest import ServerOf
from harness.engines import ENGINES
from harness.host import Host
from harness.support import run
from watching.project import load, write_project
from watching.rows import readings, requests


class Watched(Host):
    """A built project. ``readings`` and ``requests`` are the rows that it is built from."""

    readings = readings()
    requests = requests()

    def drift(self, *arguments: str) -> Any:
        """What the command line prints, and its exit code."""
        return self.command("drift", *arguments)

    def command(self, *arguments: str, **env: str) -> Any:
        return run("feature-warehouse", *arguments, cwd=self.project, env=self.env | env)


@pytest.fixture(scope="session", params=ENGINES)
def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server_of: ServerOf
) -> Watched:
    project = write_project(tmp_path_factory.mktemp("host of meters") / "meters")
    watched = Watched(project, request.param, server_of(request.param))
    with watched.open() as session:
        load(session, watched.readings, watched.requests)
    watched.dbt("--quiet", "run")
    return watched
