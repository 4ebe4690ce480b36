"""On-demand features that were served, computed again of what they were computed from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from feature_warehouse.engines import Warehouse
from feature_warehouse.skew.asked import Columns, columns, load
from feature_warehouse.skew.causes import Histories
from feature_warehouse.skew.log_table import LogTable
from feature_warehouse.skew.rows import Judged

__all__ = ["judge_computed"]

_WORST = ("not judged", "wrong", "late", "stale", "equal")
"""A value is the worst of what it is computed from, in this order."""


def judge_computed(
    warehouse: Warehouse,
    table: LogTable,
    query: str,
    requests: Columns,
    numbers: Sequence[int],
    judged: Mapping[int, Mapping[int, Judged]],
    histories: Mapping[int, Histories],
) -> Iterator[tuple[int, str, Judged]]:
    """The values of these requests that differ: number of the request, feature, what it is.

    ``judged`` are the rows that were served, by the place of the part and the request's number;
    ``histories`` those of the views, by the place of the part.
    """
    if not numbers:
        return
    clocks = [requests["clock"][number] for number in numbers]
    load(warehouse, table, requests, numbers, clocks, clocks)
    answers = columns(warehouse, query, "the request log", len(table.prefix))
    places = {number: place for place, number in enumerate(answers["number"])}
    shown = {name for part in table.parts for name in part.values}
    for which, feature in enumerate(table.on_demand):
        inputs = table.inputs[feature.name]
        for number in numbers:
            if not requests[f"differs_{feature.name}"][number]:
                continue
            is_other = answers[f"computed_differs_{which}"][places[number]]
            rows = {place: judged[place][number] for place in inputs.values()}
            parts = [
                _shown(rows[place], name) if name in shown else _hidden(rows[place], is_other)
                for name, place in inputs.items()
            ]
            worst = _worst(parts)
            if is_other and worst.verdict not in ("wrong", "not judged"):
                if all(row.is_held for row in rows.values()):
                    unknown = {
                        place: rows[place]
                        for name, place in inputs.items()
                        if _is_unknown(rows[place], name, is_shown=name in shown)
                    }
                    worst = _otherwise(unknown, histories)
                else:
                    worst = _worst(rows.values())
            yield number, feature.name, worst


def _worst(rows: Iterable[Judged]) -> Judged:
    return min(rows, key=lambda row: _WORST.index(row.verdict), default=Judged("equal"))


def _shown(row: Judged, name: str) -> Judged:
    """A value that the log has, as it was judged itself."""
    return msgspec.structs.replace(row, verdict=row.verdicts.get(name, "equal"))


def _hidden(row: Judged, is_other: bool) -> Judged:
    """A value that the log does not have: right if the feature is what the row's version gives."""
    if row.verdict == "wrong" and row.otherwise and not is_other:
        return msgspec.structs.replace(row, verdict=row.otherwise)
    return row


def _is_unknown(row: Judged, name: str, *, is_shown: bool) -> bool:
    """Whether the warehouse may have another value now for the version that was served."""
    return row.is_found and (not is_shown or (not row.does_tell and name in row.verdicts))


def _otherwise(unknown: Mapping[int, Judged], histories: Mapping[int, Histories]) -> Judged:
    """A feature that is not what the versions of the rows give that were served.

    Of ``unknown`` rows the warehouse may have had other values of what the feature reads.
    """
    for place, row in unknown.items():
        if row.run is not None and histories[place].is_rewritten(row.run):
            return Judged("wrong", "rewritten")
    for row in unknown.values():
        if not row.does_tell:
            # A row that ties with the one that was served may have come since.
            return msgspec.structs.replace(row, verdict="late")
    return Judged("wrong", "hidden input" if unknown else "computed otherwise")
