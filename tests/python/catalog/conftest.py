"""The project, built once per engine and test process."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import pytest

from catalog.project import write_project
from harness.engines import ENGINES
from harness.host import Built
from local_postgres import Postgres


@pytest.fixture(scope="session")
def finding_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("what there is") / "finding")


def parsed_apart(site: Built, name: str) -> str:
    """A target folder for a dbt that writes elsewhere, spared the time of parsing all anew."""
    target = site.project / name
    target.mkdir()
    copyfile(site.target / "partial_parse.msgpack", target / "partial_parse.msgpack")
    return str(target)


@pytest.fixture(scope="session")
def site_duckdb(finding_project: Path) -> Iterator[Built]:
    with closing(Built(finding_project, "duckdb")) as built:
        yield built


@pytest.fixture(scope="session")
def site_postgres(finding_project: Path, postgres: Postgres) -> Iterator[Built]:
    with closing(Built(finding_project, "postgres", postgres)) as built:
        yield built


@pytest.fixture(params=ENGINES)
def site(request: pytest.FixtureRequest) -> Built:
    """The project on each engine in turn."""
    built: Built = request.getfixturevalue(f"site_{request.param}")
    return built
