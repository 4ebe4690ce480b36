"""What the proofs of window views are worth: the slice of `make test` notices every mistake."""

from pathlib import Path

import duckdb
import psycopg2
import pytest

from conftest import ServerOf
from harness.mutation import Mutation, mutated_package
from windows.growing import GROWING, Site
from windows.mutations import GROWTH_MUTATIONS, WINDOW_MUTATIONS
from windows.project import make_project
from windows.proof import prove
from windows.shapes import VIEWS
from windows.sites import site
from windows.test_growth import SLICE as GROWTH_SLICE
from windows.test_growth import grow_in_any_order, grow_in_batches
from windows.test_windows import SLICE

pytestmark = pytest.mark.long


@pytest.mark.parametrize("mutation", [*WINDOW_MUTATIONS, *GROWTH_MUTATIONS], ids=lambda m: m.name)
def test_the_proofs_notice_a_mistake_in_the_macros(
    mutation: Mutation, server_of: ServerOf, tmp_path: Path
) -> None:
    package = mutated_package(tmp_path / "package", mutation)
    host = make_project(tmp_path, VIEWS + GROWING, package)
    for name in mutation.engines:
        with site(host, name, server_of(name)) as built:
            found = noticed(built)
        assert found.startswith("difference"), f"survives on {name}: {found}"


def noticed(built: Site) -> str:
    """How the first view differs from rule 4, empty if none does."""
    try:
        for view in VIEWS:
            prove(built.engine, built.full, view, SLICE)
        for view in GROWING:
            for seed in GROWTH_SLICE:
                grow_in_batches(built, view, seed)
                grow_in_any_order(built, view, seed)
    except AssertionError as error:
        return str(error)
    except (duckdb.DataError, psycopg2.DataError) as error:
        # Values that the SQL cannot compute are noticed; SQL that is none would be by anyone.
        return f"difference: {error}"
    return ""
