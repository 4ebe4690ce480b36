"""The project `farm`, built for some days on each engine, once per test process."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from growth.farm import Farm, profiles
from growth.fields import Memory, emptied
from growth.project import write_farm
from growth.proofs import Fields
from growth.scenario import Life, live
from local_postgres import Postgres
from pit.engines import PostgreSQL


@pytest.fixture(scope="session")
def life_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Life:
    folder = tmp_path_factory.mktemp("growth on duckdb")
    return live(_farm(folder, "duckdb", None))


@pytest.fixture(scope="session")
def life_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Life:
    folder = tmp_path_factory.mktemp("growth on postgres")
    return live(_farm(folder, "postgres", postgres))


@pytest.fixture(params=["duckdb", "postgres"])
def life(request: pytest.FixtureRequest) -> Life:
    """The farm on each engine in turn."""
    lived: Life = request.getfixturevalue(f"life_{request.param}")
    return lived


@pytest.fixture(scope="session")
def fields_duckdb(life_duckdb: Life) -> Iterator[Fields]:
    engine = Memory()
    with closing(engine.connection):
        yield Fields(engine, life_duckdb.first, life_duckdb.later, life_duckdb.drops)


@pytest.fixture(scope="session")
def fields_postgres(life_postgres: Life, postgres: Postgres) -> Iterator[Fields]:
    engine = PostgreSQL(postgres.uri)
    with closing(engine.connection):
        fields = Fields(engine, life_postgres.first, life_postgres.later, life_postgres.drops)
        emptied(engine)
        yield fields


@pytest.fixture(params=["duckdb", "postgres"])
def fields(request: pytest.FixtureRequest) -> Fields:
    """Each engine in turn."""
    prepared: Fields = request.getfixturevalue(f"fields_{request.param}")
    return prepared


def _farm(folder: Path, engine: str, server: Postgres | None) -> Farm:
    project = write_farm(folder / "farm")
    (project / "profiles.yml").write_text(json.dumps(profiles(project, server)))
    return Farm(project, engine, server)
