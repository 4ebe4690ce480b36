"""One measurement of windows in a process of its own: ``python -m benchmarks.windows_trial``.

As ``trial``, but results are large: they stay where they are, and checksums are compared.
"""

import sys

import duckdb
import msgspec
from adbc_driver_postgresql import dbapi

from benchmarks import windows_data
from benchmarks.clocks import Clock, ServerMemory
from benchmarks.trial import Job, Outcome
from benchmarks.windows_sql import COLUMNS

__all__ = ["POSTGRES_SECONDS", "WindowJob"]

POSTGRES_SECONDS = 300
"""Who takes longer is out of the race."""


class WindowJob(Job, frozen=True, kw_only=True):
    """``answer`` says what the result has to be, ``columns`` what of it is wanted.

    Where polars runs, ``sql`` is the name of a form.
    """

    answer: str = "windows"
    columns: tuple[str, ...] = COLUMNS


def run(job: WindowJob) -> Outcome:
    """Run a job in this process, which should be a fresh one; ``wrong`` is a number of columns."""
    clock = Clock()
    found = {"duckdb": _duckdb, "polars": _polars, "postgres": _postgres}[job.runner](job, clock)
    with duckdb.connect(windows_data.database(job.workload), read_only=True) as connection:
        connection.execute("select name, checksum from answers where answer = ?", [job.answer])
        expected = dict(connection.fetchall())
    wanted = {*job.columns, *(expected.keys() & {"k", "changed_at", "label_id"})}
    wrong = sum(found.get(name) != expected[name] for name in wanted)
    return Outcome(clock.seconds, clock.peak, wrong)


def _duckdb(job: WindowJob, clock: Clock) -> dict[str, int]:
    with duckdb.connect(windows_data.database(job.workload), read_only=True) as connection:
        with clock:
            connection.execute(f"create temp table result as {job.sql}")
        return windows_data.checksums(connection, "result")


def _polars(job: WindowJob, clock: Clock) -> dict[str, int]:
    # What it imports would count as memory of the others.
    from benchmarks.windows_polars import roll

    return _checksums(roll(job.workload, job.sql, clock))


def _postgres(job: WindowJob, clock: Clock) -> dict[str, int]:
    with dbapi.connect(job.address, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_read_file('postmaster.pid')")
        postmaster = int(cursor.fetchone()[0].split()[0])
        limit = f"set statement_timeout = '{POSTGRES_SECONDS}s'"
        for statement in (limit, "drop table if exists result"):
            cursor.execute(statement)
        with ServerMemory(postmaster) as memory, clock:
            cursor.execute(f"create unlogged table result as {job.sql}")
        clock.peak = memory.peak
        cursor.execute("select * from result")
        return _checksums(cursor.fetch_arrow_table())


def _checksums(result: object) -> dict[str, int]:
    with duckdb.connect() as connection:
        connection.register("result", result)
        return windows_data.checksums(connection, "result")


if __name__ == "__main__":
    outcome = run(msgspec.json.decode(sys.stdin.buffer.read(), type=WindowJob))
    sys.stdout.buffer.write(msgspec.json.encode(outcome))
