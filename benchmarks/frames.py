"""The same join by polars and pandas, from frames in memory. Sorting is part of it."""

from datetime import timedelta
from typing import Any

import duckdb

from benchmarks import data
from benchmarks.clocks import Clock
from benchmarks.workloads import TTL_DAYS, Workload

__all__ = ["join_pandas", "join_polars"]

TTL = timedelta(days=TTL_DAYS)


def join_polars(workload: Workload, clock: Clock) -> Any:
    """``join_asof``, view by view."""
    labels, views = _load(workload, "pl")
    with clock:
        result = labels.sort("asked_at")
        for view in views:
            result = result.join_asof(
                view.sort("ts"),
                left_on="asked_at",
                right_on="ts",
                by="k",
                tolerance=TTL,
                check_sortedness=False,  # it cannot check within keys, and would warn
            ).drop("ts", strict=False)
    return result.to_arrow()


def join_pandas(workload: Workload, clock: Clock) -> Any:
    """``merge_asof``, view by view."""
    import pandas as pd

    labels, views = _load(workload, "df")
    with clock:
        result = labels.sort_values("asked_at")
        for view in views:
            result = pd.merge_asof(
                result,
                view.sort_values("ts"),
                left_on="asked_at",
                right_on="ts",
                by="k",
                tolerance=pd.Timedelta(TTL),
            ).drop(columns="ts")
    return result


def _load(workload: Workload, method: str) -> tuple[Any, list[Any]]:
    """Read labels and views into frames, by the method of a DuckDB relation."""
    with duckdb.connect(data.database(workload), read_only=True) as connection:
        labels, *views = [
            getattr(connection.table(table), method)() for table in ("labels", *workload.view_names)
        ]
    return labels, views
