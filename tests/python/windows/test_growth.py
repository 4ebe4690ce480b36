"""Window views that grow by batches end as one full build does, whatever comes late."""

from itertools import pairwise
from random import Random

import pytest

from windows.generate import events as generate
from windows.growing import GROWING, Site, load_time
from windows.oracle import View
from windows.proof import Rows, fill, hold_against_the_rule

SLICE = range(2)

every_view = pytest.mark.parametrize("view", GROWING, ids=lambda view: view.name)


@every_view
def test_batches_end_as_a_full_build_does(built: Site, view: View) -> None:
    for seed in SLICE:
        grow_in_batches(built, view, seed)


@pytest.mark.long
@every_view
def test_many_batches_end_as_a_full_build_does(built: Site, view: View) -> None:
    for seed in range(2, 40):
        grow_in_batches(built, view, seed)


@every_view
def test_events_that_come_in_any_order_are_all_found(built: Site, view: View) -> None:
    """Long after their time, with older load times than others, or at an instant that has some."""
    for seed in SLICE:
        grow_in_any_order(built, view, seed)


@pytest.mark.long
@every_view
def test_events_that_come_in_many_orders_are_all_found(built: Site, view: View) -> None:
    for seed in range(2, 40):
        grow_in_any_order(built, view, seed)


def grow_in_any_order(built: Site, view: View, seed: int) -> None:
    random = Random(f"any order {seed}")
    events = [event for event in generate(seed, entities=25) if event[view.event] is not None]
    random.shuffle(events)
    cuts = [0, *sorted(random.sample(range(len(events) + 1), 3)), len(events)]
    fill(built.engine, [])
    built.build(view)
    for start, end in pairwise(cuts):
        fill(built.engine, events[start:end], empty=False)
        built.grow(view)
    where = f"{view.name} on {built.engine.name}, any order {seed}"
    hold_against_the_rule(view, events, built.rows(view), where)


def grow_in_batches(built: Site, view: View, seed: int) -> None:
    """Batches are cut anywhere, also between events that were loaded at the same instant."""
    random = Random(f"batches {seed}")
    events = [event for event in generate(seed, entities=25) if event[view.event] is not None]
    events.sort(key=lambda event: load_time(view, event))
    cuts = sorted(random.sample(range(len(events) + 1), 4))
    fill(built.engine, events[: cuts[0]])
    built.build(view)
    before: list[tuple[int, Rows]] = []
    for start, end in zip(cuts, [*cuts[1:], len(events)], strict=True):
        if start:
            before.append((load_time(view, events[start - 1]), built.rows(view)))
        fill(built.engine, events[start:end], empty=False)
        if random.random() < 0.3:
            built.grow(view, crash=True)
        built.grow(view)
        if random.random() < 0.5:
            built.grow(view)
    where = f"{view.name} on {built.engine.name}, batches {seed}"
    rows = built.rows(view)
    hold_against_the_rule(view, events, rows, where)
    for clock, earlier in before:
        assert history(earlier, clock) == history(rows, clock), f"history of {where}"


def history(rows: Rows, clock: int) -> dict[object, object]:
    """The rows from before all that came later, but for sums of doubles, whose order may differ."""
    return {
        (entity, at): {name: one for name, one in values.items() if not name.startswith("f_sum")}
        for entity, of_entity in rows.items()
        for at, values in of_entity.items()
        if at < clock
    }
