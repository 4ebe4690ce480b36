"""The join by MATCH_CONDITION against the rules as a loop, on DuckDB, in whose words it is put.

So what is proved is the join, and not that Snowflake takes it.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.engines import DuckDB, Engine
from harness.mutation import Mutation, mutated_package
from point_in_time.conftest import with_tables
from point_in_time.declarations import TrainingSet
from point_in_time.project import compile_project, make_project
from point_in_time.proofs import prove_training_set
from point_in_time.test_point_in_time import SLICE
from point_in_time.training_sets import TRAINING_SETS

ANSWERS = "internal/engines/duckdb.sql"

OTHERS = [one for one in TRAINING_SETS if "signs" not in one.name]
"""Not those with zeros of both signs, which DuckDB mixes up where it joins few labels in a loop."""

NAME = r'(?:"[^"]+"|\w+)'
EQUAL = rf"{NAME}\.{NAME} = {NAME}\.{NAME}"
ASOF = re.compile(
    rf"asof join ({NAME})\s+match_condition \(([^()]+)\)(?:\s+on ({EQUAL}(?:\s+and {EQUAL})*))?"
)


class Matching(DuckDB):
    """DuckDB, asked in the words of Snowflake's ASOF JOIN."""

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return super().ask(ASOF.sub(_in_words_of_duckdb, query))


def _in_words_of_duckdb(found: "re.Match[str]") -> str:
    rows, condition, keys = found.groups()
    return f"asof left join {rows} on {f'{keys} and ' if keys else ''}{condition}"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with closing(with_tables(Matching())) as opened:
        yield opened


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What dbt compiles where DuckDB says that it can do what Snowflake can."""
    folder = tmp_path_factory.mktemp("match condition")
    package = mutated_package(
        folder / "package", Mutation("", ANSWERS, "'asof_join': true", "'asof_join': false")
    )
    answers = package / "macros" / ANSWERS
    text = answers.read_text()
    for old, new in (
        ("'named_windows': true", "'named_windows': false"),
        ("'match_condition': false", "'match_condition': true"),
    ):
        assert old in text
        text = text.replace(old, new)
    answers.write_text(text)
    return compile_project(make_project(folder, package), "duckdb", None)


@pytest.mark.long
@pytest.mark.parametrize("training_set", OTHERS, ids=lambda one: one.name)
def test_a_training_set_is_what_the_rules_say(
    engine: Engine, target: Path, training_set: TrainingSet
) -> None:
    prove_training_set(engine, target, training_set, SLICE)
