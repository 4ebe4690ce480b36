"""The project, built once per engine and test process."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from finding.project import write_project
from harness.support import dbt
from hosts import settings
from local_postgres import Postgres
from training.lab import Lab


@pytest.fixture(scope="session")
def finding_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("what there is") / "finding")


def parsed_apart(site: Lab, name: str) -> dict[str, str]:
    """The environment of a dbt that writes elsewhere, spared the time of parsing all anew."""
    target = site.project / name
    target.mkdir()
    copyfile(site.target / "partial_parse.msgpack", target / "partial_parse.msgpack")
    return {"DBT_TARGET_PATH": str(target)}


@pytest.fixture(scope="session")
def site_duckdb(finding_project: Path) -> Iterator[Lab]:
    env = settings(finding_project)
    dbt("build", project=finding_project, env=env)
    with Lab.on_duckdb(finding_project, env) as built:
        yield built


@pytest.fixture(scope="session")
def site_postgres(finding_project: Path, postgres: Postgres) -> Iterator[Lab]:
    env = settings(finding_project, "postgres") | postgres.env()
    dbt("build", project=finding_project, env=env)
    with Lab.on_postgres(finding_project, env, postgres) as built:
        yield built


@pytest.fixture(params=["duckdb", "postgres"])
def site(request: pytest.FixtureRequest) -> Lab:
    """The project on each engine in turn."""
    built: Lab = request.getfixturevalue(f"site_{request.param}")
    return built
