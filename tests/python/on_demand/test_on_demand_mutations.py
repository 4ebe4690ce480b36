"""What the random expressions are worth, and more of them than `make test` has."""

from contextlib import closing
from pathlib import Path

import pytest

from conftest import ServerOf
from harness.engines import ENGINES
from harness.host import Built
from harness.mutation import Mutation, mutated_package
from on_demand.conftest import ROWS, SETS
from on_demand.generate import expressions
from on_demand.mutations import ON_DEMAND_MUTATIONS
from on_demand.project import write_project
from on_demand.test_expressions import assert_agreed, differences, in_warehouse

pytestmark = pytest.mark.long


@pytest.mark.parametrize("mutation", ON_DEMAND_MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_expressions_notice_a_mistake_in_the_macros(
    mutation: Mutation, server_of: ServerOf, tmp_path: Path
) -> None:
    package = mutated_package(tmp_path / "package", mutation)
    for engine in mutation.engines:
        project = write_project(tmp_path / f"mutated_{engine}", ROWS, SETS, package)
        assert is_noticed(project, engine, server_of), f"survives on {engine}"


def is_noticed(project: Path, engine: str, server_of: ServerOf) -> bool:
    try:
        host = Built(project, engine, server_of(engine))
    except AssertionError:
        return True  # it cannot even be built
    with closing(host) as built:
        try:
            return any(
                differences(found, made)
                for name in SETS
                for made, found in zip(
                    SETS[name], in_warehouse(built, name, SETS[name]), strict=True
                )
            )
        except ValueError:
            return True  # Python has no such instant


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(10))
def test_many_expressions(seed: int, engine: str, server_of: ServerOf, tmp_path: Path) -> None:
    """Two thousand of them on each engine."""
    sets = {
        f"set_{depth}": expressions(1000 * seed + depth, count=50, depth=depth)
        for depth in (2, 3, 4, 5)
    }
    project = write_project(tmp_path / "many_expressions", ROWS, sets)
    with closing(Built(project, engine, server_of(engine))) as built:
        for name, made in sets.items():
            assert_agreed(built, name, made)
