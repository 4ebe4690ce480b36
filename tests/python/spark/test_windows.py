"""Rule 4 on Spark: compiled SQL against the rule as a loop, as on the other engines."""

from pathlib import Path

import pytest

from spark.host import SparkHost
from spark.session import Spark
from windows.oracle import View
from windows.project import make_project
from windows.proof import prove
from windows.shapes import COLUMNS, VIEWS

SLICE = range(1)
LONG = range(1, 20)

every_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


@pytest.fixture(scope="module")
def target(engine: Spark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dbt's target folder, with an empty table of events."""
    host = SparkHost(make_project(tmp_path_factory.mktemp("window views"), VIEWS))
    host.dbt("--quiet", "compile")
    engine.create("events", COLUMNS)
    return host.target


@every_view
def test_a_window_is_what_the_rules_say(engine: Spark, target: Path, view: View) -> None:
    prove(engine, target, view, SLICE)


@pytest.mark.long
@every_view
def test_a_window_is_what_the_rules_say_in_many_cases(
    engine: Spark, target: Path, view: View
) -> None:
    prove(engine, target, view, LONG)
