"""What must not change a training set, without asking the rules what is in it."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from harness.engines import Engine
from point_in_time import oracle
from point_in_time.conftest import Prepared
from point_in_time.declarations import Row, TrainingSet, Value
from point_in_time.examples import Example, training_example
from point_in_time.proofs import asker, for_all
from point_in_time.training_sets import TRAINING_SETS

NAMES = (
    "of_plain",
    "of_lag_and_ttl",
    "of_created_and_lag",
    "of_pairs",
    "of_world",
    "of_declared_ties",
    "of_unique_rows",
    "zoned_of_zoned",
    "daily_of_daily",
    "of_created_with_defaults",
    "zoned_as_of",
    "of_free_known_labels",
    "split_by_key",
    "split_by_all_types",
    "of_everything",
    "of_index_with_lag_and_ttl",
    "of_index_with_created_and_lag",
    "of_some_indexes",
    "named_only",
)
CASES = range(1000, 1006)
LONG = range(1000, 1060)

Answers = Counter[tuple[Value, ...]]
Compare = Callable[[TrainingSet, Callable[[Example], Answers], Example], str]

every_training_set = pytest.mark.parametrize(
    "training_set", [ts for ts in TRAINING_SETS if ts.name in NAMES], ids=lambda s: s.name
)
briefly_and_at_length = pytest.mark.parametrize(
    "cases", [CASES, pytest.param(LONG, marks=pytest.mark.long)], ids=["brief", "long"]
)


@briefly_and_at_length
@every_training_set
def test_rows_that_become_available_later_never_change_a_label_s_features(
    prepared: Prepared, training_set: TrainingSet, cases: range
) -> None:
    prove(prepared, training_set, cases, later_rows)


@briefly_and_at_length
@every_training_set
def test_the_order_of_rows_never_changes_anything(
    prepared: Prepared, training_set: TrainingSet, cases: range
) -> None:
    prove(prepared, training_set, cases, shuffled_rows)


@briefly_and_at_length
@every_training_set
def test_more_label_rows_never_change_the_others(
    prepared: Prepared, training_set: TrainingSet, cases: range
) -> None:
    """Neither their features nor their splits."""
    prove(prepared, training_set, cases, more_labels)


def later_rows(
    training_set: TrainingSet, ask: Callable[[Example], Answers], example: Example
) -> str:
    """The answer without and with all rows that become available after one of the labels."""
    timestamp = training_set.labels.timestamp
    times = [label[timestamp] for label in example.tables[training_set.labels.name]]
    clocks = sorted(time for time in times if isinstance(time, int))
    if not clocks:
        return ""
    clock = clocks[len(clocks) // 2]
    before = dict(example.tables)
    for view in training_set.views:
        before[view.name] = [
            row
            for row in before[view.name]
            if (known := oracle.availability(view, row)) is None or known <= clock
        ]
    column = [name for name, _ in training_set.columns].index(timestamp)

    def until_clock(answers: Answers) -> Answers:
        kept = {row: n for row, n in answers.items() if _is_until(row[column], clock)}
        return Counter(kept)

    return _difference(until_clock(ask(example._replace(tables=before))), until_clock(ask(example)))


def shuffled_rows(_: TrainingSet, ask: Callable[[Example], Answers], example: Example) -> str:
    random = Random(str(example))

    def shuffled(rows: list[Row]) -> list[Row]:
        return random.sample(rows, len(rows))

    tables = {name: shuffled(rows) for name, rows in example.tables.items()}
    return _difference(ask(example), ask(example._replace(tables=tables)))


def more_labels(
    training_set: TrainingSet, ask: Callable[[Example], Answers], example: Example
) -> str:
    """Each half of the labels has the same answer alone as beside the other half."""
    name = training_set.labels.name
    labels = example.tables[name]
    halves = (labels[::2], labels[1::2])
    alone: Answers = Counter()
    for half in halves:
        alone += ask(example._replace(tables={**example.tables, name: half}))
    return _difference(alone, ask(example))


def prove(prepared: Prepared, training_set: TrainingSet, cases: range, compare: Compare) -> None:
    engine: Engine = prepared[0]
    ask = asker(*prepared, training_set)

    def counted(example: Example) -> Answers:
        return Counter(tuple(row) for row in ask(example))

    for_all(
        lambda number: training_example(training_set, number),
        lambda example: compare(training_set, counted, example),
        cases[::3] if engine.older else cases,
    )


def _is_until(value: Value, clock: int) -> bool:
    return isinstance(value, int) and value <= clock


def _difference(before: Answers, after: Answers) -> str:
    return "" if before == after else f"lost: {before - after}\nnew: {after - before}"
