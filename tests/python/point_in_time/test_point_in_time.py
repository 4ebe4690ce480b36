"""Rules 1, 2 and 3: compiled SQL against the rules as a loop, on colliding random rows."""

import pytest

from harness.engines import Engine
from harness.host import compiled
from point_in_time.answers import Table, answers
from point_in_time.conftest import Prepared
from point_in_time.declarations import Row, TrainingSet, Value, View
from point_in_time.project import as_of_model
from point_in_time.proofs import prove_training_set, prove_view
from point_in_time.training_sets import TRAINING_SETS
from point_in_time.views import VIEWS, plain

SLICE = range(20)
VIEW_SLICE = range(10)
LONG = range(600)


def share(engine: Engine, cases: range) -> range:
    """The cases for an engine."""
    return cases[::5] if engine.older else cases


every_training_set = pytest.mark.parametrize("training_set", TRAINING_SETS, ids=lambda s: s.name)
every_view = pytest.mark.parametrize(
    "view", [view for view in VIEWS if not view.table], ids=lambda v: v.name
)


@every_training_set
def test_a_training_set_is_what_the_rules_say(
    prepared: Prepared, training_set: TrainingSet
) -> None:
    prove_training_set(*prepared, training_set, share(prepared[0], SLICE))


@every_view
def test_the_newest_rows_are_what_the_rules_say(prepared: Prepared, view: View) -> None:
    prove_view(*prepared, view, share(prepared[0], VIEW_SLICE))


@pytest.mark.long
@every_training_set
def test_a_training_set_is_what_the_rules_say_in_many_cases(
    prepared: Prepared, training_set: TrainingSet
) -> None:
    prove_training_set(*prepared, training_set, share(prepared[0], LONG))


@pytest.mark.long
@every_view
def test_the_newest_rows_are_what_the_rules_say_in_many_cases(
    prepared: Prepared, view: View
) -> None:
    prove_view(*prepared, view, share(prepared[0], LONG))


@every_training_set
def test_columns_and_types_are_those_of_labels_and_views(
    prepared: Prepared, training_set: TrainingSet
) -> None:
    engine, target = prepared
    of_labels = engine.columns(f'select * from "{training_set.labels.name}"')
    of_views = {
        view.name: dict(engine.columns(f'select * from "{view.name}"'))
        for view in training_set.views
    }
    added = engine.columns(
        "select cast(null as text) as a, cast(null as timestamp) as b,"
        " cast(null as double precision) as c"
    )
    text, moment, seconds = (type_ for _, type_ in added)
    expected = [*of_labels]
    if training_set.split:
        expected.append((training_set.split.column, text))
    for part in training_set.parts:
        types = of_views[part.view.name]
        expected += [(name, types[feature]) for feature, name in part.outputs.items()]
        if part.event_timestamp_column:
            expected.append((part.event_timestamp_column, moment))
        if part.age_column:
            expected.append((part.age_column, seconds))
    assert engine.columns(compiled(target, training_set.name)) == expected


@pytest.mark.parametrize("threshold", [0, 64], ids=["sorting", "looping"])
@pytest.mark.parametrize("name", ["of_unique_rows", "of_unique_tables"])
def test_a_test_or_constraint_that_is_declared_decides_no_tie(
    prepared: Prepared, name: str, threshold: int
) -> None:
    """Nobody knows that a test passed, or that a table was built with its constraint."""
    engine, target = prepared
    if engine.name == "duckdb":
        engine.ask(f"set asof_loop_join_threshold = {threshold}")
    (training_set,) = (ts for ts in TRAINING_SETS if ts.name == name)
    tied: list[Row] = [
        {"k": 1, "ts": 0, "loaded_at": loaded_at, "a": a, "b": str(a)}
        for loaded_at in (None, 0)
        for a in (2, 3, 1)
    ]
    label: Row = {"k": 1, "ts": 0, "y": True, "note": "1"}
    unknown: Row = {"k": 2, "ts": 0, "y": None, "note": None}
    tables: dict[str, Table] = {view.name: (view.columns, tied) for view in training_set.views}
    tables["naive_labels"] = (training_set.labels.columns, [label, label, unknown])
    query = (compiled(target, training_set.name), training_set.columns)
    (found,) = answers(engine, tables, query)

    greatest: list[Value] = [3, 3, 3] if name == "of_unique_rows" else [3, "3", 3]
    default: list[Value] = [None] * 3 if name == "of_unique_rows" else [-1, "it's none", None]
    known = [1, 0, "true", "1", *greatest]
    assert sorted(found, key=str) == [known, known, [2, 0, None, None, *default]]


def test_text_that_ties_is_compared_bytewise(prepared: Prepared) -> None:
    """Whatever the collation: older servers and DuckDB have one here, the bundled one cannot."""
    engine, target = prepared
    for model in ("of_plain", as_of_model(plain)):
        assert 'b collate "C"' in compiled(target, model)
    if engine.name == "duckdb":
        engine.ask("set default_collation = 'nocase'")
    rows: list[Row] = [{"k": 1, "ts": 0, "a": 1, "b": text} for text in ("a", "B", "á", "C")]
    label: Row = {"k": 1, "ts": 0, "y": True, "note": None}
    (of_plain,) = (one for one in TRAINING_SETS if one.name == "of_plain")
    tables: dict[str, Table] = {
        "plain": (plain.columns, rows),
        "naive_labels": (of_plain.labels.columns, [label]),
    }
    query = (compiled(target, "of_plain"), of_plain.columns)
    latest = (compiled(target, as_of_model(plain)), plain.columns)
    found, newest = answers(engine, tables, query, latest)
    if engine.name == "duckdb":
        engine.ask("reset default_collation")
    assert [row[-1] for row in found] == ["á"]
    assert {row[-1] for row in newest} == {"á"}


@pytest.mark.parametrize(
    ("training_set", "view", "columns", "expected"),
    [
        (
            "of_ages",
            "world_plain (ts, a)",
            '"at", world_a, world_age_seconds',
            [("-infinity", 7, None), ("2013", 7, None), ("infinity", 8, None)],
        ),
        (
            "of_ages",
            "lagged (ts, a, k)",
            '"at", a, lagged_age_seconds',
            [("-infinity", 7, None), ("2013", None, None), ("infinity", 8, None)],
        ),
        (
            "zoned_of_index",
            "indexed_lagged (ts, a, k)",
            '"at", lagged_a, lagged_age_seconds',
            [("-infinity", 7, None), ("2013", None, None), ("infinity", 8, None)],
        ),
    ],
    ids=["without ttl", "with ttl", "looked up"],
)
def test_infinite_instants_are_before_and_after_all_others(
    prepared: Prepared,
    training_set: str,
    view: str,
    columns: str,
    expected: list[tuple[str, int | None, float | None]],
) -> None:
    """A row valid since ever has no age in seconds, and is past any ttl."""
    engine, target = prepared
    key = ", 1" if view.endswith("k)") else ""
    engine.ask("begin")
    try:
        engine.ask(
            f"insert into {view} values ('-infinity', 7{key}), ('infinity', 8{key});"
            'insert into zoned_labels ("at", k) values'
            " ('-infinity', 1), ('2013-07-01 12:00:00+00', 1), ('infinity', 1)"
        )
        at, *values = columns.split(", ")
        found = engine.ask(
            f"select cast({at} as text), {', '.join(values)}"
            f" from ({compiled(target, training_set)}) as result order by {at}"
        )
    finally:
        engine.ask("rollback")
    assert [(at.partition("-07-01")[0], *rest) for at, *rest in found] == expected
