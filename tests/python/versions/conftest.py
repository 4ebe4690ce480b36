"""The project, built once per engine and test process."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from harness.engines import ENGINES
from harness.host import Built
from local_postgres import Postgres
from versions.project import write_versions


@pytest.fixture(scope="session")
def versions_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    with closing(Built(write_versions(tmp_path_factory.mktemp("one") / "shop"), "duckdb")) as built:
        yield built


@pytest.fixture(scope="session")
def versions_postgres(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[Built]:
    folder = write_versions(tmp_path_factory.mktemp("two") / "shop_of_versions")
    with closing(Built(folder, "postgres", postgres)) as built:
        yield built


@pytest.fixture(params=ENGINES)
def site(request: pytest.FixtureRequest) -> Built:
    """The project on each engine in turn."""
    built: Built = request.getfixturevalue(f"versions_{request.param}")
    return built
