"""Compiled SQL against plain loops, as functions of an engine: mutations must fail them."""

from itertools import groupby
from random import Random
from typing import NamedTuple

from growth.farm import stored
from growth.fields import append, as_table, clear, given_columns, once
from growth.views import Growing
from harness.engines import Engine
from point_in_time.answers import difference, insert
from point_in_time.declarations import Row, Value, View
from point_in_time.examples import view_example
from point_in_time.oracle import NOW, answer, entities, instant
from point_in_time.project import INSTANTS

ANCHORS = tuple(at for _, at in INSTANTS)


class Fields(NamedTuple):
    """An engine with empty tables, and the SQL that dbt compiled for its models."""

    engine: Engine
    first: dict[str, str]
    """For a table that is not there yet."""
    later: dict[str, str]
    """For one that grows."""
    drops: dict[tuple[str, str], str]
    """For each view and instant, what drops the history before it."""


def prove_split(fields: Fields, growing: Growing, number: int) -> None:
    """However a history is split into builds, it ends as one build of everything.

    The builds repeat, are cut off, or are left out.
    """
    view = growing.view
    random = Random(f"{view.name} {number}")
    engine = fields.engine
    clear(engine, growing.source, view.name)
    arrived: list[Row] = []
    for batch in _batches(random, growing, number):
        insert(engine, growing.source, view.columns, batch)
        arrived += batch
        for _ in range(random.choice((0, 1, 1, 2))):
            append(engine, view.name, fields.later[view.name], crash=random.random() < 0.25)
    append(engine, view.name, fields.later[view.name])

    expected = once(arrived, view.columns)
    assert as_table(stored(engine, view.name, view.columns)) == expected, f"case {number}"
    clear(engine, view.name)
    append(engine, view.name, fields.first[view.name])
    assert as_table(stored(engine, view.name, view.columns)) == expected, f"case {number}"


def _batches(random: Random, growing: Growing, number: int) -> list[list[Row]]:
    """Rows as they come in: by load time, but for the lookback; the future's at any time."""
    view = growing.view
    assert view.created
    created = view.created.name
    rows = [
        row
        for some in range(2)
        for row in view_example(view, ANCHORS, 2 * number + some).tables[view.name]
    ]
    lookback = growing.lookback.microseconds if growing.lookback else 0
    for row in rows:
        loaded = instant(row[created])
        if loaded is not None and abs(loaded) < NOW:
            row[created] = loaded + random.choice((0, lookback, -lookback, -2 * lookback))
    times = [at for row in rows if (at := instant(row[created])) is not None and at <= NOW]

    def arrival(row: Row) -> int:
        loaded = instant(row[created])
        if loaded is None or loaded > NOW:
            return random.choice(times) if times else 0
        return loaded + random.choice((0, lookback, random.randint(0, lookback)))

    random.shuffle(rows)
    rows.sort(key=arrival)
    ends = sorted(random.choices(range(len(rows) + 1), k=random.randint(0, 5)))
    bounds = zip((0, *ends), (*ends, len(rows)), strict=True)
    return [rows[start:end] for start, end in bounds]


Fact = tuple[Value, ...]
Versions = dict[Fact, list[list[Fact]]]
"""For each key and event, the sets of rows that it was, one after another."""


def prove_stamps(fields: Fields, view: View, number: int) -> None:
    """Every state that a build sees and that is another than the one before is a version."""
    random = Random(f"{view.name} {number}")
    engine = fields.engine
    source = f"raw_{view.name}"
    given = given_columns(view.columns, view.created)
    clear(engine, source, view.name)
    state = _changed(random, view, _changed(random, view, []))
    expected: Versions = {}
    for build in range(random.randint(1, 6)):
        state = _changed(random, view, state)
        clear(engine, source)
        insert(engine, source, given, state)
        crash = random.random() < 0.2
        query = fields.later if build or random.random() < 0.5 else fields.first
        append(engine, view.name, query[view.name], crash=crash)
        if not crash:
            _notice(view, state, expected)
        assert _versions(engine, view) == expected, f"case {number}, build {build}"


def _changed(random: Random, view: View, state: list[Row]) -> list[Row]:
    """The state a while later: some rows have other values, some have come, some have gone."""
    choices: dict[str, tuple[Value, ...]] = {
        "bigint": (1, 2, None),
        "text": ("a", "", None),
        "integer": (1, 2, None),
        "boolean": (True, False, None),
        "date": (0, None),
        "timestamp": (0, 1, None),
    }
    rows = [dict(row) for row in state]
    for _ in range(random.randint(0, 3)):
        what = random.random()
        if rows and what < 0.5:
            row = random.choice(rows)
            column = random.choice(view.features)
            row[column.name] = random.choice(choices[column.type])
        elif rows and what < 0.7:
            rows.remove(random.choice(rows))
        elif rows and what < 0.8:
            rows.append(dict(random.choice(rows)))
        else:
            columns = given_columns(view.columns, view.created)
            rows.append({column.name: random.choice(choices[column.type]) for column in columns})
    return rows


def _notice(view: View, state: list[Row], versions: Versions) -> None:
    columns = given_columns(view.columns, view.created)
    facts: dict[Fact, set[Fact]] = {}
    for row in once(state, columns):
        facts.setdefault(row[: len(view.keys) + 1], set()).add(row)
    for fact, rows in facts.items():
        known = versions.setdefault(fact, [])
        if not known or set(known[-1]) != rows:
            known.append(sorted(rows, key=repr))


def _versions(engine: Engine, view: View) -> Versions:
    """What the view holds; all rows of a version have the same stamp."""
    at = len(view.keys) + 1
    found: Versions = {}

    def place(row: list[Value]) -> tuple[str, int]:
        stamp = row[at]
        assert isinstance(stamp, int)
        return repr(row[:at]), stamp

    rows = sorted(stored(engine, view.name, view.columns), key=place)
    for _, version in groupby(rows, place):
        facts = [tuple(row[:at] + row[at + 1 :]) for row in version]
        found.setdefault(facts[0][:at], []).append(sorted(facts, key=repr))
    return found


def prove_drop(fields: Fields, view: View, number: int) -> None:
    """What is left is what a later label can see, and every later label sees what it saw."""
    engine = fields.engine
    random = Random(f"{view.name} {number}")
    text, before = random.choice(INSTANTS)
    rows = view_example(view, (before,), number).tables[view.name]
    clear(engine, view.name)
    insert(engine, view.name, view.columns, rows)
    engine.ask(fields.drops[view.name, text])

    keys = entities(view, rows)
    answers = [answer(view, rows, key, before) for key in keys]
    left = [row for row in rows if (at := _known(view, row)) is not None and at > before]
    left += [row for row in answers if row is not None]
    expected = [list(values) for row in left for values in once([row], view.columns)]
    found = stored(engine, view.name, view.columns)
    assert not difference(expected, found), f"case {number}"

    # By rule 1 itself, which the rows left were not chosen by.
    times = [at for row in rows if (at := _known(view, row)) is not None]
    ttl = view.ttl.microseconds if view.ttl else 0
    events = [at + ttl for row in rows if (at := instant(row[view.event.name])) is not None]
    for at in (before, *(time + step for time in times + events for step in (-1, 0, 1))):
        if at >= before:
            for key in keys:
                assert answer(view, left, key, at) == answer(view, rows, key, at)


def _known(view: View, row: Row) -> int | None:
    """The greater of what there is of event, with its lag, and created timestamp."""
    event = instant(row[view.event.name])
    lag = view.lag.microseconds if view.lag else 0
    created = instant(row[view.created.name]) if view.created else None
    times = [at for at in (None if event is None else event + lag, created) if at is not None]
    return max(times, default=None)
