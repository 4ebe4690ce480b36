"""What compiled SQL gives for events, held against rule 4 at every instant that matters."""

import math
from bisect import bisect_right
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from harness.engines import Engine
from harness.host import compiled
from windows.generate import events as generate
from windows.oracle import (
    Aggregate,
    Event,
    View,
    events_by_entity,
    instants,
    scale,
    value,
    within,
)
from windows.project import literal
from windows.shapes import COLUMNS

PRECISION = 1e-12

Rows = dict[tuple[Any, ...], dict[int, dict[str, Any]]]
"""By entity and instant."""


def prove(engine: Engine, target: Path, view: View, seeds: range) -> None:
    """Raise AssertionError at the first difference between compiled SQL and rule 4."""
    for seed in seeds:
        rows = generate(seed)
        fill(engine, rows)
        found = read(engine, view, f"({compiled(target, view.name)})")
        hold_against_the_rule(view, rows, found, f"{view.name} on {engine.name}, seed {seed}")


def create_events(engine: Engine) -> None:
    engine.ask("drop table if exists events cascade")
    engine.create("events", COLUMNS)


def fill(engine: Engine, rows: list[Event], *, empty: bool = True) -> None:
    if empty:
        engine.empty("events")
    engine.insert(
        "events", ([literal(row[name], COLUMNS[name]) for name in COLUMNS] for row in rows)
    )


def read(engine: Engine, view: View, relation: str) -> Rows:
    names = [name for _, _, name in view.features]
    keys = list(view.keys)
    columns = [engine.quote(name) for name in (*keys, *names)]
    answer = engine.ask(
        f"select {', '.join([engine.microseconds('changed_at'), *columns])} from {relation} as r"
    )
    found: Rows = {}
    for at, *values in answer:
        of_entity = found.setdefault(tuple(values[: len(keys)]), {})
        assert at not in of_entity, f"difference: {values[: len(keys)]} has two rows at {at}"
        of_entity[at] = dict(zip(names, values[len(keys) :], strict=True))
    return found


def hold_against_the_rule(view: View, rows: list[Event], found: Rows, where: str) -> None:
    entities = events_by_entity(view, rows)
    windows = {id(window): window for _, window, _ in view.features}
    expected = {key: at for key, events in entities.items() if (at := instants(view, events))}
    assert found.keys() == expected.keys(), f"difference: entities of {where}"
    for entity, events in entities.items():
        at_rows = found.get(entity, {})
        wrong = sorted(at_rows.keys() ^ expected.get(entity, set()))
        assert wrong == [], f"difference: instants {wrong} of {entity} in {where}"
        changes = sorted(at_rows)
        known: dict[tuple[int, ...], Any] = {}
        for instant in probes(changes):
            number = bisect_right(changes, instant) - 1
            row = at_rows[changes[number]] if number >= 0 else {}
            inside_of = {key: within(view, w, events, instant) for key, w in windows.items()}
            for aggregate, window, name in view.features:
                inside = inside_of[id(window)]
                memo = (id(aggregate), *map(id, inside))
                if memo not in known:
                    known[memo] = value(view, aggregate, inside)
                wanted = known[memo]
                default = 0 if aggregate.function.startswith("count") else None
                got = row.get(name, default)
                assert equal(aggregate, wanted, got, inside), (
                    f"difference: {name} of {entity} at {instant} is {got!r}, and {wanted!r} by"
                    f" rule 4; {where}"
                )


def probes(changes: list[int]) -> list[int]:
    """Each instant, and just before it."""
    return sorted({at + step for at in changes for step in (-1, 0)})


def equal(aggregate: Aggregate, wanted: Any, got: Any, inside: list[Event]) -> bool:
    if wanted is None or got is None:
        return wanted is got
    if isinstance(wanted, bool | str):
        return type(got) is type(wanted) and bool(got == wanted)
    if isinstance(wanted, float) and not math.isfinite(wanted):
        return isinstance(got, float) and (got == wanted or (got != got and wanted != wanted))
    if isinstance(wanted, float):
        if aggregate.function in ("first", "last"):
            return (got, math.copysign(1, got)) == (wanted, math.copysign(1, wanted))
        if aggregate.function in ("min", "max"):
            return bool(got == wanted)
        size = scale(aggregate, inside)
        return isinstance(got, float) and abs(got - wanted) <= PRECISION * max(size, abs(wanted))
    return isinstance(got, int | Decimal) and Fraction(got) == Fraction(wanted)
