"""Windows on PostgreSQL: the table, and the SQL that somebody who knows it would write.

Sums (with counts and means), extremes and numbers of different values are apart: what adds up can
be taken away again, the others cannot.
"""

from collections.abc import Callable

import duckdb
from adbc_driver_postgresql import dbapi

from benchmarks import windows_data
from benchmarks.windows_sql import (
    COLUMNS,
    DAYS,
    DISTINCT_COLUMNS,
    changes,
    instants,
    length,
    lines,
    shorter,
)
from benchmarks.workloads import Workload

__all__ = ["FORMS", "TASKS", "load"]

TASKS = {
    "sums": tuple(name for name in COLUMNS if "min" not in name and "max" not in name),
    "extremes": tuple(name for name in COLUMNS if "min" in name or "max" in name),
    "distinct": DISTINCT_COLUMNS,
}
"""Columns of the views."""


def load(workload: Workload, address: str) -> None:
    """Put the events on an empty server."""
    with dbapi.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        with duckdb.connect(windows_data.database(workload), read_only=True) as source:
            cursor.adbc_ingest("visits", source.table("visits").to_arrow_reader(), mode="create")
        cursor.execute("vacuum analyze")


def _sums() -> str:
    """Running sums of what enters and, negative, of what leaves."""
    running = lines(
        f"sum(case change when 0 then {one} when {number} then -{one} else 0 end) over known"
        f" as {name}{days}"
        for number, days in enumerate(DAYS, start=1)
        for name, one in (
            ("n", "1"),
            ("m", "(case when x is null then 0 else 1 end)"),
            ("s", "coalesce(x, 0)"),
        )
    )
    columns = lines(
        [f"n{days} as count_{days}d" for days in DAYS]
        + [
            f"case when m{days} > 0 then cast(s{days} as bigint) end as x_sum_{days}d"
            for days in DAYS
        ]
        + [
            f"cast(s{days} as double precision) / nullif(m{days}, 0) as x_avg_{days}d"
            for days in DAYS
        ]
    )
    return f"""
with states as (
    select k, at_, lead(at_) over known is distinct from at_ as is_last,
    {running}
    from ({changes()}) as changes
    window known as (partition by k order by at_)
)
select k, at_ as changed_at,
    {columns}
from states where is_last"""


def _frames() -> str:
    """Frames over events and the instants at which they leave."""
    columns = lines(
        f"{name}(x) over last{days} as x_{name}_{days}d" for days in DAYS for name in ("min", "max")
    )
    windows = lines(
        f"last{days} as (partition by k order by at_"
        f" range between {shorter(days)} preceding and current row)"
        for days in DAYS
    )
    return f"""
with states as (
    select k, at_, lead(at_) over known is distinct from at_ as is_last,
    {columns}
    from ({instants()}) as instants
    window known as (partition by k order by at_),
    {windows}
)
select k, at_ as changed_at,
    {lines(TASKS["extremes"])}
from states where is_last"""


def _spells() -> str:
    """A value counts from an event on that has none of its kind before it within the window."""
    begins = lines(
        f"case when x is null or ts < lag(ts) over same + {length(days)} then 0 else 1 end"
        f" as begins{days},"
        f" case when x is null or lead(ts) over same < ts + {length(days)} then 0 else -1 end"
        f" as ends{days}"
        for days in DAYS
    )
    steps = [
        f"select k, ts as at_, {', '.join(f'begins{days} as d{days}' for days in DAYS)} from spells"
    ]
    steps += [
        f"select k, ts + {length(days)}, "
        + ", ".join(f"ends{each}" if each == days else "0" for each in DAYS)
        + " from spells"
        for days in DAYS
    ]
    union = "\n    union all ".join(steps)
    running = lines(f"sum(d{days}) over known as x_count_distinct_{days}d" for days in DAYS)
    return f"""
with spells as (
    select k, ts,
    {begins}
    from visits
    window same as (partition by k, x order by ts)
),
states as (
    select k, at_, lead(at_) over known is distinct from at_ as is_last,
    {running}
    from ({union}) as steps
    window known as (partition by k order by at_)
)
select k, at_ as changed_at, {", ".join(DISTINCT_COLUMNS)}
from states where is_last"""


FORMS: dict[str, Callable[[], str]] = {"sums": _sums, "extremes": _frames, "distinct": _spells}
"""For each task the fastest; a lateral join through an index takes 3 to 12 times as long."""
