"""Rules 1, 2 and 3 on Spark: compiled SQL against the rules as a loop, as on the other engines."""

from pathlib import Path

import pytest

from harness.host import compiled
from point_in_time import oracle
from point_in_time.answers import answers, create, difference
from point_in_time.declarations import (
    PUBLICATION_COLUMNS,
    PUBLICATION_LOG,
    TrainingSet,
    View,
)
from point_in_time.examples import Example, view_example
from point_in_time.label_sets import LABELS
from point_in_time.project import as_of_model, make_project
from point_in_time.proofs import CLOCKS, NUMBER, for_all, prove_training_set
from point_in_time.training_sets import TRAINING_SETS
from point_in_time.views import VIEWS
from spark.host import SparkHost
from spark.session import Spark

SLICE = range(3)
LONG = range(3, 200)

UNNAMED = "Named-Labels"
"""dbt-spark quotes no name of a table, and Spark takes none with a hyphen."""

NAMED = [one for one in TRAINING_SETS if one.labels.name != UNNAMED]

every_training_set = pytest.mark.parametrize("training_set", NAMED, ids=lambda one: one.name)
every_view = pytest.mark.parametrize(
    "view", [view for view in VIEWS if not view.table], ids=lambda view: view.name
)


@pytest.fixture(scope="module")
def target(engine: Spark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dbt's target folder, with empty tables for what it compiled."""
    host = SparkHost(make_project(tmp_path_factory.mktemp("point in time")))
    host.dbt("--quiet", "compile")
    for view in VIEWS:
        create(engine, view.name, view.columns)
    for label_set in LABELS:
        create(engine, label_set.name, label_set.columns)
    create(engine, PUBLICATION_LOG, PUBLICATION_COLUMNS)
    return host.target


@every_training_set
def test_a_training_set_is_what_the_rules_say(
    engine: Spark, target: Path, training_set: TrainingSet
) -> None:
    prove_training_set(engine, target, training_set, SLICE)


@every_view
def test_the_newest_rows_are_what_the_rules_say(engine: Spark, target: Path, view: View) -> None:
    prove_as_of(engine, target, view, SLICE)


@pytest.mark.long
@every_training_set
def test_a_training_set_is_what_the_rules_say_in_many_cases(
    engine: Spark, target: Path, training_set: TrainingSet
) -> None:
    prove_training_set(engine, target, training_set, LONG)


@every_training_set
def test_columns_and_types_are_those_of_labels_and_views(
    engine: Spark, target: Path, training_set: TrainingSet
) -> None:
    create(engine, "declared", training_set.columns)
    expected = engine.columns("select * from global_temp.declared")
    assert engine.columns(compiled(target, training_set.name)) == expected


def prove_as_of(engine: Spark, target: Path, view: View, cases: range) -> None:
    """Compare ``as_of`` and ``latest`` with rule 1 for every entity."""
    query = (compiled(target, as_of_model(view)), (NUMBER, *view.columns))

    def compare(example: Example) -> str:
        rows = example.tables[view.name]
        (found,) = answers(engine, {view.name: (view.columns, rows)}, query)
        asked = [oracle.all_answers(view, rows, at) for at in CLOCKS]
        asked.append(oracle.all_newest(view, rows, oracle.NOW))
        expected = [
            [number, *(row[column.name] for column in view.columns)]
            for number, newest in enumerate(asked)
            for row in newest
        ]
        return difference(expected, found)

    for_all(lambda number: view_example(view, CLOCKS, number), compare, cases)
