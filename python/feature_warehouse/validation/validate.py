"""The gate by itself, of all newest rows and without publishing any."""

from collections.abc import Callable, Collection, Iterator

from feature_warehouse.declarations.model import FeatureView, Registry
from feature_warehouse.engines import Warehouse
from feature_warehouse.errors import FeatureWarehouseError, UsageError
from feature_warehouse.validation.gate import Gate
from feature_warehouse.validation.results import GateResult

__all__ = ["LastRows", "validate"]

LastRows = Callable[[str], int | None]
"""How many newest rows of a view the last run found, as far as is known."""


def validate(
    registry: Registry,
    warehouse: Warehouse,
    gate: Gate,
    clock: int,
    *,
    selected: Collection[str] | None = None,
    last_rows: LastRows | None = None,
) -> Iterator[GateResult]:
    """Check all gated views, online or not; what is wrong with one is in its result.

    Without ``last_rows``, which Redis knows, a view that compares with them cannot be checked.
    """
    for view in registry.views.values():
        if view.checks is None or not (selected is None or view.unique_id in selected):
            continue
        try:
            last = _last(view, last_rows)
            warehouse.refresh()
            warehouse.schema(view)  # types that nothing enforces
            yield gate.check(view, warehouse, clock, last_rows=last)
        except FeatureWarehouseError as error:
            yield GateResult(
                view.name, status="error", message=str(error), exit_code=error.exit_code
            )


def _last(view: FeatureView, last_rows: LastRows | None) -> int | None:
    if last_rows is not None:
        return last_rows(view.name)
    if any(check.kind == "row_count_change" for check in view.checks or ()):
        raise UsageError(
            "row_count_change compares with what the last run published; set REDIS_URL or pass"
            " --redis-url"
        )
    return None
