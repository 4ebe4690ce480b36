"""One measurement in a process of its own: ``python -m benchmarks.trial < job.json``.

Imports, connecting and loading are not timed. The outcome goes to standard output as JSON.
"""

import sys
from collections.abc import Callable
from typing import Any

import duckdb
import msgspec
from adbc_driver_postgresql import dbapi

from benchmarks import data
from benchmarks.clocks import Clock, ServerMemory
from benchmarks.workloads import Workload

__all__ = ["Job", "Outcome"]

POSTGRES_SECONDS = 120
"""Who takes longer is out of the race."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: ``runner`` is a key of RUNNERS, ``sql`` is for those that take it.

    The result goes into a table, with ``fetch`` into Arrow instead. ``address`` is that of a
    PostgreSQL server, ``settings`` are statements to run before. ``check`` compares the result
    with what the workload expects.
    """

    runner: str
    workload: Workload
    sql: str = ""
    settings: tuple[str, ...] = ()
    fetch: bool = False
    check: bool = True
    address: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """Seconds, peak memory in bytes, and how many label rows have a wrong answer."""

    seconds: float
    peak: int
    wrong: int | None = None


def run(job: Job) -> Outcome:
    """Run a job in this process, which should be a fresh one."""
    clock = Clock()
    result = RUNNERS[job.runner](job, clock)
    wrong = _count_wrong(job.workload, result) if job.check else None
    return Outcome(clock.seconds, clock.peak, wrong)


def _duckdb(job: Job, clock: Clock) -> Any:
    # A temporary table: writing a lasting one costs all forms the same, and varies.
    with duckdb.connect(data.database(job.workload), read_only=True) as connection:
        for statement in job.settings:
            connection.execute(statement)
        if not job.fetch:
            with clock:
                connection.execute(f"create temp table result as {job.sql}")
            return connection.sql("from result").to_arrow_table()
        with clock:
            return connection.sql(job.sql).to_arrow_table()


def _postgres(job: Job, clock: Clock) -> Any:
    result: Any = None
    with dbapi.connect(job.address, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_read_file('postmaster.pid')")
        postmaster = int(cursor.fetchone()[0].split()[0])
        limit = f"set statement_timeout = '{POSTGRES_SECONDS}s'"
        for statement in (limit, *job.settings, "drop table if exists result"):
            cursor.execute(statement)
        with ServerMemory(postmaster) as memory, clock:
            if job.fetch:
                cursor.execute(job.sql)
                result = cursor.fetch_arrow_table()
            elif job.check:
                cursor.execute(f"create unlogged table result as {job.sql}")
            else:
                for statement in job.sql.split(";"):
                    cursor.execute(statement)
        clock.peak = memory.peak
        if job.check and not job.fetch:
            cursor.execute("select * from result")
            result = cursor.fetch_arrow_table()
    return result


# What they import would count as memory of the others.
def _polars(job: Job, clock: Clock) -> Any:
    from benchmarks.frames import join_polars

    return join_polars(job.workload, clock)


def _pandas(job: Job, clock: Clock) -> Any:
    from benchmarks.frames import join_pandas

    return join_pandas(job.workload, clock)


def _feast(job: Job, clock: Clock) -> Any:
    from benchmarks.feast_store import join_feast

    return join_feast(job.workload, job.address, clock)


RUNNERS: dict[str, Callable[[Job, Clock], Any]] = {
    "duckdb": _duckdb,
    "postgres": _postgres,
    "polars": _polars,
    "pandas": _pandas,
    "feast": _feast,
}


def _count_wrong(workload: Workload, result: Any) -> int:
    """Count labels that are lost, doubled, or have another feature than expected."""
    columns = ["label_id", *workload.all_features]
    rows = [f"hash({', '.join(f'{table}.{name}' for name in columns)})" for table in "er"]
    with duckdb.connect(data.database(workload), read_only=True) as connection:
        connection.register("result", result)
        found = connection.execute(
            f"select abs(count(e.label_id) - (select count(*) from expected))"
            f" + abs(count(r.label_id) - (select count(*) from expected))"
            f" + count(*) filter (where {rows[0]} is distinct from {rows[1]})"
            " from expected as e full join result as r on e.label_id = r.label_id"
        ).fetchone()
    assert found is not None
    return int(found[0])


if __name__ == "__main__":
    outcome = run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job))
    sys.stdout.buffer.write(msgspec.json.encode(outcome))
