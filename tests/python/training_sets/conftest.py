"""The project `lab`, built once per engine and test process."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.training_sets import TrainingSets
from harness.engines import ENGINES
from local_postgres import Postgres
from training_sets.lab import Lab
from training_sets.project import write_lab


@pytest.fixture(scope="session")
def lab_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lab(tmp_path_factory.mktemp("a laboratory") / "lab")


@pytest.fixture(scope="session")
def lab_duckdb(lab_project: Path) -> Iterator[Lab]:
    with closing(Lab(lab_project, "duckdb")) as lab:
        yield lab


@pytest.fixture(scope="session")
def lab_postgres(lab_project: Path, postgres: Postgres) -> Iterator[Lab]:
    with closing(Lab(lab_project, "postgres", postgres)) as lab:
        yield lab


@pytest.fixture(params=ENGINES)
def lab(request: pytest.FixtureRequest) -> Lab:
    """The project on each engine in turn."""
    built: Lab = request.getfixturevalue(f"lab_{request.param}")
    return built


Plans = dict[str, Any]


@pytest.fixture(scope="session")
def plans() -> Plans:
    """What dbt compiled before: the same question has the same answer, whatever the rows are."""
    return {}


@pytest.fixture
def sets(lab: Lab, plans: Plans, monkeypatch: pytest.MonkeyPatch) -> TrainingSets:
    """The training sets of `lab`; dbt is asked once for each plan."""
    lab.enter(monkeypatch)
    remember_plans(plans, monkeypatch)
    return TrainingSets(DbtProject(lab.project, target_path=lab.engine))


def remember_plans(plans: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_dbt = DbtProject.call

    def call(project: DbtProject, macro: str, *arguments: Any) -> Any:
        key = json.dumps([str(project.folder), project.profile.adapter, macro, *arguments])
        if key not in plans:
            plans[key] = ask_dbt(project, macro, *arguments)
        return plans[key]

    monkeypatch.setattr(DbtProject, "call", call)
