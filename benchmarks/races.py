"""Who is measured against whom."""

from collections.abc import Iterator, Mapping

import msgspec

from benchmarks import handwritten, postgres
from benchmarks.trial import Job
from benchmarks.workloads import Workload

__all__ = ["GROWTH", "Race", "duckdb_races", "growth_race", "memory_race", "postgres_races"]

Compiled = Mapping[tuple[str, str], str]
"""SQL of ours, by names of workload and variant."""

GROWTH = "growth"
HAND = "hand-written"
MEMORY_LIMIT = "1GB"


class Race(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs that are run in turn; the first entrant is what the others are compared with.

    ``sums`` are further entrants, each the time of two others together.
    """

    title: str
    entrants: dict[str, Job]
    sums: dict[str, tuple[str, str]] = {}


def duckdb_races(workload: Workload, ours: Compiled, peers: bool = True) -> Iterator[Race]:
    """The join into a table, then into Arrow with the peers."""
    tables = ours[workload.name, "table"]
    hand = handwritten.duckdb(workload)
    entrants = {
        HAND: Job(runner="duckdb", workload=workload, sql=hand),
        "ours": Job(runner="duckdb", workload=workload, sql=tables),
        "ours, of dbt views": Job(
            runner="duckdb", workload=workload, sql=ours[workload.name, "view"]
        ),
    }
    if not workload.created:
        entrants[f"{HAND}, views apart"] = Job(
            runner="duckdb", workload=workload, sql=handwritten.duckdb_apart(workload)
        )
    if workload.created:
        entrants[f"{HAND}, created timestamps ignored"] = Job(
            runner="duckdb",
            workload=workload,
            sql=handwritten.duckdb(workload, created=False),
            check=False,
        )
    yield Race(title="DuckDB, into a table", entrants=entrants)
    if not peers:
        return
    entrants = {
        HAND: Job(runner="duckdb", workload=workload, sql=hand, fetch=True),
        "ours": Job(runner="duckdb", workload=workload, sql=tables, fetch=True),
        "Feast, DuckDB store": Job(runner="feast", workload=workload),
    }
    if not workload.created:
        entrants["polars"] = Job(runner="polars", workload=workload)
        entrants["pandas"] = Job(runner="pandas", workload=workload)
    yield Race(title="DuckDB and data frames, into Arrow", entrants=entrants)


def memory_race(workload: Workload, ours: Compiled) -> Race:
    """The join with and without a limit to DuckDB's memory."""
    forms = {HAND: handwritten.duckdb(workload), "ours": ours[workload.name, "table"]}
    limit = f"set memory_limit = '{MEMORY_LIMIT}'"
    free = {
        name: Job(runner="duckdb", workload=workload, sql=sql)
        for name, sql in reversed(forms.items())
    }
    limited = {
        f"{name}, at most {MEMORY_LIMIT}": msgspec.structs.replace(job, settings=(limit,))
        for name, job in free.items()
    }
    return Race(title="DuckDB with limited memory, into a table", entrants=free | limited)


def growth_race(workload: Workload, ours: Compiled) -> Race:
    """What is drawn over the size of the data."""
    tables = ours[workload.name, "table"]
    jobs = {
        HAND: Job(runner="duckdb", workload=workload, sql=handwritten.duckdb(workload)),
        "ours": Job(runner="duckdb", workload=workload, sql=tables),
        "Feast, DuckDB store": Job(runner="feast", workload=workload),
    }
    return Race(title=GROWTH, entrants=jobs)


def postgres_races(
    workload: Workload, ours: Compiled, address: str, peers: bool = True
) -> Iterator[Race]:
    """All hand-written forms and ours into a table, then with Feast into Arrow."""
    forms = handwritten.POSTGRES_CREATED if workload.created else handwritten.POSTGRES
    indexed = (f"set search_path to {postgres.INDEXED}",)

    def job(sql: str, settings: tuple[str, ...] = (), fetch: bool = False) -> Job:
        return Job(
            runner="postgres",
            workload=workload,
            address=address,
            sql=sql,
            settings=settings,
            fetch=fetch,
        )

    with_index = {
        f"{HAND} lateral": job(forms["lateral"](workload), indexed),
        "ours, index declared": job(ours[workload.name, "indexed"], indexed),
    }
    without = {
        f"{HAND} {name}": job(form(workload)) for name, form in forms.items() if name != "lateral"
    }
    without["ours, no index"] = job(ours[workload.name, "table"])
    build = Job(
        runner="postgres",
        workload=workload,
        address=address,
        sql=";".join(postgres.create_indexes(workload)),
        settings=tuple(postgres.drop_indexes(workload)),
        check=False,
    )
    yield Race(
        title="PostgreSQL, into a table",
        entrants=with_index | {"building the indexes": build} | without,
        sums={f"{name}, and building": (name, "building the indexes") for name in with_index},
    )
    if not peers:
        return
    fetching = with_index | {"ours, no index": without["ours, no index"]}
    yield Race(
        title="PostgreSQL, into Arrow",
        entrants={
            name: msgspec.structs.replace(each, fetch=True) for name, each in fetching.items()
        }
        | {"Feast, PostgreSQL store": Job(runner="feast", workload=workload, address=address)},
    )
