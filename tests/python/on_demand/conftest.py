"""The project of random expressions, built once per engine, and published when it is asked for."""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
import pytest
import redis

from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.dev.servers import local_valkey
from feature_warehouse.engines import open_warehouse
from feature_warehouse.engines.profile import load_profile
from feature_warehouse.publishing.materialize import Materialization
from feature_warehouse.publishing.run_plan import Clock
from feature_warehouse.publishing.services import ServiceResult
from harness.engines import ENGINES
from harness.host import Built
from on_demand import known as known_project
from on_demand.corners import corners, logarithms
from on_demand.generate import expressions
from on_demand.payments import WEIGHTED
from on_demand.project import write_project
from on_demand.rows import rows

ROWS = rows(seed=1, count=100)
SETS = {f"set_{depth}": expressions(depth, count=36, depth=depth) for depth in (1, 2, 3, 5)}
SETS["set_of_corners"] = corners()
SETS["set_of_logarithms"] = logarithms()
CLOCK = datetime(2090, 1, 1)
"""Later than any row."""

Publishes = Callable[[datetime], list[ServiceResult]]
Published = Callable[[datetime], str]


def messages(results: list[ServiceResult]) -> set[str]:
    """Of all services but the one that is refused."""
    return {result.message for result in results if result.service != WEIGHTED}


@pytest.fixture(scope="session", params=ENGINES)
def built(
    request: pytest.FixtureRequest,
    server_of: Callable[[str], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("on_demand") / "on_demand_features"
    project = write_project(folder, ROWS, SETS)
    with closing(Built(project, request.param, server_of(request.param))) as host:
        yield host


@pytest.fixture(scope="session", params=ENGINES)
def known(
    request: pytest.FixtureRequest,
    server_of: Callable[[str], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("known") / "known_features"
    project = known_project.write_project(folder)
    with closing(Built(project, request.param, server_of(request.param))) as host:
        yield host


@pytest.fixture
def publish(built: Built, client: Any) -> Publishes:
    """Publish the project as it is at an instant, without the services of random expressions."""
    return lambda clock: _publish(built, client, clock, SETS)


@pytest.fixture(scope="session")
def published(built: Built) -> Iterator[Published]:
    """The address of a server with the project as it is at an instant, for those who only read.

    The services of random expressions are there at ``CLOCK`` only.
    """
    with ExitStack() as servers:

        @cache
        def address(clock: datetime) -> str:
            url = servers.enter_context(local_valkey()).url
            with redis.Redis.from_url(url) as client:
                but = () if clock == CLOCK else SETS
                assert messages(_publish(built, client, clock, but)) == {""}
            return url

        yield address


def _publish(
    built: Built, client: "redis.Redis", clock: datetime, but: Collection[str] = ()
) -> list[ServiceResult]:
    with pytest.MonkeyPatch.context() as patch:
        built.enter(patch)
        registry = read_registry(built.target / "manifest.json")
        services = {name: one for name, one in registry.services.items() if name not in but}
        registry = msgspec.structs.replace(registry, services=services)
        work = Materialization(
            registry, client, environment="dev", clock=Clock.at(clock), full_refresh=True
        )
        with open_warehouse(load_profile(built.project, built.project, built.engine)) as warehouse:
            results = list(work.views(warehouse, lambda *_: None))
            assert [result.message for result in results] == [""] * len(results)
            return work.services(warehouse)
