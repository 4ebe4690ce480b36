"""Served rows of one view, judged: each with its verdict, cause and how old what was known was."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from feature_warehouse.draining.publications import PUBLICATIONS
from feature_warehouse.engines import Warehouse
from feature_warehouse.engines.appending import relation_of
from feature_warehouse.engines.dialect import quote
from feature_warehouse.errors import UsageError
from feature_warehouse.publishing.run_plan import declaration
from feature_warehouse.redis_store.publication_log import rule_of
from feature_warehouse.skew.asked import Columns, columns, load, version
from feature_warehouse.skew.causes import Histories, Wrong, causes
from feature_warehouse.skew.judge import Judgement, Served, View, judge
from feature_warehouse.skew.log_table import LogTable, Part, columns_of
from feature_warehouse.skew.runs import Bounds, Run, Runs, runs_of

__all__ = ["Judged", "judged_rows", "published_runs"]


_DROPPED: Final = "the read asked about an instant so long ago that its row need not be in Redis"


class Judged(msgspec.Struct):
    """A served row; ``verdicts`` are those of values that are not equal, by their names.

    ``verdict`` is that of the row, ``not judged`` with the reason as ``cause`` among them. ``age``
    and ``known_for`` are microseconds. ``otherwise`` is the verdict of a value that is as it was in
    the row which should have been served, though others of it were not. ``is_found`` tells whether
    a row was served, ``does_tell`` whether it says when the warehouse learned of it.
    """

    verdict: str
    cause: str = ""
    age: int | None = None
    known_for: int | None = None
    is_held: bool = True
    verdicts: dict[str, str] = {}
    otherwise: str = ""
    run: Run | None = None
    is_found: bool = False
    does_tell: bool = True


def published_runs(warehouse: Warehouse, credentials: Any, view: str, tolerance: int) -> Runs:
    """The runs over a view, by the publication log; clocks may differ by ``tolerance``.

    Raises UsageError for a log that lacks columns.
    """
    known = columns_of(warehouse, credentials.schema, PUBLICATIONS)
    if not known:
        return Runs([], tolerance=tolerance)
    names = Run.__struct_fields__
    if lacks := [name for name in names if name not in known]:
        raise UsageError(
            f"the table {PUBLICATIONS} has no {', '.join(lacks)}; run `feature-warehouse drain"
            " --create` once"
        )
    query = (
        f"select {', '.join(map(quote, names))} from {relation_of(credentials, PUBLICATIONS)}"
        " where view = $1 and mode <> 'rollback'"
    )
    found = columns(warehouse, query, PUBLICATIONS, 0, view)
    rows = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    return Runs(runs_of(rows), tolerance=tolerance)


def judged_rows(
    warehouse: Warehouse,
    table: LogTable,
    part: Part,
    query: str,
    requests: Columns,
    numbers: Sequence[int],
    runs: Runs,
    histories: Histories,
) -> dict[int, Judged]:
    """Judge the rows that some requests got of a view; ``requests`` are columns without prefix."""
    view = part.declared.view
    found: dict[int, Judged] = {}
    bounds: dict[int, Bounds] = {}
    for number in numbers:
        known = _bounds(requests, part, number, runs)
        if isinstance(known, Bounds):
            bounds[number] = known
        else:
            found[number] = Judged("not judged", known)
    if not bounds:
        return found
    upto = [max(requests["clock"][one], known.clock) for one, known in bounds.items()]
    load(warehouse, table, requests, list(bounds), [one.certain for one in bounds.values()], upto)
    answers = columns(warehouse, query, f"feature view {view.name!r}", len(table.prefix))
    wrong: list[Wrong] = []
    terms = View(view.availability_lag, view.created_timestamp is not None, view.has_windows)
    for row in _rows(answers):
        number = row["number"]
        served, known = _served(row, requests, part, number), bounds[number]
        judgement = judge(served, known, terms)
        found[number] = Judged(
            judgement.verdict,
            _DROPPED if judgement.verdict == "not judged" else "",
            age=max(served.asked - known.clock, 0),
            known_for=judgement.known_for,
            is_held=served.is_held or not served.is_found,
            verdicts=_verdicts(row, part, requests, judgement, served, known, terms),
            run=known.run,
            is_found=served.is_found,
            does_tell=served.version is not None and served.version.created is not None,
        )
        if judgement.has_before and served.is_found and served.version == served.before:
            is_latest = served.version == served.after
            found[number].otherwise = "equal" if is_latest else _since(served, known, terms)
        if judgement.verdict == "wrong":
            wrong.append(Wrong(number, served, known))
        elif "wrong" in found[number].verdicts.values():
            found[number].cause = "computed otherwise"
    if wrong:
        told = causes(warehouse, table, part, requests, wrong, terms, histories)
        for number, cause in told.items():
            found[number].cause = cause
    return found


def _rows(answers: Columns) -> Iterator[dict[str, Any]]:
    for values in zip(*answers.values(), strict=True):
        yield dict(zip(answers, values, strict=True))


def _bounds(requests: Columns, part: Part, number: int, runs: Runs) -> Bounds | str:
    """What readers can have known, or why that cannot be told."""
    place = part.place
    known = runs.bounds(
        requests[f"generation_{place}"][number],
        requests["requested_at"][number],
        requests[f"run_{place}"][number],
        requests["clock"][number],
    )
    if known is None:
        return "no run over its generation is in the publication log; drain that too"
    if not known.run.rule:
        return "the run before it was noted by an earlier version"
    if known.run.rule != rule_of(declaration(part.declared.view)):
        return "the view had other keys, timestamps or another lag then"
    return known


def _served(row: Mapping[str, Any], requests: Columns, part: Part, number: int) -> Served:
    place = part.place
    names = [name for name in row if name.startswith("before_differs_")]
    instants = set(part.declared.instants)
    stored = [name for name, value in zip(names, part.values, strict=True) if value not in instants]
    return Served(
        is_found=requests[f"status_{place}"][number] == "found",
        version=version(
            requests[f"event_timestamp_{place}"][number],
            requests[f"created_timestamp_{place}"][number],
        ),
        asked=requests["clock"][number],
        before=version(row["before_event"], row["before_created"]),
        is_before=not any(row[name] for name in stored),
        after=version(row["after_event"], row["after_created"]),
        is_held=bool(row["held"]),
    )


def _verdicts(
    row: Mapping[str, Any],
    part: Part,
    requests: Columns,
    judgement: Judgement,
    served: Served,
    bounds: Bounds,
    terms: View,
) -> dict[str, str]:
    """Of the values that are not what they would be at the instant that was asked for."""
    after = "after" if judgement.has_after else "default"
    before = "before" if judgement.has_before else "default"
    found: dict[str, str] = {}
    for place, name in enumerate(part.values):
        if not requests[f"differs_{name}"][row["number"]] or not row[f"{after}_differs_{place}"]:
            continue
        verdict = judgement.verdict
        if verdict == "wrong" and not row[f"{before}_differs_{place}"]:
            # Of a row that is wrong this value is right, at the clock of the run.
            verdict = _since(served, bounds, terms)
        if verdict == "equal" and served.is_found and served.version == served.after:
            # An age or an event timestamp that is not that of the row.
            verdict = "wrong"
        if verdict != "equal":
            found[name] = verdict
    return found


def _since(served: Served, bounds: Bounds, terms: View) -> str:
    """What a value is that was right at the clock of the run, and is another now."""
    due = served.after.event + terms.lag if served.after else 0
    return "late" if due <= bounds.clock else "stale"
