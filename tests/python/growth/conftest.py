"""The project `farm`, built for some days on each engine, once per test process."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from conftest import ServerOf
from growth.farm import Farm
from growth.fields import emptied, in_memory
from growth.project import write_farm
from growth.proofs import Fields
from growth.scenario import Life, live
from harness.engines import ENGINES


@pytest.fixture(scope="session", params=ENGINES)
def life(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server_of: ServerOf
) -> Life:
    """The farm on each engine in turn."""
    engine = request.param
    project = write_farm(tmp_path_factory.mktemp(f"growth on {engine}") / "farm")
    return live(Farm(project, engine, server_of(engine)))


@pytest.fixture(scope="session")
def fields(life: Life) -> Iterator[Fields]:
    """Each engine, with no rows."""
    engine = emptied(life.farm.connect()) if life.farm.server else in_memory()
    with closing(engine):
        yield Fields(engine, life.first, life.later, life.drops)
