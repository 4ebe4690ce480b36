"""The law of what a run may have known, beside all that it can have known, tried out one by one."""

import random
from itertools import chain, combinations

from feature_warehouse.skew.judge import Served, Version, View, judge
from feature_warehouse.skew.runs import Bounds, Run, Runs


def run(number: int, generation: int, clock: int, start: int, end: int) -> Run:
    return Run(number, generation, clock, clock, start, end, None, "", "", "")


def newest(rows: list[Version], view: View, clock: int) -> Version | None:
    known = [row for row in rows if view.available(row) <= clock]
    return max(known, key=lambda row: row.order, default=None)


def test_a_row_is_explained_if_some_set_of_known_rows_gives_it() -> None:
    choose = random.Random(1)
    seen = set()
    for _ in range(3000):
        view = View(lag=choose.randrange(3), has_created=True, has_windows=False)
        rows = list({_row(choose) for _ in range(choose.randrange(1, 6))})
        certain = choose.randrange(10)
        upper = certain + choose.randrange(4)
        asked = upper + choose.randrange(4)
        ttl = choose.choice((None, 3, 8))
        bounds = Bounds(
            Run(1, 1, upper, certain, 0, 0, ttl, "", "", ""),
            certain=certain,
            upper=upper,
            dropped=upper,
        )
        sure = [row for row in rows if view.available(row) <= certain]
        perhaps = [row for row in rows if certain < view.available(row) <= upper]
        sets = chain.from_iterable(combinations(perhaps, n) for n in range(len(perhaps) + 1))
        possible = {_fresh(newest([*sure, *more], view, upper), asked, ttl) for more in sets}
        for row in (None, *rows):
            if row is not None and _fresh(row, asked, ttl) is None:
                continue  # no reader says that it was found
            before = newest(rows, view, certain)
            after = newest(rows, view, asked)
            served = Served(row is not None, row, asked, before, row == before, after, True)
            found = judge(served, bounds, view)
            # A row without a created timestamp may have been loaded at any time.
            is_untold = (
                row not in possible
                and before is not None
                and before.created is None
                and (row is None or row.order <= before.order)
            )
            is_right = row in possible or is_untold
            assert (found.verdict != "wrong") == is_right, (rows, served, bounds)
            if is_untold:
                assert found.verdict == "late"
            elif found.verdict == "equal":
                latest = _fresh(after, asked, ttl)
                assert row == latest or (row and latest and row.order > latest.order)
            seen.add(found.verdict)
    assert seen == {"equal", "stale", "late", "wrong"}


def _row(choose: random.Random) -> Version:
    event = choose.randrange(10)
    return Version(event, choose.choice((None, event + choose.randrange(-1, 5))))


def _fresh(row: Version | None, asked: int, ttl: int | None) -> Version | None:
    return row if row is None or ttl is None or row.event >= asked - ttl else None


def test_the_runs_that_can_have_been_in_service() -> None:
    runs = Runs(
        [
            run(1, 1, 10, 11, 15),
            run(2, 1, 20, 21, 25),
            run(4, 1, 40, 41, 45),
            run(3, 3, 30, 31, 35),
        ],
        tolerance=1,
    )

    def bounds(at: int, wrote: int | None = None, generation: int = 1) -> tuple[int, int, int]:
        found = runs.bounds(generation, at, wrote, asked=99)
        assert found is not None
        return found.run.run, found.certain, found.upper

    assert bounds(18) == (1, 10, 10)
    # While the next one is under way, or may be, by clocks that are apart.
    assert bounds(20) == (1, 10, 20)
    assert bounds(25) == (1, 10, 20)
    assert bounds(26) == (2, 20, 20)
    # What was read before the first one was noted.
    assert bounds(12) == (1, 10, 10)
    # A row of a run that was cut off: it was known by the next one, or when it was read.
    assert bounds(30, wrote=3) == (2, 20, 40)
    assert bounds(50, wrote=5) == (4, 40, 99)
    # A reader whose clock is behind.
    assert bounds(18, wrote=2) == (1, 10, 20)
    assert bounds(38, generation=3) == (3, 30, 30)
    assert runs.bounds(2, 38, None, 99) is None


def test_numbers_of_runs_that_begin_anew() -> None:
    """A server was emptied after three runs: the first of the new ones is the last then."""
    runs = Runs(
        [
            Run(number, 1, clock, clock, clock, clock + 5, None, "", "", "")
            for number, clock in ((1, 10), (2, 20), (3, 30), (1, 40), (2, 50))
        ],
        tolerance=0,
    )

    def bounds(at: int) -> tuple[int, int, int]:
        found = runs.bounds(1, at, 1, asked=at)
        assert found is not None
        return found.run.run, found.certain, found.upper

    assert bounds(36) == (3, 30, 30)
    assert bounds(46) == (1, 40, 40)
    assert bounds(52) == (1, 40, 50)
    assert bounds(56) == (2, 50, 50)


def test_a_row_that_need_not_have_been_kept() -> None:
    """By the clock of a run, or by that of Redis where time is not simulated."""
    view, row = View(lag=0, has_created=True, has_windows=False), Version(0, 0)
    ttl, day = 10, 86_400_000_000
    served = Served(False, None, 5, row, False, row, False)
    for clock, at, tolerance, is_simulated, verdict in (
        (ttl + day, ttl + day + 1, 0, True, "wrong"),
        (ttl + day + 1, 0, 0, True, "not judged"),
        (7, ttl + day, 0, False, "wrong"),
        (7, ttl + day + 1, 0, False, "not judged"),
        (7, ttl + day - 1, 1, False, "wrong"),
        (7, ttl + day - 1, 2, False, "not judged"),
    ):
        one = Run(1, 1, clock, clock, 0, 0, ttl, "", "", "", is_simulated)
        bounds = Runs([one], tolerance=tolerance).bounds(1, at, None, 5)
        assert bounds is not None
        assert judge(served, bounds, view).verdict == verdict
