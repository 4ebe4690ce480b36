"""The cases in which other feature stores go wrong, with answers that a person wrote down.

Sources and versions are those of the table "Point-in-time joins" among our design papers: Feast
0.67 with its file, DuckDB and PostgreSQL stores. Instants are microseconds since 1970 UTC.
"""

from typing import Any

import pytest

from harness.engines import quote
from harness.host import compiled
from point_in_time.answers import Table, answers
from point_in_time.conftest import Prepared
from point_in_time.declarations import Row, Value
from point_in_time.training_sets import TRAINING_SETS

NOON = 1_362_916_800_000_000
"""2013-03-10 12:00 UTC."""
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

Rows = list[tuple[Value, ...]]


def ask(prepared: Prepared, name: str, **rows: Rows) -> Rows:
    """The rows of a training set, sorted, if tables have these rows in the order of columns."""
    engine, target = prepared
    (training_set,) = (ts for ts in TRAINING_SETS if ts.name == name)
    columns = {view.name: view.columns for view in training_set.views}
    columns[training_set.labels.name] = training_set.labels.columns
    assert rows.keys() <= columns.keys()
    tables: dict[str, Table] = {}
    for table, values in rows.items():
        names = [column.name for column in columns[table]]
        made: list[Row] = [dict(zip(names, row, strict=True)) for row in values]
        tables[table] = (columns[table], made)
    (found,) = answers(engine, tables, (compiled(target, name), training_set.columns))
    return sorted((tuple(row) for row in found), key=repr)


def test_a_key_of_which_all_rows_are_future_or_expired(prepared: Prepared) -> None:
    """Available after 90 minutes, expired after 3 hours. The label row stays."""
    found = ask(
        prepared,
        "of_lag_and_ttl",
        naive_labels=[(1, NOON, None, "future"), (2, NOON, None, "expired"), (3, NOON, None, "ok")],
        lagged=[
            (1, NOON - 90 * MINUTE + 1, 10),
            (1, NOON + HOUR, 11),
            (2, NOON - 3 * HOUR - 1, 20),
            (3, NOON - 3 * HOUR, 30),
        ],
    )
    assert found == [
        (1, NOON, None, "future", None),
        (2, NOON, None, "expired", None),
        (3, NOON, None, "ok", 30),
    ]


def test_a_ttl_of_500_milliseconds(prepared: Prepared) -> None:
    found = ask(
        prepared,
        "of_short_ttl",
        naive_labels=[(1, NOON + 500_000, None, "in time"), (1, NOON + 500_001, None, "too old")],
        instantaneous=[(1, NOON, 10, "ten")],
    )
    assert found == [
        (1, NOON + 500_000, None, "in time", 10, "ten"),
        (1, NOON + 500_001, None, "too old", None, None),
    ]


def test_label_rows_that_repeat(prepared: Prepared) -> None:
    """Two with the same key and time, and three that are copies of one another."""
    found = ask(
        prepared,
        "of_plain",
        naive_labels=[
            (1, NOON, True, "a"),
            (1, NOON, False, "b"),
            *[(2, NOON, True, "c")] * 3,
            *[(None, NOON, None, None)] * 2,
        ],
        plain=[(1, NOON, 10, "x")],
    )
    assert found == [
        (1, NOON, "false", "b", 10, "x"),
        (1, NOON, "true", "a", 10, "x"),
        *[(2, NOON, "true", "c", None, None)] * 3,
        *[(None, NOON, None, None, None, None)] * 2,
    ]


def test_label_rows_that_share_the_key_of_one_of_two_views(prepared: Prepared) -> None:
    found = ask(
        prepared,
        "of_one_view_twice",
        leg_labels=[(1, 2, NOON, True), (1, 3, NOON, True), (4, 3, NOON, True)],
        corrected=[
            (1, NOON, NOON, 10, "one"),
            (2, NOON, NOON, 20, "two"),
            (3, NOON, NOON, 30, "three"),
        ],
    )
    assert found == [
        (1, 2, NOON, "true", "one", 10, 20, "two"),
        (1, 3, NOON, "true", "one", 10, 30, "three"),
        (4, 3, NOON, "true", None, None, 30, "three"),
    ]


@pytest.mark.parametrize(("name", "view"), [("of_plain", "plain"), ("of_index", "indexed")])
def test_a_tie_on_the_event_timestamp(prepared: Prepared, name: str, view: str) -> None:
    """The greatest by a, then by the bytes of b, NULL last; one label row for one."""
    rows: Rows = [
        (1, NOON, 10, "a"),
        (1, NOON, 10, "á"),
        (1, NOON, 10, "B"),
        (1, NOON, 9, "z"),
        (1, NOON, None, "z"),
        (1, NOON, 10, None),
    ]
    labels: Rows = [(1, NOON, None, None)]
    for order in (rows, rows[::-1], rows[3:] + rows[:3]):
        found = ask(prepared, name, naive_labels=labels, **{view: order})
        assert found == [(1, NOON, None, None, 10, "á")]


def test_created_breaks_ties_of_many_rows(prepared: Prepared) -> None:
    """2,000 keys, each corrected twice; the corrections come before and after the first."""
    keys = range(2000)
    first: Rows = [(key, NOON - HOUR, NOON - 30 * MINUTE, 1, "first") for key in keys]
    second: Rows = [(key, NOON - HOUR, NOON - 20 * MINUTE, 2, "second") for key in keys]
    third: Rows = [(key, NOON - HOUR, NOON - 10 * MINUTE, 0, "third") for key in keys]
    found = ask(
        prepared,
        "of_created",
        naive_labels=[(key, NOON, None, None) for key in keys],
        corrected=third[::2] + second + first[::-1] + third[1::2],
    )
    assert len(found) == 2000
    assert {row[4:] for row in found} == {(0, "third")}


def test_a_row_whose_created_timestamp_is_null(prepared: Prepared) -> None:
    """It is not thrown away: it was known at its event, and loses ties."""
    found = ask(
        prepared,
        "of_created",
        naive_labels=[(1, NOON, None, "only"), (2, NOON, None, "tie")],
        corrected=[
            (1, NOON, None, 10, "kept"),
            (2, NOON - 1, None, 20, "loses"),
            (2, NOON - 1, NOON - HOUR, 2, "wins"),
        ],
    )
    assert found == [(1, NOON, None, "only", 10, "kept"), (2, NOON, None, "tie", 2, "wins")]


@pytest.mark.parametrize(
    ("name", "view"),
    [("of_created", "corrected"), ("of_index_with_created", "indexed_corrected")],
)
def test_a_row_that_was_created_after_the_label(prepared: Prepared, name: str, view: str) -> None:
    """Its event is older than the label. Nobody knew it yet, only the row before it."""
    rows: Rows = [
        (1, NOON - 2 * HOUR, NOON - HOUR, 1, "known"),
        (1, NOON - HOUR, NOON + 1, 2, "not yet"),
    ]
    labels: Rows = [(1, NOON, None, "before"), (1, NOON + 1, None, "at last")]
    found = ask(prepared, name, naive_labels=labels, **{view: rows})
    assert found == [
        (1, NOON, None, "before", 1, "known"),
        (1, NOON + 1, None, "at last", 2, "not yet"),
    ]


def test_a_null_key_on_both_sides(prepared: Prepared) -> None:
    found = ask(
        prepared,
        "of_plain",
        naive_labels=[(None, NOON, None, "nobody"), (1, NOON, None, "one")],
        plain=[(None, NOON, 99, "nobody's"), (1, NOON, 10, "one's")],
    )
    assert found == [
        (1, NOON, None, "one", 10, "one's"),
        (None, NOON, None, "nobody", None, None),
    ]


def test_half_a_null_key_on_both_sides(prepared: Prepared) -> None:
    found = ask(
        prepared,
        "of_pairs",
        pair_labels=[("1", None, NOON), (None, "1", NOON)],
        pairs=[("1", None, NOON, NOON, 99), (None, "1", NOON, NOON, 99)],
    )
    assert found == [("1", None, NOON, None, None), (None, "1", NOON, None, None)]


def test_a_null_event_timestamp_in_the_features(prepared: Prepared) -> None:
    """It was never true, so it is not a fallback, not even where nothing else is."""
    found = ask(
        prepared,
        "of_created",
        naive_labels=[(1, NOON, None, "one"), (2, NOON, None, "two")],
        corrected=[
            (1, None, NOON - HOUR, 99, "never"),
            (1, NOON - HOUR, NOON - HOUR, 10, "once"),
            (2, None, None, 99, "never"),
        ],
    )
    assert found == [(1, NOON, None, "one", 10, "once"), (2, NOON, None, "two", None, None)]


def test_a_null_label_timestamp(prepared: Prepared) -> None:
    found = ask(
        prepared,
        "of_plain",
        naive_labels=[(1, None, True, "when?"), (1, NOON, True, "now")],
        plain=[(1, NOON, 10, "x"), (1, None, 99, "never")],
    )
    assert found == [(1, NOON, "true", "now", 10, "x"), (1, None, "true", "when?", None, None)]


def test_composite_keys_that_are_equal_when_concatenated(prepared: Prepared) -> None:
    found = ask(
        prepared,
        "of_pairs",
        pair_labels=[("1", "23", NOON), ("12", "3", NOON), ("", "123", NOON)],
        pairs=[("1", "23", NOON, NOON, 10), ("12", "3", NOON, NOON, 20)],
        pairs_plain=[("12", "3", NOON - SECOND, "b")],
    )
    assert found == [
        ("", "123", NOON, None, None),
        ("1", "23", NOON, 10, None),
        ("12", "3", NOON, 20, "b"),
    ]


def test_a_composite_key_of_which_one_part_is_renamed(prepared: Prepared) -> None:
    """Of pairs_plain ``two`` is called ``one``, beside the ``one`` that keeps its name."""
    found = ask(
        prepared,
        "of_swapped_pairs",
        pair_labels=[("1", "2", NOON), ("2", "2", NOON)],
        pairs=[("2", "1", NOON, NOON, 21)],
        pairs_plain=[
            ("1", "1", NOON - SECOND, "both"),
            ("1", "2", NOON - SECOND, "one only"),
            ("2", "1", NOON - SECOND, "the other only"),
        ],
    )
    assert found == [("1", "2", NOON, 21, "both"), ("2", "2", NOON, None, None)]


def test_features_named_with_a_suffix_or_like_a_label_column(prepared: Prepared) -> None:
    """A suffix means nothing. ``y`` is a label column as well and gets another name, else dbt
    refuses to compile (see test_training_set_mistakes)."""
    found = ask(
        prepared,
        "of_renamed_features",
        naive_labels=[(1, NOON, True, "label's")],
        suffixed=[(1, NOON, 7, 8, 9)],
        plain=[(1, NOON, 10, "plain")],
    )
    assert found == [(1, NOON, "true", "label's", 9, 7, "plain", 10, 10, "plain")]


@pytest.mark.parametrize("name", ["zoned_of_naive", "naive_of_zoned"])
def test_naive_timestamps_in_a_session_in_new_york(prepared: Prepared, name: str) -> None:
    """An instant is the same on both sides, also in the hour that New York has twice."""
    engine, _ = prepared
    assert engine.ask("select current_setting('TimeZone')") == [("America/New_York",)]
    twice = 1_383_458_400_000_000  # 2013-11-03 06:00 UTC, 01:00 EST; an hour before 01:00 EDT
    if name == "zoned_of_naive":
        found = ask(
            prepared,
            name,
            zoned_labels=[(twice - 1, 1, None), (twice, 1, None)],
            corrected=[(1, twice - HOUR, None, 1, "EDT"), (1, twice, None, 2, "EST")],
        )
        assert found == [
            (twice - 1, 1, None, 1, "EDT", None),
            (twice, 1, None, 2, "EST", None),
        ]
    else:
        found = ask(
            prepared,
            name,
            naive_labels=[(1, twice - 1, None, None), (1, twice, None, None)],
            zoned=[(1, twice - HOUR, 1), (1, twice, 2)],
        )
        assert found == [
            (1, twice - 1, None, None, None, None, 1),
            (1, twice, None, None, None, None, 2),
        ]


def test_nanosecond_timestamps(prepared: Prepared) -> None:
    """DuckDB has them, and rounds to the microseconds of rule 1: no error, nothing fans out.

    PostgreSQL has none; its TIMESTAMP stands in, which rounds what it reads in the same way.
    """
    engine, target = prepared
    engine.ask("begin")
    try:
        engine.ask(
            "insert into nano_labels values"
            " (1, '2013-03-10 12:00:00.000000400'), (2, '2013-03-10 12:00:00.000000600')"
        )
        engine.ask(
            "insert into nano (k, ts, loaded_at, a) values"
            " (1, '2013-03-10 12:00:00.000000100', null, 1),"
            " (1, '2013-03-10 12:00:00.000000200', null, 2),"  # the same microsecond: 2 is greater
            " (1, '2013-03-10 12:00:00.000000600', null, 3),"  # the next one
            " (2, '2013-03-10 12:00:00.000000900', null, 4),"
            " (2, '2013-03-10 12:00:00', '2013-03-10 12:00:00.000001600', 5)"
        )
        query = compiled(target, "nano_of_nano")
        found = engine.ask(f"select k, a, {engine.microseconds('ts')} from ({query}) as result")
    finally:
        engine.ask("rollback")
    assert sorted(found) == [(1, 2, NOON), (2, 4, NOON + 1)]


def test_microsecond_bounds(prepared: Prepared) -> None:
    """The nearest two instants can be: both bounds belong to what is valid, no fraction is lost."""
    labels: Rows = [(1, NOON + number, None, str(number)) for number in (-1, 0, 1)]
    found = ask(prepared, "of_short_ttl", naive_labels=labels, instantaneous=[(1, NOON, 10, "x")])
    assert [row[4] for row in found] == [None, 10, 10]


EMPTY: dict[str, dict[str, Rows]] = {
    "of_created": {
        "naive_labels": [(1, NOON, True, "x")],
        "corrected": [(1, NOON, NOON, 10, "x")],
    },
    "of_lag_and_ttl": {"naive_labels": [(1, NOON, True, "x")], "lagged": [(1, NOON, 10)]},
    "of_index": {"naive_labels": [(1, NOON, True, "x")], "indexed": [(1, NOON, 10, "x")]},
    "of_world": {"naive_labels": [(1, NOON, True, "x")], "world": [(NOON, NOON, 10)]},
}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_label_set(prepared: Prepared, name: str) -> None:
    assert ask(prepared, name, **EMPTY[name] | {"naive_labels": []}) == []
    assert ask(prepared, name) == []


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_feature_table(prepared: Prepared, name: str) -> None:
    (row,) = ask(prepared, name, naive_labels=EMPTY[name]["naive_labels"])
    assert row[:4] == (1, NOON, "true", "x")
    assert set(row[4:]) == {None}


def test_a_mixed_case_timestamp_column(prepared: Prepared) -> None:
    """``Time Stamp`` of the labels, ``Position`` and ``Select`` of the view."""
    labels: dict[str, Any] = {"Named-Labels": [("me", NOON + HOUR, 0, None, "x")]}
    found = ask(
        prepared,
        "Of-Odd_Names",
        **labels,
        named=[("me", NOON, NOON + HOUR, *range(1, 3), "it", *range(4, 8), 8)],
    )
    assert quote("Time Stamp") in compiled(prepared[1], "Of-Odd_Names")
    assert found == [("me", NOON + HOUR, 0, None, "x", 1, 2, "it", 4, 5, 6, 7)]
