"""The comparisons, as functions of an engine: tests run them, mutations must fail them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from pprint import pformat

import duckdb
import psycopg2

from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.engines import engine_of
from feature_warehouse.engines.queries import inspection_query, newest_rows_query
from harness.engines import Engine, quote
from harness.host import compiled
from point_in_time import oracle
from point_in_time.answers import Table, answers, difference
from point_in_time.declarations import (
    PUBLICATION_COLUMNS,
    PUBLICATION_LOG,
    Column,
    TrainingSet,
    Value,
    View,
)
from point_in_time.examples import Example, smallest, training_example, view_example
from point_in_time.project import INSTANTS, as_of_model

CLOCKS = tuple(at for _, at in INSTANTS)

SINCE = {at: (at - 1, at - 3_600_000_000, -(10**17)) for at in CLOCKS}
"""Watermarks for each clock: a microsecond before it, an hour, before everything."""


def prove_training_set(
    engine: Engine, target: Path, training_set: TrainingSet, cases: Iterable[int]
) -> None:
    """Compare all columns and all rows of a training set with the rules."""
    ask = asker(engine, target, training_set)

    def compare(example: Example) -> str:
        return difference(oracle.training_rows(training_set, example.tables), ask(example))

    for_all(lambda number: training_example(training_set, number), compare, cases)


def asker(
    engine: Engine, target: Path, training_set: TrainingSet
) -> Callable[[Example], list[list[Value]]]:
    """What the compiled training set gives on an example's rows."""
    query = compiled(target, training_set.name)
    columns = {training_set.labels.name: training_set.labels.columns}
    columns |= {view.name: view.columns for view in training_set.views}
    columns[PUBLICATION_LOG] = PUBLICATION_COLUMNS

    def ask(example: Example) -> list[list[Value]]:
        if engine.name == "duckdb":
            engine.ask(f"set asof_loop_join_threshold = {64 if example.loop_join else 0}")
        tables = {name: (columns[name], rows) for name, rows in example.tables.items()}
        (found,) = answers(engine, tables, (query, training_set.columns))
        return found

    return ask


def prove_view(engine: Engine, target: Path, view: View, cases: Iterable[int]) -> None:
    """Compare ``as_of``, ``latest`` and the publisher's queries with rule 1 for every entity."""
    as_of = (compiled(target, as_of_model(view)), (NUMBER, *view.columns))
    newest, names = _newest_rows(engine, target, view, dict.fromkeys(CLOCKS, (None,)))
    touched, _ = _newest_rows(engine, target, view, {at: SINCE[at] for at in CLOCKS})
    counts = _counts(engine, target, view)

    def compare(example: Example) -> str:
        rows = example.tables[view.name]
        tables: dict[str, Table] = {view.name: (view.columns, rows)}
        found = answers(engine, tables, as_of, newest, counts, touched)
        expected: tuple[list[list[Value]], ...] = ([], [], [], [])
        for number, at in enumerate(CLOCKS):
            for row in oracle.all_answers(view, rows, at):
                expected[0].append([number, *(row[column.name] for column in view.columns)])
            for row in oracle.all_newest(view, rows, at):
                expected[1].append([number, *(row[name] for name in names)])
            expected[2].append([number, *oracle.counts(view, rows, at)])
        pairs = ((since, at) for at in CLOCKS for since in SINCE[at])
        for number, (since, at) in enumerate(pairs):
            for row in oracle.touched(view, rows, since, at):
                expected[3].append([number, *(row[name] for name in names)])
        for row in oracle.all_newest(view, rows, oracle.NOW):
            expected[0].append([len(CLOCKS), *(row[column.name] for column in view.columns)])
        return "".join(map(difference, expected, found))

    for_all(lambda number: view_example(view, CLOCKS, number), compare, cases)


NUMBER = Column("number", "integer")
"""Which of the instants a row belongs to: one query asks for all."""

Query = tuple[str, tuple[Column, ...]]


def _newest_rows(
    engine: Engine, target: Path, view: View, instants: Mapping[int, Sequence[int | None]]
) -> tuple[Query, list[str]]:
    """The publisher's query, and the columns of the view that it gives, by position.

    ``instants`` maps clocks to the instants since when entities got rows.
    """
    declared = _declared(target)[view.name]
    dialect = engine_of(engine.name).DIALECT
    moments = [view.event, *([view.created] if view.created else [])]
    given = [*view.keys, *view.features, *(Column(m.name, "timestamp") for m in moments)]
    query = " union all ".join(
        f"select {number} as number, newest.*"
        f" from ({newest_rows_query(declared, at, since, dialect=dialect)}) as newest"
        for number, (at, since) in enumerate(
            (at, since) for at, all_since in instants.items() for since in all_since
        )
    )
    columns = (Column(f"c{position}", column.type) for position, column in enumerate(given))
    return (query, (NUMBER, *columns)), [column.name for column in given]


@cache
def _declared(target: Path) -> Mapping[str, FeatureView]:
    return read_registry(target / "manifest.json").views


def _counts(engine: Engine, target: Path, view: View) -> Query:
    dialect = engine_of(engine.name).DIALECT
    declared = _declared(target)[view.name]
    names = ("rows", "without_keys", "without_event", "not_yet_available")
    query = " union all ".join(
        f"select {number} as number, {', '.join(map(quote, names))}"
        f" from ({inspection_query(declared, at, at, None, dialect)})"
        f" as counted ({', '.join(map(quote, (*names, 'behind', 'then', 'now')))})"
        for number, (_, at) in enumerate(INSTANTS)
    )
    return query, (NUMBER, *(Column(name, "bigint") for name in names))


def for_all(
    make: Callable[[int], Example], compare: Callable[[Example], str], cases: Iterable[int]
) -> None:
    """Compare examples until one differs, which is made small."""

    def compare_or_fail(example: Example) -> str:
        try:
            return compare(example)
        except (duckdb.Error, psycopg2.Error) as error:
            return str(error)

    for number in cases:
        example = make(number)
        if compare_or_fail(example):
            example = smallest(example, compare_or_fail)
            raise AssertionError(
                f"case {number}, made small: {pformat(example)}\n{compare_or_fail(example)}"
            )
