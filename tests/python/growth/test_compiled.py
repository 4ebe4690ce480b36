"""The SQL that dbt compiled, on many small cases and both engines."""

import pytest

from growth.farm import stored
from growth.fields import append, as_table, clear, given_columns, once
from growth.proofs import Fields, prove_drop, prove_split, prove_stamps
from growth.views import GROWING, KEPT, PRICES, READINGS, STAMPED, Growing
from point_in_time.answers import insert
from point_in_time.declarations import Row, View
from point_in_time.views import HOUR

CASES = range(8)
MANY = range(400)

every_growing = pytest.mark.parametrize("growing", GROWING, ids=lambda growing: growing.view.name)
every_stamped = pytest.mark.parametrize("view", STAMPED, ids=lambda view: view.name)
every_kept = pytest.mark.parametrize("view", KEPT, ids=lambda view: view.name)


@every_growing
def test_any_split_into_builds_ends_as_one_build(fields: Fields, growing: Growing) -> None:
    for number in CASES:
        prove_split(fields, growing, number)


@every_stamped
def test_every_change_that_a_build_sees_is_a_version(fields: Fields, view: View) -> None:
    for number in CASES:
        prove_stamps(fields, view, number)


@every_kept
def test_what_no_later_label_sees_is_dropped_and_nothing_else(fields: Fields, view: View) -> None:
    for number in CASES:
        prove_drop(fields, view, number)


@pytest.mark.long
@every_growing
def test_any_split_ends_as_one_build_in_many_cases(fields: Fields, growing: Growing) -> None:
    for number in MANY:
        prove_split(fields, growing, number)


@pytest.mark.long
@every_stamped
def test_every_change_is_a_version_in_many_cases(fields: Fields, view: View) -> None:
    for number in MANY:
        prove_stamps(fields, view, number)


@pytest.mark.long
@every_kept
def test_what_no_later_label_sees_is_dropped_in_many_cases(fields: Fields, view: View) -> None:
    for number in MANY:
        prove_drop(fields, view, number)


def test_a_row_that_is_later_than_the_lookback_waits_for_a_rebuild(fields: Fields) -> None:
    """What the lookback is for, and why it is documented."""
    view = READINGS.view
    engine = fields.engine
    clear(engine, READINGS.source, view.name)
    row: Row = dict.fromkeys((column.name for column in view.columns), None)
    in_time: list[Row] = [row | {"loaded_at": 2 * HOUR}, row | {"loaded_at": 2 * HOUR, "sensor": 1}]
    too_late: Row = row | {"loaded_at": 2 * HOUR - 1}
    for arriving in (in_time[:1], in_time[1:], [too_late]):
        insert(engine, READINGS.source, view.columns, arriving)
        append(engine, view.name, fields.later[view.name])
    assert as_table(stored(engine, view.name, view.columns)) == once(in_time, view.columns)
    clear(engine, view.name)
    append(engine, view.name, fields.first[view.name])
    everything = once([*in_time, too_late], view.columns)
    assert as_table(stored(engine, view.name, view.columns)) == everything


def test_a_clock_that_went_back_makes_no_version_older_than_the_last(fields: Fields) -> None:
    engine = fields.engine
    given = given_columns(PRICES.columns, PRICES.created)
    ahead = 4_102_444_800_000_000  # 2100
    price: Row = {"item": 1, "Shop": "a", "valid_at": 0, "price": 5, "age": None}
    clear(engine, "prices")
    insert(engine, "prices", PRICES.columns, [price | {"noticed_at": ahead}])
    for amount in (5, 6, 6, 5):
        clear(engine, "raw_prices")
        insert(engine, "raw_prices", given, [price | {"price": amount}])
        append(engine, "prices", fields.later["prices"])
    rows = sorted(stored(engine, "prices", PRICES.columns), key=lambda row: str(row[3]))
    assert [(row[3], row[4]) for row in rows] == [(ahead, 5), (ahead + 1, 6), (ahead + 2, 5)]
