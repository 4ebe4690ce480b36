"""What dbt's own runs leave behind, day by day, on real files and servers."""

from collections import Counter
from collections.abc import Iterable

import pytest

from growth.scenario import FIRST, Day, Life
from harness.support import IS_DBT_2
from point_in_time.declarations import Row, Value
from point_in_time.views import DAY, HOUR

Table = Counter[tuple[Value, ...]]

ROME, OSLO, BONN = FIRST + HOUR, FIRST + HOUR, FIRST + HOUR
NICE, KYIV = FIRST + 25 * HOUR, FIRST + 73 * HOUR


def test_a_view_holds_every_row_that_came_in_once(life: Life) -> None:
    for day, rows in zip(life.days, _of_good_days(life.readings), strict=True):
        assert _table(day, "readings") == _distinct(rows)


def test_a_run_that_is_cut_off_leaves_nothing_behind(life: Life) -> None:
    """Killed on DuckDB, failed on PostgreSQL, with the rows written and not committed.

    dbt 2 commits each statement by itself on DuckDB: there the rows stay, all of them.
    """
    kept = _distinct(life.readings[2]) if IS_DBT_2 else _table(life.days[1], "readings")
    assert Counter(map(tuple, life.after_trouble)) == kept


@pytest.mark.parametrize("model", ["batched", "unbatched_source"])
def test_batches_by_load_time_end_as_one_build_would(life: Life, model: str) -> None:
    """Each day runs all batches again, those of an input that dbt does not filter as well."""
    for day, rows in zip(life.days, _of_good_days(life.readings), strict=True):
        assert _table(day, model) == _distinct(_within_batches(rows, "loaded_at"))


def test_batches_by_event_take_late_rows_when_they_are_run_again(life: Life) -> None:
    for day, rows in zip(life.days, _of_good_days(life.readings), strict=True):
        assert _table(day, "batched_by_event") == _distinct(_within_batches(rows, "measured_at"))


def test_a_price_that_goes_up_and_back_is_three_versions(life: Life) -> None:
    for number, prices in enumerate(((5,), (5, 6), (5, 6, 5))):
        rows = sorted(life.days[number].tables["prices"], key=lambda row: (row[0], row[3]))
        assert [(row[0], row[4]) for row in rows] == [*((1, price) for price in prices), (2, 7)]
        for row, day in zip(rows, (*life.days[: number + 1], life.days[0]), strict=True):
            assert isinstance(row[3], int)
            assert day.began <= row[3] <= day.ended


def test_a_version_of_a_snapshot_counts_from_its_change_and_is_known_from_its_snapshot(
    life: Life,
) -> None:
    first, second, _, fourth = life.seen_at
    versions = [
        (1, ROME, first, "Rome"),
        (1, NICE, second, "Nice"),
        (2, OSLO, first, "Oslo"),
        (3, BONN, first, "Bonn"),
        (3, KYIV, fourth, "Kyiv"),
    ]
    assert _table(life.days[2], "people_ignored") == Counter(versions)

    for name in ("people_invalidated", "people_recorded"):
        table = _table(life.days[2], name)
        (gone,) = {row[1] for row in table if row[3] is None}
        assert isinstance(gone, int)
        assert life.days[1].began <= gone <= life.days[1].ended
        # It is as it was before; but from then on it was not, until it was seen again.
        back = [(2, gone, gone, None), (2, gone, fourth, "Oslo")]
        assert table == Counter([*versions, *back])


def test_a_snapshot_that_checks_values_has_its_own_time(life: Life) -> None:
    first, second, _, fourth = life.seen_at
    rows = sorted(life.days[2].tables["people_checked"], key=lambda row: (row[0], row[1]))
    gone = next(row[2] for row in rows if row[3] is None)
    expected = [
        (1, first, "Rome", 0),
        (1, second, "Nice", 1),
        (2, first, "Oslo", 0),
        (2, gone, None, 1),
        (2, fourth, "Oslo", 2),
        (3, first, "Bonn", 0),
        (3, fourth, "Kyiv", 2),
    ]
    assert [(row[0], *row[2:]) for row in rows] == [row[:3] for row in expected]
    for row, (*_, number) in zip(rows, expected, strict=True):
        day = life.days[number]
        assert isinstance(row[1], int)
        assert day.began <= row[1] <= day.ended


def test_the_history_of_a_snapshot_is_never_rewritten(life: Life) -> None:
    for name in ("ignored", "invalidated", "recorded", "checked"):
        tables = [_table(day, f"people_{name}") for day in life.days]
        assert tables[0] <= tables[1] <= tables[2]


def test_a_new_feature_of_a_growing_view_needs_a_rebuild_and_is_in_every_row_then(
    life: Life,
) -> None:
    assert "its columns are not those of its table ('grade' is new)" in life.grading.message
    grades = Counter(
        (*row, "b" if row[0] == 1 else None) for row in _distinct(life.readings[3]).elements()
    )
    assert Counter(map(tuple, life.grading.rebuilt)) == grades


def test_a_new_feature_of_a_stamped_view_is_known_from_when_it_was_seen(life: Life) -> None:
    """A rebuild is refused by its config, and would make all three versions unknown."""
    versions = sorted(life.grading.versions, key=lambda row: (row[0], row[3]))
    found = [(row[0], row[4], row[6]) for row in versions]
    assert found == [(1, 5, None), (1, 6, None), (1, 5, None), (1, 5, "a"), (2, 7, None)]
    assert Counter(map(tuple, life.grading.versions_after_refresh)) == Counter(map(tuple, versions))


def _of_good_days(readings: list[list[Row]]) -> list[list[Row]]:
    return [readings[0], readings[1], readings[3]]


def _within_batches(rows: list[Row], column: str) -> list[Row]:
    """The four days for which batches are run."""
    times = ((row, row[column]) for row in rows)
    return [row for row, at in times if isinstance(at, int) and FIRST <= at < FIRST + 4 * DAY]


def _distinct(rows: Iterable[Row]) -> Table:
    """Every row once. NaN equals itself, as in the tables."""
    return Counter({tuple("NaN" if v != v else v for v in row.values()): 1 for row in rows})


def _table(day: Day, name: str) -> Table:
    return Counter(tuple(row) for row in day.tables[name])
