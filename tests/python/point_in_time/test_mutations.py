"""What the proofs are worth: the slice of `make test` notices every mistake."""

from itertools import zip_longest
from pathlib import Path

import pytest

from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.engines.dialect import Dialect
from feature_warehouse.engines.queries import newest_rows_query
from harness.engines import Engine
from harness.mutation import Mutation, mutated_package
from local_postgres import Postgres
from point_in_time.clock_mutations import CLOCK_MUTATIONS
from point_in_time.conftest import Prepared
from point_in_time.join_mutations import JOIN_MUTATIONS
from point_in_time.label_mutations import LABEL_MUTATIONS
from point_in_time.project import compile_project, make_project
from point_in_time.proofs import prove_training_set, prove_view
from point_in_time.test_point_in_time import SLICE, VIEW_SLICE
from point_in_time.training_sets import TRAINING_SETS
from point_in_time.views import VIEWS

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    "mutation", [*JOIN_MUTATIONS, *CLOCK_MUTATIONS, *LABEL_MUTATIONS], ids=lambda m: m.name
)
def test_the_proofs_notice_a_mistake_in_the_macros(
    mutation: Mutation,
    duckdb_engine: Engine,
    postgres_engine: Engine,
    postgres: Postgres,
    tmp_path: Path,
) -> None:
    package = mutated_package(tmp_path / "package", mutation)
    host = make_project(tmp_path, package)
    engines = {"duckdb": (duckdb_engine, None), "postgres": (postgres_engine, postgres)}
    for name in mutation.engines:
        engine, server = engines[name]
        found = noticed(engine, compile_project(host, name, server))
        assert is_difference(found), f"survives on {name}: {found}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(" <= ", " < ", id="at its availability is too early"),
        pytest.param("greatest(", "coalesce(", id="created is not waited for"),
        pytest.param(" desc nulls last", " desc nulls first", id="NULL wins ties"),
        pytest.param(" desc nulls last", " nulls last", id="least wins ties"),
        pytest.param(") in (select", ") not in (select", id="old ones are new"),
    ],
)
def test_the_proofs_notice_a_mistake_of_the_publisher(
    old: str, new: str, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(
        view: FeatureView, clock: int, since: int | None = None, *, dialect: Dialect
    ) -> str:
        return newest_rows_query(view, clock, since, dialect=dialect).replace(old, new)

    monkeypatch.setattr("point_in_time.proofs.newest_rows_query", mistaken)
    assert is_difference(noticed(*prepared))


def noticed(engine: Engine, target: Path) -> str:
    """How the first training set or view differs from rule 1, empty if none does."""
    views = [view for view in VIEWS if not view.table]
    try:
        # Either may be what differs, so they take turns.
        for view, training_set in zip_longest(views, TRAINING_SETS):
            if view is not None:
                prove_view(engine, target, view, VIEW_SLICE)
            if training_set is not None:
                prove_training_set(engine, target, training_set, SLICE)
    except AssertionError as error:
        return str(error)
    return ""


def is_difference(found: str) -> bool:
    """Whether rows differ; SQL that does not run would be noticed by anyone."""
    return "missing: " in found or "surplus: " in found
