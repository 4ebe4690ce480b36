"""The rules as the command has them, beside the rules as the tests have them.

Neither was written from the other, and neither is trusted alone.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from feature_warehouse.conformance import cards, declared, expected, models, shapes
from feature_warehouse.conformance import point_in_time as rules
from feature_warehouse.conformance import windows as window_rules
from feature_warehouse.conformance.cases import Cases, make_cases
from harness.engines import EPOCH
from point_in_time import declarations as words
from point_in_time import oracle
from training_sets.test_dataset_card import _bits, _fingerprint
from windows import oracle as window_oracle
from windows.proof import equal

SHAPES = shapes.shapes()
COUNT = 120


@pytest.fixture(scope="module")
def cases() -> Cases:
    return make_cases(SHAPES, COUNT, seed=7)


@pytest.mark.parametrize("made", SHAPES.sets, ids=lambda made: made.name)
def test_training_sets(cases: Cases, made: declared.TrainingSet) -> None:
    theirs = set_in_words(made)
    names = [column.name for column in shapes.LABELS]
    found = 0
    for tables in cases_of(cases):
        ours = rules.training_rows(made, names, tables)
        plain_tables = {name: plain(rows) for name, rows in tables.items()}
        rows = oracle.training_rows(theirs, plain_tables)
        if made.grows:
            place = names.index("asked_at")
            rows = [row for row in rows if isinstance(at := row[place], int) and at < oracle.NOW]
        assert plain_rows(ours) == plain_rows(rows)
        found += sum(value is not None for row in ours for value in row[len(names) :])
    assert found > COUNT


@pytest.mark.parametrize("view", SHAPES.views, ids=lambda view: view.name)
@pytest.mark.parametrize("ttl", [True, False])
def test_newest_rows(cases: Cases, view: declared.View, ttl: bool) -> None:
    theirs = view_in_words(view)
    rows = cases.tables[view.name]
    ours = expected.newest_of(view, rows, expected.AS_OF, ttl=ttl)
    newest = oracle.all_answers if ttl else oracle.all_newest
    assert plain_rows(map(dict.values, plain(ours))) == plain_rows(
        map(dict.values, newest(theirs, plain(rows), expected.AS_OF))
    )
    assert len(ours) > (10 if view.keys else 0) or ttl


@pytest.mark.parametrize("view", SHAPES.windows, ids=lambda view: view.name)
def test_windows(cases: Cases, view: declared.WindowView) -> None:
    theirs = windows_in_words(view)
    rows = 0
    for tables in cases_of(cases):
        entities: dict[Any, list[declared.Row]] = {}
        for event in tables["fwc_events"]:
            if event["k"] is not None:
                entities.setdefault(event["k"], []).append(event)
        for events in entities.values():
            steps = window_rules.steps(view, events)
            happened: list[window_oracle.Event] = [
                dict(event) for event in events if event["happened_at"] is not None
            ]
            assert steps.keys() == window_oracle.instants(theirs, happened)
            for at, values in steps.items():
                for aggregate, window, name in theirs.features:
                    inside = window_oracle.within(theirs, window, happened, at)
                    wanted = window_oracle.value(theirs, aggregate, inside)
                    got = values[name][0]
                    assert equal(aggregate, wanted, got_as_a_driver_gives_it(got), inside), name
                    if isinstance(wanted, float):
                        assert values[name][1] >= 0
            rows += len(steps)
    assert rows > COUNT


def got_as_a_driver_gives_it(value: Any) -> Any:
    return Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def test_fingerprints(cases: Cases) -> None:
    made = SHAPES.sets[0]
    columns = expected.columns_of_set(made)
    kinds = [column.kind for column in columns]
    names = [column.name for column in shapes.LABELS]
    rows = [row for tables in cases_of(cases) for row in rules.training_rows(made, names, tables)]
    bits = _bits("<d", "<q")
    texts = [
        "|".join(text_of(value, kind, bits) for value, kind in zip(row, kinds, strict=True))
        for row in rows
    ]
    assert cards.fingerprint(rows, kinds) == _fingerprint(texts)
    assert cards.fingerprint(rows[1:], kinds) != _fingerprint(texts)


def text_of(value: Any, kind: str, bits: Any) -> str:
    if value is None:
        return "-"
    if kind == "text":
        return f"{len(value)}:{value}"
    if kind == "double":
        return str(bits(repr(value)))
    return str((value // 86_400_000_000) if kind == "date" else value).lower()


def cases_of(cases: Cases) -> Iterator[dict[str, list[declared.Row]]]:
    for case in range(cases.count):
        tables = {
            name: [row for row in rows if row.get("case_id", case) == case]
            for name, rows in cases.tables.items()
        }
        yield tables | {"fwc_arrived_labels": tables["fwc_labels"]}


def plain(rows: Any) -> list[words.Row]:
    """Decimals as hundredths, as the other oracle has them."""
    return [{name: plain_value(value) for name, value in row.items()} for row in rows]


def plain_value(value: Any) -> Any:
    return int(value * 100) if isinstance(value, Decimal) else value


def plain_rows(rows: Any) -> list[str]:
    """Rows as texts, which tell -0.0 from 0.0, in any order."""
    return sorted(repr([plain_value(value) for value in row]) for row in rows)


def view_in_words(view: declared.View) -> words.View:
    return words.View(
        name=view.name,
        keys=tuple(map(column_in_words, view.keys)),
        event=column_in_words(view.event),
        created=column_in_words(view.created) if view.created else None,
        features=tuple(map(column_in_words, view.features)),
        extra=tuple(map(column_in_words, view.extra)),
        lag=length_in_words(view.lag) if view.lag else None,
        ttl=length_in_words(view.ttl) if view.ttl else None,
        tie_breaker=view.tie_breaker,
        defaults={name: plain_value(value) for name, value in view.defaults.items()},
    )


def column_in_words(column: declared.Column) -> words.Column:
    return words.Column(column.name, column.kind)


def length_in_words(length: declared.Length) -> words.Length:
    return words.Length(length.text, length.microseconds)


def moment_in_words(moment: declared.Moment | None) -> words.Moment | None:
    return words.Moment(moment.text, moment.microseconds) if moment else None


def set_in_words(made: declared.TrainingSet) -> words.TrainingSet:
    schedule = None
    if made.every:
        delay = length_in_words(made.delay) if made.delay else None
        schedule = words.Schedule(length_in_words(made.every), delay)
    split = None
    if made.split:
        starts = {
            name: words.Moment(moment.text, moment.microseconds)
            for name, moment in made.split.starts.items()
        }
        split = words.Split(starts=starts, embargo=length_in_words(made.split.embargo))
    holds: Any = made.holds
    return words.TrainingSet(
        name=made.name,
        labels=words.Labels(
            name=made.labels,
            columns=tuple(map(column_in_words, shapes.LABELS)),
            timestamp="asked_at",
        ),
        parts=tuple(
            words.Part(
                view=view_in_words(part.view),
                prefix=part.prefix,
                event_timestamp=part.event_timestamp,
                age=part.age,
            )
            for part in made.parts
        ),
        where=(words.Condition(made.where, holds),) if made.where else (),
        knowledge=None if made.knowledge == "available" else made.knowledge,
        schedule=schedule,
        split=split,
        start=moment_in_words(made.start),
        end=moment_in_words(made.end),
        as_of=moment_in_words(made.as_of),
    )


def windows_in_words(view: declared.WindowView) -> window_oracle.View:
    return window_oracle.View(
        name=view.name,
        keys={"case_id": "case_id", "k": "k"},
        event="happened_at",
        created="loaded_at" if view.created else None,
        lag=view.lag.microseconds if view.lag else 0,
        tie=view.tie_breaker,
        aggregates=[
            window_oracle.Aggregate(
                asked={one.function: one.of or "*"},
                stem=one.stem,
                of=value_in(one.of),
                counts=truth_in(one.where),
                bytewise=one.of == "t",
            )
            for one in view.aggregates
        ],
        windows=[
            window_oracle.Window(
                asked=dict(one.asked) if not isinstance(one.asked, str) else one.asked,
                suffix=one.suffix,
                length=one.length,
                offset=one.offset,
            )
            for one in view.windows
        ],
    )


def value_in(name: str | None) -> Callable[[window_oracle.Event], Any]:
    return lambda event: event[name] if name else 1


def truth_in(name: str | None) -> Callable[[window_oracle.Event], bool]:
    return lambda event: name is None or event[name] is True


def test_instants_are_those_of_their_texts() -> None:
    """The declared texts and the microseconds beside them, which both oracles take as given."""
    from datetime import UTC, datetime, timedelta

    moments = [
        moment
        for made in SHAPES.sets
        for moment in (
            made.start,
            made.end,
            made.as_of,
            *(made.split.starts.values() if made.split else ()),
        )
        if moment
    ]
    assert len(moments) >= 4
    for moment in [*moments, declared.Moment(models.AS_OF, expected.AS_OF)]:
        instant = datetime.fromisoformat(moment.text)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        assert (instant - EPOCH) // timedelta(microseconds=1) == moment.microseconds
