"""Rule 1 once more, with Hypothesis to look for the smallest rows that break it.

Few examples: its draws cost more than the queries. The many come from ``examples``.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from point_in_time import oracle
from point_in_time.answers import difference
from point_in_time.conftest import Prepared
from point_in_time.declarations import Column, Row, TrainingSet, View
from point_in_time.examples import VALUES, Example, bounds_of
from point_in_time.proofs import asker
from point_in_time.training_sets import TRAINING_SETS
from point_in_time.views import HOUR

RICH = [ts for ts in TRAINING_SETS if ts.name in ("of_everything", "zoned_of_index")]

SETTINGS: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}

every_rich_one = pytest.mark.parametrize("training_set", RICH, ids=lambda s: s.name)


@every_rich_one
@settings(max_examples=50, **SETTINGS)
@given(data=st.data())
def test_a_training_set_is_what_the_rules_say(
    prepared: Prepared, training_set: TrainingSet, data: st.DataObject
) -> None:
    prove(prepared, training_set, data)


@pytest.mark.long
@every_rich_one
@settings(max_examples=2000, **SETTINGS)
@given(data=st.data())
def test_a_training_set_is_what_the_rules_say_in_many_cases(
    prepared: Prepared, training_set: TrainingSet, data: st.DataObject
) -> None:
    prove(prepared, training_set, data)


def prove(prepared: Prepared, training_set: TrainingSet, data: st.DataObject) -> None:
    example = data.draw(examples(training_set))
    expected = oracle.training_rows(training_set, example.tables)
    assert not difference(expected, asker(*prepared, training_set)(example))


def examples(training_set: TrainingSet) -> st.SearchStrategy[Example]:
    """Tables of a few rows, all instants within hours or microseconds of a bound."""
    bounds = bounds_of(training_set) or [0]
    steps = st.sampled_from((0, 0, HOUR, -HOUR, 90 * HOUR // 60, -90 * HOUR // 60))
    instants = st.builds(
        lambda bound, step, beside: bound + step + beside,
        st.sampled_from(bounds),
        steps,
        st.integers(-1, 1),
    )

    def value(column: Column) -> st.SearchStrategy[Any]:
        if column.is_instant:
            return st.none() | instants
        return st.sampled_from(VALUES[column.type])

    def rows(columns: tuple[Column, ...]) -> st.SearchStrategy[list[Row]]:
        row = st.fixed_dictionaries({column.name: value(column) for column in columns})
        return st.lists(row, max_size=6)

    def rows_of(view: View) -> st.SearchStrategy[list[Row]]:
        found = rows(view.columns)
        if not view.unique:
            return found
        names = [*(key.name for key in view.keys), view.event.name]
        return found.map(
            lambda made: list(
                {
                    tuple(row[name] for name in names): row
                    for row in made
                    if None not in (row[name] for name in names)
                }.values()
            )
        )

    tables = {view.name: rows_of(view) for view in training_set.views}
    tables[training_set.labels.name] = rows(training_set.labels.columns)
    return st.builds(Example, st.fixed_dictionaries(tables), st.booleans())
