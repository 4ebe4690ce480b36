"""On-demand features that were served, computed again of what they were computed from."""

from collections.abc import Iterator, Mapping, Sequence

from feature_warehouse.declarations.model import OnDemandFeature
from feature_warehouse.engines import Warehouse
from feature_warehouse.skew.asked import Columns, columns, load
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
) -> Iterator[tuple[int, str, Judged]]:
    """The values of these requests that differ: number of the request, feature, what it is.

    ``judged`` are the rows that were served, by the place of the part and the request's number.
    """
    if not numbers:
        return
    clocks = [requests["clock"][number] for number in numbers]
    load(warehouse, table, requests, numbers, clocks, clocks)
    answers = columns(warehouse, query, "the request log", len(table.prefix))
    places = {number: place for place, number in enumerate(answers["number"])}
    for which, feature in enumerate(table.on_demand):
        inputs = _parts(feature, table)
        for number in numbers:
            if not requests[f"differs_{feature.name}"][number]:
                continue
            rows = [judged[place][number] for place in inputs]
            worst = min(rows, key=lambda row: _WORST.index(row.verdict), default=Judged("equal"))
            is_other = answers[f"computed_differs_{which}"][places[number]]
            if (
                is_other
                and worst.verdict not in ("wrong", "not judged")
                and all(row.is_held for row in rows)
            ):
                worst = Judged("wrong", "computed otherwise")
            yield number, feature.name, worst


def _parts(feature: OnDemandFeature, table: LogTable) -> list[int]:
    """The places of the views that a feature is computed from."""
    views = {one.partition(":")[0] for one in feature.inputs}
    return [part.place for part in table.parts if part.declared.view.name in views]
