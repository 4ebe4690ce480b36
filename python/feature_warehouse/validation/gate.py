"""A view before it is published: its checks, on the rows and in the snapshot that are published.

What a row can fail by itself is asked of the rows about to be published; whatever concerns all of
them (their number, uniqueness, shares, quantiles) of all newest rows.
"""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from feature_warehouse.declarations.expectations import Check
from feature_warehouse.declarations.model import FeatureView
from feature_warehouse.engines import BATCH_ROWS, Warehouse
from feature_warehouse.errors import UsageError
from feature_warehouse.validation.gx.quiet import quiet
from feature_warehouse.validation.gx.report import Report
from feature_warehouse.validation.results import CheckResult, GateResult

if TYPE_CHECKING:
    from feature_warehouse.validation.gx.judge import GxResult

__all__ = ["Gate"]

_FIRST = "there is no number of rows of an earlier run to compare with"


class Gate:
    """Checks views, and makes a page of each in ``folder``, if there is one.

    Great Expectations is imported with the first view that has checks. ``chunk_rows`` is how many
    rows are in Python at a time, where it has to look at them itself.
    """

    def __init__(self, folder: Path | None = None, *, chunk_rows: int = BATCH_ROWS) -> None:
        self._folder, self._chunk_rows = folder, chunk_rows
        self._report: Report | None = None

    @property
    def index(self) -> Path | None:
        """The first page of this run's report, once there is one."""
        return self._report.index if self._report else None

    def check(
        self,
        view: FeatureView,
        warehouse: Warehouse,
        clock: int,
        *,
        since: int | None = None,
        last_rows: int | None = None,
    ) -> GateResult:
        """What is expected of the view against what is there.

        With ``since`` only entities are published that got a row since then; ``last_rows`` is how
        many newest rows the last run found. Raises UsageError for wrong arguments, and where Great
        Expectations is not installed.
        """
        checks = view.checks
        if checks is None:
            return GateResult(view.name)
        _require(view)
        started = perf_counter()
        from feature_warehouse.validation.gx.expectations import Context, expectation_of
        from feature_warehouse.validation.gx.judge import GxCheck, judge
        from feature_warehouse.validation.sql.newest_rows import Rows

        context = Context(view.event_timestamp.name, clock, last_rows)
        gx_checks: list[GxCheck] = []
        mistakes: list[str] = []
        for number, check in enumerate(checks):
            try:
                expectation = expectation_of(check, context, number)
            except UsageError as error:
                mistakes.append(str(error))
            else:
                if expectation is not None:
                    gx_checks.append(GxCheck(number, check, expectation))
        if mistakes:
            raise UsageError(f"feature view {view.name!r}: {'; '.join(mistakes)}")

        everything = Rows(view, warehouse, clock)
        if since is None:
            gx_results, count = judge(everything, view.name, gx_checks, self._chunk_rows)
            checked = count
        else:
            single = [gx_check for gx_check in gx_checks if gx_check.check.judges_rows]
            rest = [gx_check for gx_check in gx_checks if not gx_check.check.judges_rows]
            new = Rows(view, warehouse, clock, since)
            gx_results, checked = judge(new, view.name, single, self._chunk_rows)
            others, count = judge(everything, view.name, rest, self._chunk_rows)
            gx_results += others
        result = _result(view, checks, gx_results)
        result.rows, result.rows_checked = count, checked
        if self._folder is not None:
            result.report = self._page(self._folder, result)
        result.seconds = perf_counter() - started
        return result

    def _page(self, folder: Path, result: GateResult) -> str:
        if self._report is None:
            self._report = Report(folder)
        return str(self._report.add(result))


def _require(view: FeatureView) -> None:
    try:
        with quiet():
            # Only whether they can be imported.
            import feature_warehouse.validation.gx.expectations
            import feature_warehouse.validation.gx.judge
            import feature_warehouse.validation.gx.report  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"feature view {view.name!r} declares expectations, and {error.name} is not installed"
            " here; pip install 'feature-warehouse[validation]'"
        ) from None


def _result(
    view: FeatureView, checks: tuple[Check, ...], gx_results: "list[GxResult]"
) -> GateResult:
    from feature_warehouse.validation.messages import mask, result_of, skipped

    personal = {column.name for column in view.columns if column.pii}
    found: dict[int, CheckResult] = {}
    for gx_result in gx_results:
        check = gx_result.gx_check.check
        named = [view.event_timestamp.name] if check.kind == "freshness" else check.columns
        is_personal = bool(personal & set(named))
        if is_personal:
            mask(gx_result.judged)
        found[gx_result.gx_check.number] = result_of(
            check, gx_result.judged, gx_result.examples, personal=is_personal
        )
    results = [
        found[number] if number in found else skipped(check, _FIRST)
        for number, check in enumerate(checks)
    ]
    result = GateResult(view.name, checks=results)
    failed = [one for one in results if not one.success]
    result.failures = [one.reason for one in failed if one.severity == "error"]
    result.warnings = [one.reason for one in failed if one.severity == "warn"]
    if result.failures:
        result.status, result.exit_code = "failed", 1
        result.message = f"{len(result.failures)} of {len(results)} expectations failed"
    return result
