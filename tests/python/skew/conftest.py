"""The host project, built once on each engine."""

from typing import Any

import pytest

from conftest import ServerOf
from harness.engines import ENGINES
from skew.project import LEARNED, RAW, write_project
from skew.site import Site
from training_sets.conftest import Plans, plans, remember_plans

__all__ = ["plans"]


@pytest.fixture(scope="session", params=ENGINES)
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server_of: ServerOf
) -> Site:
    project = write_project(tmp_path_factory.mktemp("host of scores") / "served")
    site = Site(project, request.param, server_of(request.param))
    with site.open() as session:
        for name, types in RAW.items():
            session.create(name, types)
    site.create_publications()
    # What reads the request log would look for its table.
    site.dbt("--quiet", "run", "--exclude", *LEARNED)
    return site


@pytest.fixture
def site(built: Site, client: Any, plans: Plans, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The project with nothing in it; dbt is asked once for each plan."""
    built.enter(monkeypatch)
    remember_plans(plans, monkeypatch)
    built.empty(client)
    return built
