"""Mutations do not fall behind the macros: each finds the text that it changes."""

from pathlib import Path

import pytest

from harness.mutation import Mutation, mutated_package
from on_demand.mutations import ON_DEMAND_MUTATIONS
from point_in_time.clock_mutations import CLOCK_MUTATIONS
from point_in_time.join_mutations import JOIN_MUTATIONS
from point_in_time.label_mutations import LABEL_MUTATIONS
from windows.mutations import GROWTH_MUTATIONS, WINDOW_MUTATIONS

MUTATIONS = (
    *JOIN_MUTATIONS,
    *CLOCK_MUTATIONS,
    *LABEL_MUTATIONS,
    *WINDOW_MUTATIONS,
    *GROWTH_MUTATIONS,
    *ON_DEMAND_MUTATIONS,
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_the_package(mutation: Mutation, tmp_path: Path) -> None:
    mutated_package(tmp_path / "package", mutation)
