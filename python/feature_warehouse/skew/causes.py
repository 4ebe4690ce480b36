"""Why a served row is wrong, as far as versions and the publication log tell."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.engines import Warehouse
from feature_warehouse.engines.dialect import quote
from feature_warehouse.publishing.run_plan import declaration
from feature_warehouse.redis_store.publication_log import columns_of
from feature_warehouse.skew.asked import Columns, columns, load
from feature_warehouse.skew.judge import Served, Version, View
from feature_warehouse.skew.log_table import ASKED, LogTable, Part
from feature_warehouse.skew.runs import Bounds, Run

__all__ = ["Histories", "Wrong", "causes"]

_MOST_HISTORIES: Final = 50
"""Runs of which it is looked up whether the warehouse still says what they saw."""


class Wrong(NamedTuple):
    """A wrong row of the request with a number."""

    number: int
    served: Served
    bounds: Bounds


class Histories:
    """Whether the warehouse still says what runs over one view saw; looked up once for each."""

    def __init__(self, warehouse: Warehouse, view: FeatureView) -> None:
        self._warehouse, self._view = warehouse, view
        self._found: dict[Run, bool | None] = {}

    def is_rewritten(self, run: Run) -> bool | None:
        """None if that is not known."""
        if run not in self._found:
            is_known = len(self._found) < _MOST_HISTORIES
            self._found[run] = _is_rewritten(self._warehouse, self._view, run) if is_known else None
        return self._found[run]


def causes(
    warehouse: Warehouse,
    table: LogTable,
    part: Part,
    requests: Columns,
    wrong: Sequence[Wrong],
    terms: View,
    histories: Histories,
) -> dict[int, str]:
    """One of ``report.CAUSES`` for each, by the number of the request."""
    gone = [(one.number, one.served.before) for one in wrong if one.served.version is None]
    lost = _were_there(warehouse, table, part, requests, gone)
    found: dict[int, str] = {}
    for number, served, bounds in wrong:
        is_rewritten = histories.is_rewritten(bounds.run)
        found[number] = _cause(
            served, bounds, terms, is_rewritten=is_rewritten, is_lost=number in lost
        )
    return found


def _cause(
    served: Served, bounds: Bounds, view: View, *, is_rewritten: bool | None, is_lost: bool
) -> str:
    """One of ``report.CAUSES``."""
    version = served.version
    if version is not None and served.is_held and view.available(version) > bounds.upper:
        return "ahead"
    if is_lost:
        return "lost"
    if is_rewritten:
        return "rewritten"
    if version is None or served.is_held:
        return "not written"
    return "changed" if is_rewritten is False else "changed or rewritten"


def _is_rewritten(warehouse: Warehouse, view: FeatureView, run: Run) -> bool | None:
    """Whether the rows that a run must have seen are others now; None if that is not known."""
    if not run.history or run.columns != columns_of(declaration(view)):
        return None
    now = warehouse.inspect(view, run.clock, run.watermark, (run.clock, run.watermark)).history_then
    # Behind the blank are rows that were loaded during the build, which it may not have seen.
    return now.partition(" ")[0] != run.history.partition(" ")[0]


def _were_there(
    warehouse: Warehouse,
    table: LogTable,
    part: Part,
    requests: Columns,
    gone: Sequence[tuple[int, Version | None]],
) -> set[int]:
    """The requests that got nothing of a row which an earlier one had got, of one generation."""
    wanted = [(number, row.event) for number, row in gone if row is not None]
    if not wanted:
        return set()
    numbers, events = zip(*wanted, strict=True)
    load(warehouse, table, requests, numbers, events, events)
    keys = [quote(key) for key in part.declared.join_keys.values()]
    ours = {role: quote(name) for role, name in {**table.columns, **part.columns}.items()}
    prefix = table.prefix
    conditions = [f"earlier.{key} = log.{key}" for key in keys]
    conditions += [
        f"earlier.{ours['generation']} = log.{ours['generation']}",
        f"earlier.{ours['requested_at']} < log.{ours['requested_at']}",
        f"earlier.{ours['event_timestamp']} = asked.{prefix}base",
    ]
    query = (
        f"select distinct asked.{prefix}number as number from {ASKED} as asked"
        f" inner join {table.relation} as log on log.{ours['read_id']} = cast(asked.{prefix}read as"
        f" uuid) and log.{ours['position']} = asked.{prefix}place"
        f" inner join {table.relation} as earlier on {' and '.join(conditions)}"
    )
    return {*columns(warehouse, query, "the request log", 0)["number"]}
