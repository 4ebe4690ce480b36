"""What the proofs are worth: the slice of `make test` notices every mistake."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feature_warehouse.servers import Postgres
from pit.conftest import create_tables, duckdb_output, postgres_output
from pit.engines import DuckDB, PostgreSQL
from pit.mutations import MUTATIONS, Mutation, mutated_package
from pit.project import compile_project, make_project
from pit.proofs import prove_training_set, prove_view
from pit.shapes import TRAINING_SETS, VIEWS
from pit.test_point_in_time import SLICE, VIEW_SLICE

pytestmark = pytest.mark.long

Engine = DuckDB | PostgreSQL


@pytest.fixture(scope="module")
def engines(postgres: Postgres) -> Iterator[dict[str, Engine]]:
    engines: dict[str, Engine] = {"duckdb": DuckDB(), "postgres": PostgreSQL(postgres.uri)}
    for engine in engines.values():
        engine.ask("drop schema if exists pit cascade; create schema pit")
        create_tables(engine)
    yield engines
    for engine in engines.values():
        engine.connection.close()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_the_proofs_notice(
    mutation: Mutation, engines: dict[str, Engine], postgres: Postgres, tmp_path: Path
) -> None:
    package = mutated_package(tmp_path / "package", mutation)
    host = make_project(tmp_path / "host", package)
    outputs = {"duckdb": duckdb_output(), "postgres": postgres_output(postgres)}
    for name in mutation.engines:
        target = compile_project(host, name, outputs[name])
        assert unproved(engines[name], target), f"survives on {name}"


def unproved(engine: Engine, target: Path) -> list[str]:
    """The training sets and views that differ from the law."""
    found = []
    for training_set in TRAINING_SETS:
        try:
            prove_training_set(engine, target, training_set, SLICE)
        except AssertionError:
            found.append(training_set.name)
    for view in VIEWS:
        try:
            prove_view(engine, target, view, VIEW_SLICE)
        except AssertionError:
            found.append(view.name)
    return found
