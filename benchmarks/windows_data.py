"""Generated events and labels for window views, and the right answers; kept in ``.bench``.

Instants are whole seconds, so that events and labels meet; one value of fifty is missing.
"""

import shutil
from pathlib import Path

import duckdb

from benchmarks import data, windows_sql
from benchmarks.workloads import Workload

__all__ = ["DENSE", "SPARSE", "Events", "checksums", "database", "make", "make_view", "order_lines"]

VALUES = 100
"""How many values the column has: few enough that they recur within a window."""

ANSWERS = {
    "windows": windows_sql.frames,
    "labels": windows_sql.range_join,
    "distinct": windows_sql.distinct_join,
}
VALUE_COLUMNS = {*windows_sql.COLUMNS, *windows_sql.DISTINCT_COLUMNS}


class Events(Workload, frozen=True, kw_only=True):
    """Events over one year, and labels that ask for the windows before them."""

    views: int = 1

    def __str__(self) -> str:
        return f"{self.rows:,} events, {self.keys:,} keys, {self.labels:,} labels"


SPARSE = Events(name="windows", rows=1_000_000, keys=10_000, labels=100_000)
DENSE = Events(name="windows_dense", rows=1_000_000, keys=100, labels=100_000)


def database(workload: Workload) -> Path:
    """The DuckDB file with ``visits``, ``labels`` and the checksums of right answers."""
    shape = (workload.name, workload.labels, workload.rows, workload.keys)
    return data.FOLDER / "data" / "-".join(map(str, shape)) / "data.duckdb"


def make(workload: Workload, *answers: str) -> None:
    """Make a workload's database and some of ANSWERS, unless they are there."""
    file = database(workload)
    if not file.exists():
        print(f"generating {workload.name}: {workload}", flush=True)
        draft = file.parent.with_name(f"{file.parent.name} unfinished")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with duckdb.connect(draft / file.name) as connection:
            connection.execute(_events(workload))
            connection.execute(_labels(workload))
            connection.execute("create table answers (answer text, name text, checksum hugeint)")
        draft.rename(file.parent)
    with duckdb.connect(file) as connection:
        known = connection.execute("select distinct answer from answers").fetchall()
        for answer in set(answers) - {name for (name,) in known}:
            print(f"answering {workload.name}: {answer}", flush=True)
            connection.execute(f"create temp table answered as {ANSWERS[answer]()}")
            found = checksums(connection, "answered")
            connection.executemany(
                "insert into answers values (?, ?, ?)",
                [(answer, name, checksum) for name, checksum in found.items()],
            )
            connection.execute("drop table answered")


def make_view(workload: Workload, sql: str) -> None:
    """Make the window view itself anew as table ``windows``."""
    print(f"building the view of {workload.name}", flush=True)
    with duckdb.connect(database(workload)) as connection:
        connection.execute(f"create or replace table windows as {sql}")


def order_lines(count: int, *, apart: bool) -> str:
    """The SQL of a table ``order_lines``: about 22 lines an order, few customers with most of them.

    The lines of an order have one instant, or are a second ``apart`` from each other. A fifth is
    loaded up to two weeks late.
    """
    orders = count // 22
    line = "order_id * 1000 + line"

    def share(text: str, seed: int) -> str:
        return f"((hash({text}, {seed}) >> 11) / 9007199254740992.0)"

    minutes = f"floor({data.YEAR_SECONDS // 60} * {share('i', 2)})"
    return f"""
        create or replace table order_lines as
        with orders as (
            select
                i as order_id,
                cast(floor({max(1, count // 90)} * power({share("i", 1)}, 2.5)) as bigint)
                    as customer_id,
                timestamp '2024-01-01' + to_minutes(cast({minutes} as bigint)) as ordered_at,
                cast(1 + floor(-21.5 * ln(1 - {share("i", 3)})) as bigint) as lines
            from range({orders}) as numbers(i)
        )
        select
            customer_id,
            order_id,
            ordered_at{" + to_seconds(line)" if apart else ""} as ordered_at,
            ordered_at + to_minutes(
                cast(if(hash({line}, 8) % 5 = 0, hash({line}, 9) % 20000, 1) as bigint)
            ) as loaded_at,
            cast(floor(3900 * power({share(line, 4)}, 2)) as integer) as product_id,
            cast(hash({line}, 7) % 12 as integer) as category_id,
            cast(hash({line}, 5) % 24 + 1 as integer) as quantity,
            cast((hash({line}, 6) % 2000) / 100.0 as decimal(10, 2)) as price
        from orders, range(lines) as numbers(line)
    """


def checksums(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    """A checksum of every column of a table with the rows' keys, whatever the order of rows."""
    columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
    keys = ["label_id"] if "label_id" in columns else ["k", "changed_at"]
    names = [*keys, *(name for name in columns if name in VALUE_COLUMNS)]
    sums = ", ".join(f"sum(hash({', '.join([*keys, _canonical(name)])}))" for name in names)
    found = connection.execute(f"select {sums} from {table}").fetchone()
    assert found is not None
    return dict(zip(names, map(int, found), strict=True))


def _canonical(name: str) -> str:
    if "avg" in name:
        # Means that were computed in another way differ in the last bit.
        return f"round(cast({name} as double), 9)"
    return f"cast({name} as bigint)" if name in VALUE_COLUMNS else name


def _events(workload: Workload) -> str:
    return f"""
        create table visits as
        select
            cast(hash(i, 1) % {workload.keys} as bigint) as k,
            {_instant(workload.rows, 2)} as ts,
            case when hash(i, 4) % 50 <> 0 then cast(hash(i, 3) % {VALUES} as integer) - 20 end as x
        from range({workload.rows}) as numbers(i)
    """


def _labels(workload: Workload) -> str:
    return f"""
        create table labels as
        select
            i as label_id,
            cast(hash(i, 5) % {workload.keys} as bigint) as k,
            {_instant(workload.labels, 6)} as asked_at,
            hash(i, 7) % 5 = 0 as label
        from range({workload.labels}) as numbers(i)
    """


def _instant(count: int, seed: int) -> str:
    unit = f"((hash(i, {seed}) >> 11) / 9007199254740992.0)"
    share = f"(i / {count} + {data.LATENESS} * {unit}) / {1 + data.LATENESS}"
    seconds = f"floor({data.YEAR_SECONDS} * {share})"
    return f"timestamp '2024-01-01' + to_seconds(cast({seconds} as bigint))"
