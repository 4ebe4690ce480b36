"""One set of rows on trial: what is asked of it is measured, then judged by Great Expectations."""

from collections.abc import Sequence
from typing import Any

import msgspec

from feature_warehouse.errors import UsageError
from feature_warehouse.expectations import Check
from feature_warehouse.quality.chunks import measure_in_chunks
from feature_warehouse.quality.engine import metrics_of, run_checkpoint
from feature_warehouse.quality.measures import Measures
from feature_warehouse.quality.metrics import ROW_COUNT, Metric
from feature_warehouse.quality.rows import Rows

__all__ = ["Charge", "Verdict", "judge"]


class Charge(msgspec.Struct, frozen=True):
    """A check, its place among those of the view, and what Great Expectations makes of it."""

    number: int
    check: Check
    expectation: Any


class Verdict(msgspec.Struct, frozen=True):
    """What Great Expectations says, and examples of rows that failed, as texts."""

    charge: Charge
    judged: Any
    examples: list[str]


def judge(
    rows: Rows, title: str, charges: Sequence[Charge], chunk_rows: int
) -> tuple[list[Verdict], int]:
    """Run a checkpoint over the rows; its verdicts, and how many rows there are.

    UsageError for what cannot be measured.
    """
    needed = {charge.number: _needed(charge) for charge in charges}
    asked = [metric for found in needed.values() for metric in found]
    metrics = _merged([ROW_COUNT, *asked])
    measures = Measures(rows)
    measure_in_chunks(rows, measures, metrics, chunk_rows)
    try:
        answers = measures.answer(metrics)
    except ValueError as error:
        raise UsageError(f"feature view {rows.view.name!r}: {error}") from None
    count = answers[ROW_COUNT.key]
    if not charges:
        return [], count
    judged = run_checkpoint(title, [charge.expectation for charge in charges], answers)
    by_number = {one.expectation_config.meta["check"]: one for one in judged.results}
    verdicts = [
        Verdict(
            charge,
            by_number[charge.number],
            [
                text
                for metric in needed[charge.number]
                for text in measures.examples.get(metric.key, ())
            ],
        )
        for charge in charges
    ]
    return verdicts, count


def _needed(charge: Charge) -> list[Metric]:
    declared = charge.check.arguments
    return [
        msgspec.structs.replace(
            metric,
            exact={name: declared[name] for name in metric.arguments.keys() & declared.keys()},
            mostly=declared.get("mostly", 1),
        )
        for metric in metrics_of(charge.expectation)
    ]


def _merged(metrics: Sequence[Metric]) -> list[Metric]:
    """Each once, as the strictest wants it. Numbers that are one as doubles share an answer."""
    found: dict[bytes, Metric] = {}
    for metric in metrics:
        known = found.setdefault(metric.key, metric)
        if known.exact != metric.exact and known.exact and metric.exact:
            raise UsageError(
                f"{metric.subject} is asked twice with numbers that are one as doubles:"
                f" {known.exact} and {metric.exact}; keep one of them"
            )
        if metric.mostly > known.mostly:
            found[metric.key] = metric
    return list(found.values())
