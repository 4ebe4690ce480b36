"""The same windows by polars, from a frame in memory. Sorting is part of it."""

from datetime import timedelta

import duckdb
import polars as pl

from benchmarks import windows_data
from benchmarks.clocks import Clock
from benchmarks.windows_sql import DAYS
from benchmarks.workloads import Workload

__all__ = ["FORMS", "roll"]


def roll(workload: Workload, form: str, clock: Clock) -> object:
    """The window view as an Arrow table, made by one of FORMS."""
    with duckdb.connect(windows_data.database(workload), read_only=True) as connection:
        visits = connection.table("visits").pl()
    with clock:
        states = FORMS[form](_instants(visits))
        # Of rows at one instant, the last has seen all of them.
        is_last = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in ("k", "ts"))
        result = states.filter(is_last.fill_null(value=True)).select(
            "k", pl.col("ts").alias("changed_at"), *_finished()
        )
    return result.to_arrow()


def _instants(visits: pl.DataFrame) -> pl.DataFrame:
    """Events, and a row without values whenever one leaves a window."""
    leaving = [
        visits.select(
            "k",
            pl.col("ts") + timedelta(days=days),
            pl.lit(None, pl.Int32).alias("x"),
            pl.lit(0, pl.Int32).alias("event"),
        )
        for days in DAYS
    ]
    entering = visits.with_columns(event=pl.lit(1, pl.Int32))
    return pl.concat([entering, *leaving]).sort("k", "ts")


def _aggregates(days: int) -> list[pl.Expr]:
    x = pl.col("x")
    return [
        pl.col("event").sum().alias(f"n{days}"),
        x.count().alias(f"m{days}"),
        x.sum().alias(f"s{days}"),
        x.min().alias(f"x_min_{days}d"),
        x.max().alias(f"x_max_{days}d"),
    ]


def _rolling(instants: pl.DataFrame) -> pl.DataFrame:
    """``DataFrame.rolling``, window by window."""
    states = instants.select("k", "ts")
    for days in DAYS:
        rolled = instants.rolling("ts", period=f"{days}d", closed="right", group_by="k")
        states = states.hstack(rolled.agg(_aggregates(days)).drop("k", "ts"))
    return states


def _rolling_by(instants: pl.DataFrame) -> pl.DataFrame:
    """``rolling_sum_by`` and its like, over keys."""
    x = pl.col("x")
    columns = []
    for days in DAYS:
        window = {"by": "ts", "window_size": f"{days}d", "closed": "right"}
        columns += [
            pl.col("event").rolling_sum_by(**window).alias(f"n{days}"),
            x.is_not_null().cast(pl.Int32).rolling_sum_by(**window).alias(f"m{days}"),
            x.cast(pl.Int64).rolling_sum_by(**window).alias(f"s{days}"),
            x.rolling_min_by(**window).alias(f"x_min_{days}d"),
            x.rolling_max_by(**window).alias(f"x_max_{days}d"),
        ]
    return instants.with_columns(column.over("k") for column in columns)


def _finished() -> list[pl.Expr]:
    some = {days: pl.col(f"m{days}") > 0 for days in DAYS}
    sums = {days: pl.col(f"s{days}").cast(pl.Int64) for days in DAYS}
    return [
        *(pl.col(f"n{days}").cast(pl.Int64).alias(f"count_{days}d") for days in DAYS),
        *(pl.when(some[days]).then(sums[days]).alias(f"x_sum_{days}d") for days in DAYS),
        *(
            pl.when(some[days]).then(sums[days] / pl.col(f"m{days}")).alias(f"x_avg_{days}d")
            for days in DAYS
        ),
        *(pl.col(f"x_{name}_{days}d") for name in ("min", "max") for days in DAYS),
    ]


FORMS = {"rolling": _rolling, "rolling_by": _rolling_by}
