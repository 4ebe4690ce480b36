"""Generated data: a DuckDB file for each workload, made once and kept in ``.bench``.

Values are hashes of row numbers and seeds, so every run has the same. Rows lie in the order of
their arrival, nearly in that of time, as in a table that is appended to.
"""

import shutil
from pathlib import Path

import duckdb

from benchmarks import handwritten
from benchmarks.workloads import Workload

__all__ = ["FOLDER", "database", "make", "parquet"]

FOLDER = Path(__file__).parents[1] / ".bench"
YEAR_SECONDS = 365 * 86_400
LATENESS = 0.001
"""How far rows are out of order at most, as a share of the year."""


def database(workload: Workload) -> Path:
    """The DuckDB file of a workload."""
    return _folder(workload) / "data.duckdb"


def parquet(workload: Workload, table: str) -> Path:
    """The Parquet file of one of its tables."""
    return _folder(workload) / f"{table}.parquet"


def make(workload: Workload) -> None:
    """Make a workload's database and Parquet files, unless they are there.

    The database also has the right answers as table ``expected``, from hand-written SQL.
    """
    folder = _folder(workload)
    if folder.exists():
        return
    print(f"generating {workload.name}: {workload}", flush=True)
    draft = folder.with_name(f"{folder.name} unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with duckdb.connect(draft / "data.duckdb") as connection:
        connection.execute(_labels(workload))
        for seed, view in enumerate(workload.view_names, start=1):
            connection.execute(_view(workload, view, seed * 1_000))
        for table in ["labels", *workload.view_names]:
            connection.execute(f"copy {table} to '{draft / table}.parquet'")
        answer = handwritten.duckdb(workload)
        connection.execute(f"create table expected as {answer}")
    draft.rename(folder)


def _folder(workload: Workload) -> Path:
    shape = "-".join(
        str(part)
        for part in (
            workload.name,
            workload.labels,
            workload.views,
            workload.rows,
            workload.keys,
            workload.features,
        )
    )
    return FOLDER / "data" / shape


def _labels(workload: Workload) -> str:
    return f"""
        create table labels as
        select
            i as label_id,
            cast(hash(i, 1) % {workload.keys} as bigint) as k,
            {_instant("i", workload.labels, 2)} as asked_at,
            {_unit("i", 3)} < 0.2 as label
        from range({workload.labels}) as numbers(i)
    """


def _view(workload: Workload, view: str, seed: int) -> str:
    # With created timestamps, each tenth row has the key and the time of the one before.
    source = "(i - cast(i % 10 = 9 as bigint))" if workload.created else "i"
    created = ""
    if workload.created:
        delay = f"case when i % 10 = 8 then {_unit('i', seed + 3)} * 720 else 1 end"
        created = f"""
            {_instant(source, workload.rows, seed + 2)}
                + to_microseconds(cast(3600e6 * ({delay} + i % 10) as bigint)) as created,"""
    features = ",\n            ".join(
        f"{_unit('i', seed + 10 + number)} as {feature}"
        for number, feature in enumerate(workload.feature_names(view))
    )
    return f"""
        create table {view} as
        select
            cast(hash({source}, {seed + 1}) % {workload.keys} as bigint) as k,
            {_instant(source, workload.rows, seed + 2)} as ts,{created}
            {features}
        from range({workload.rows}) as numbers(i)
    """


def _instant(number: str, count: int, seed: int) -> str:
    share = f"({number} / {count} + {LATENESS} * {_unit(number, seed)}) / {1 + LATENESS}"
    microseconds = f"cast({YEAR_SECONDS}e6 * {share} as bigint)"
    return f"timestamp '2024-01-01' + to_microseconds({microseconds})"


def _unit(number: str, seed: int) -> str:
    """A double from 0 to below 1 that looks random."""
    return f"((hash({number}, {seed}) >> 11) / 9007199254740992.0)"
