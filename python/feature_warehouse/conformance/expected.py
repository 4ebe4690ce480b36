"""What each relation must hold by the rules, as rows of values."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from feature_warehouse.conformance import cards, point_in_time, windows
from feature_warehouse.conformance.cases import Cases
from feature_warehouse.conformance.declared import (
    NOW,
    Column,
    Row,
    TrainingSet,
    Value,
    View,
    WindowView,
)
from feature_warehouse.conformance.models import CARD
from feature_warehouse.conformance.shapes import ANCHOR, ARRIVALS, HOUR, LABELS, PREFIX, Shapes
from feature_warehouse.conformance.windows import Exact

__all__ = ["AS_OF", "Check", "Near", "checks_of", "columns_of_set", "newest_of"]

AS_OF: Final = ANCHOR + 2 * HOUR


class Near(msgspec.Struct, frozen=True):
    """A double that may differ by what the roundings of a sum of this size come to."""

    value: Exact
    size: float


Cell = Exact | Near


class Check(msgspec.Struct, frozen=True):
    """A relation, and the rows that it must hold; ``reads`` are the tables that decide them.

    Of rows that differ, the ``leading`` columns are always shown.
    """

    part: str
    relation: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    reads: tuple[str, ...]
    leading: int = 10

    @property
    def case_column(self) -> int | None:
        """The place of the number of the case; None where all rows are one case."""
        names = [column.name for column in self.columns]
        return names.index("case_id") if "case_id" in names else None


def checks_of(shapes: Shapes, cases: Cases) -> Iterator[Check]:
    """All checks of what dbt has built, in the order of the report."""
    by_case = _ByCase(cases)
    sets = {made.name: _of_set(made, by_case) for made in shapes.sets}
    yield from sets.values()
    for view in shapes.views:
        yield from _of_newest(view, cases.tables[view.name])
    yield from (_of_windows(view, by_case) for view in shapes.windows)
    if shapes.grows:
        yield _of_arrivals(cases.tables["fwc_arrivals"])
    yield _of_card(shapes, sets["fwc_set"], cases)


class _ByCase:
    """The tables of each case, in which a table without keys is whole."""

    def __init__(self, cases: Cases) -> None:
        self.count = cases.count
        self._rows: dict[str, dict[Value, list[Row]]] = {}
        self._whole: dict[str, Sequence[Row]] = {}
        for name, rows in cases.tables.items():
            if rows and "case_id" not in rows[0]:
                self._whole[name] = rows
                continue
            of_case: dict[Value, list[Row]] = defaultdict(list)
            for row in rows:
                of_case[row["case_id"]].append(row)
            self._rows[name] = of_case

    def tables(self, case: int) -> Mapping[str, Sequence[Row]]:
        found = {name: of_case.get(case, []) for name, of_case in self._rows.items()}
        labels = found["fwc_labels"]
        return {**found, **self._whole, "fwc_arrived_labels": labels}


def columns_of_set(made: TrainingSet) -> tuple[Column, ...]:
    """The columns of a training set: those of its labels, the split, and those of its parts."""
    columns = [*LABELS]
    columns += [Column("train_test_split", "text")] if made.split else []
    for part in made.parts:
        columns += [Column(part.prefix + one.name, one.kind) for one in part.view.features]
        columns += [Column(f"{part.prefix}event_timestamp", "timestamp")] * part.event_timestamp
        columns += [Column(f"{part.prefix}age_seconds", "double")] * part.age
    return tuple(columns)


def _of_set(made: TrainingSet, by_case: _ByCase) -> Check:
    names = [column.name for column in LABELS]
    rows = [
        row
        for case in range(by_case.count)
        for row in point_in_time.training_rows(made, names, by_case.tables(case))
    ]
    part = "growth" if made.grows else "joins"
    reads = ("fwc_labels", *(part.view.name for part in made.parts))
    return Check(part, made.name, columns_of_set(made), rows, reads, leading=len(LABELS))


def newest_of(view: View, rows: Sequence[Row], clock: int, *, ttl: bool) -> list[Row]:
    """The newest row of each entity; with ``ttl`` without those that have expired."""
    of_entity: dict[tuple[Value, ...], list[Row]] = defaultdict(list)
    for row in rows:
        of_entity[tuple(row[column.name] for column in view.keys)].append(row)
    ask = point_in_time.answer if ttl else point_in_time.newest
    found = (ask(view, own, key, clock) for key, own in of_entity.items())
    return [row for row in found if row is not None]


def _of_newest(view: View, rows: Sequence[Row]) -> Iterator[Check]:
    names = [column.name for column in view.columns]
    for kind, clock, ttl in (("as_of", AS_OF, True), ("latest", NOW, False)):
        expected = [[row[name] for name in names] for row in newest_of(view, rows, clock, ttl=ttl)]
        relation = f"{PREFIX}{kind}_{view.name.removeprefix(PREFIX)}"
        yield Check("newest rows", relation, view.columns, expected, (view.name,))


def _of_windows(view: WindowView, by_case: _ByCase) -> Check:
    features = windows.features(view)
    columns = (
        Column("case_id", "bigint"),
        Column("k", "bigint"),
        Column("changed_at", "timestamp"),
        *(Column(name, aggregate.kind) for aggregate, _, name in features),
    )
    rows: list[list[Cell]] = []
    for case in range(by_case.count):
        of_key: dict[Value, list[Row]] = defaultdict(list)
        for event in by_case.tables(case)["fwc_events"]:
            if event["k"] is not None:
                of_key[event["k"]].append(event)
        for key, events in of_key.items():
            for at, values in windows.steps(view, events).items():
                cells: list[Cell] = [
                    Near(*values[name]) if aggregate.kind == "near" else values[name][0]
                    for aggregate, _, name in features
                ]
                rows.append([case, key, at, *cells])
    part = "growth" if view.grows else "windows"
    return Check(part, view.name, columns, rows, ("fwc_events",), leading=3)


def _of_arrivals(rows: Sequence[Row]) -> Check:
    """Each row once, however often it came."""
    names = [column.name for column in ARRIVALS.columns]
    once = dict.fromkeys(tuple(row[name] for name in names) for row in rows)
    expected = [list(row) for row in once]
    return Check("growth", ARRIVALS.name, ARRIVALS.columns, expected, ("fwc_arrivals",))


def _of_card(shapes: Shapes, check: Check, cases: Cases) -> Check:
    """The card as rows of a name and a value; see ``compare.card_rows``."""
    kinds = [column.kind for column in check.columns]
    names = [column.name for column in check.columns]
    # A training set has no cell that is only near a value.
    values: list[list[Value]] = [list(row) for row in check.rows]  # type: ignore[arg-type]
    asked = names.index("asked_at")
    last = max((at for row in values if isinstance(at := row[asked], int)), default=None)
    labels = sum(row[names.index("outcome")] is not None for row in values)
    found: list[tuple[str, Value]] = [
        ("row_count", len(values)),
        ("label_count", labels),
        ("content_fingerprint", cards.fingerprint(values, kinds)),
    ]
    for place, name in enumerate(names):
        found.append((f"nulls of {name}", sum(row[place] is None for row in values)))
    for view in shapes.views:
        newest = cards.newest_available_at(view, cases.tables[view.name], last)
        found.append((f"newest of {view.name}", newest))
    rows = [[name, None if value is None else str(value)] for name, value in found]
    columns = (Column("what", "text"), Column("value", "text"))
    return Check("cards", CARD, columns, rows, (check.relation,))
