"""What is asked of one set of rows is measured, then judged by Great Expectations."""

from collections.abc import Sequence
from typing import Any

import msgspec

from feature_warehouse.declarations.expectations import Check
from feature_warehouse.errors import UsageError
from feature_warehouse.validation.gx.chunks import measure_in_chunks
from feature_warehouse.validation.gx.engine import metrics_of, run_checkpoint
from feature_warehouse.validation.sql.compute import Measures
from feature_warehouse.validation.sql.metric import ROW_COUNT, Metric
from feature_warehouse.validation.sql.newest_rows import Rows

__all__ = ["GxCheck", "GxResult", "judge"]


class GxCheck(msgspec.Struct, frozen=True):
    """A check, its place among those of the view, and what Great Expectations makes of it."""

    number: int
    check: Check
    expectation: Any


class GxResult(msgspec.Struct, frozen=True):
    """What Great Expectations says, and examples of rows that failed, as texts."""

    gx_check: GxCheck
    judged: Any
    examples: list[str]


def judge(
    rows: Rows, title: str, gx_checks: Sequence[GxCheck], chunk_rows: int
) -> tuple[list[GxResult], int]:
    """Run a checkpoint over the rows; its results, and how many rows there are.

    UsageError for what cannot be measured.
    """
    needed = {gx_check.number: _needed(gx_check) for gx_check in gx_checks}
    asked = [metric for found in needed.values() for metric in found]
    metrics = _merged([ROW_COUNT, *asked])
    measures = Measures(rows)
    measure_in_chunks(rows, measures, metrics, chunk_rows)
    try:
        answers = measures.answer(metrics)
    except ValueError as error:
        raise UsageError(f"feature view {rows.view.name!r}: {error}") from None
    count = answers[ROW_COUNT.key]
    if not gx_checks:
        return [], count
    judged = run_checkpoint(title, [gx_check.expectation for gx_check in gx_checks], answers)
    by_number = {one.expectation_config.meta["check"]: one for one in judged.results}
    gx_results = [
        GxResult(
            gx_check,
            by_number[gx_check.number],
            [
                text
                for metric in needed[gx_check.number]
                for text in measures.examples.get(metric.key, ())
            ],
        )
        for gx_check in gx_checks
    ]
    return gx_results, count


def _needed(gx_check: GxCheck) -> list[Metric]:
    declared = gx_check.check.arguments
    return [
        msgspec.structs.replace(
            metric,
            exact={name: declared[name] for name in metric.arguments.keys() & declared.keys()},
            mostly=declared.get("mostly", 1),
        )
        for metric in metrics_of(gx_check.expectation)
    ]


def _merged(metrics: Sequence[Metric]) -> list[Metric]:
    """Each once, as the strictest wants it. Numbers that are one as doubles share an answer."""
    found: dict[bytes, Metric] = {}
    for metric in metrics:
        known = found.setdefault(metric.key, metric)
        if known.exact != metric.exact and known.exact and metric.exact:
            raise UsageError(
                f"{metric.subject} is used twice with numbers that are equal as doubles:"
                f" {known.exact} and {metric.exact}; keep one of them"
            )
        if metric.mostly > known.mostly:
            found[metric.key] = metric
    return list(found.values())
