"""Window views: how long they take to build, to join and to grow, beside SQL by hand and polars."""

import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from benchmarks import (
    host,
    measure,
    postgres,
    report,
    windows_data,
    windows_host,
    windows_postgres,
    windows_sql,
)
from benchmarks.measure import Standing
from benchmarks.races import Race
from benchmarks.trial import Job
from benchmarks.windows_data import DENSE, SPARSE
from benchmarks.windows_trial import WindowJob
from benchmarks.workloads import Workload

__all__ = ["SIZE", "Options", "run"]

SIZE = 10.0
"""Million events of the largest workload."""

SHARES = (0.03, 0.1, 0.3, 1.0)
"""Of that, how much is built to see how time grows; the second is what PostgreSQL gets."""

OURS = "ours"
HAND = "hand-written"
FAST_FORMS = ("streamed", "carried")
TRIAL = "benchmarks.windows_trial"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure: ``size`` is in million events."""

    engines: Sequence[str]
    rounds: int
    peers: bool
    package: Path = host.ROOT
    size: float = SIZE


class _Report:
    """What was found so far, written after each race."""

    def __init__(self, file: Path, machine: str, rounds: int) -> None:
        self._file = file
        self._heading = f"# Windows\n\n{machine}\n"
        self._goals = [["ratio of times", "found", "goal"], ["---", "---:", "---:"]]
        self._parts: list[str] = []
        self._rounds = rounds

    def race(self, title: str, entrants: dict[str, Job], rounds: int | None = None) -> Standing:
        """Run a race and write its table."""
        standing = measure.run(
            Race(title=title, entrants=entrants), rounds or self._rounds, trial=TRIAL
        )
        table = report.table(standing).replace("wrong rows", "wrong columns")
        self.part(title, next(iter(entrants.values())).workload, standing.rounds, table)
        return standing

    def part(self, title: str, workload: Workload, rounds: int, table: str) -> None:
        """Add a table."""
        load = os.getloadavg()[0]
        self._parts.append(
            f"## {title}\n\n{workload}; {rounds} rounds; load at the end {load:.1f}.\n\n{table}"
        )
        self._write()

    def goal(self, what: str, found: float, wanted: str = "") -> None:
        """Add a line to the table of goals, which stands first."""
        self._goals.append([what, f"{found:.2f}", wanted])
        self._write()

    def _write(self) -> None:
        goals = "\n".join(f"| {' | '.join(row)} |" for row in self._goals) + "\n"
        self._file.write_text("\n".join([self._heading, goals, *self._parts]), encoding="utf-8")


def run(options: Options, folder: Path, machine: str) -> None:
    """Measure everything; results go into ``windows.md``, one for PostgreSQL, and a picture."""
    if "duckdb" in options.engines:
        found = _Report(folder / "windows.md", machine, options.rounds)
        profile: dict[str, Any] = {"type": "duckdb", "path": ":memory:"}
        ours = windows_host.compile_views(profile, options.package)
        _all_forms(found, ours, options)
        _builds(found, ours, options, folder)
        _joins(found, ours, options)
        _grows(found, options)
    if "postgres" in options.engines:
        _on_postgres(_Report(folder / "windows-postgres.md", machine, options.rounds), options)


def _all_forms(found: _Report, ours: dict[str, str], options: Options) -> None:
    """How the forms compare on fewer events, so that the largest are left to the fastest."""
    for shape, keys in ((SPARSE, "sparse"), (DENSE, "dense")):
        workload = shape.scaled(options.size * SHARES[1])
        windows_data.make(workload, "windows")
        entrants = _entrants(workload, tuple(windows_sql.FORMS), ours, options.peers)
        if options.peers:
            entrants["polars, rolling_by"] = WindowJob(
                runner="polars", workload=workload, sql="rolling_by"
            )
        found.race(f"All forms, {keys} keys", entrants)


def _builds(found: _Report, ours: dict[str, str], options: Options, folder: Path) -> None:
    sizes = [options.size * share for share in SHARES]
    standings: list[Standing] = []
    for size in sizes:
        workload = SPARSE.scaled(size)
        windows_data.make(workload, "windows")
        entrants = _entrants(workload, FAST_FORMS, ours, options.peers)
        standings.append(found.race(f"{size:g} M events, built", entrants))
        shown = sizes[: len(standings)]
        report.draw_growth(standings, shown, folder / "windows.svg", "million events")
    ratios, peaks = _ratios(standings[-1])
    fastest = _fastest(standings[-1])
    found.goal(f"build, to the best by hand, {fastest}", ratios[OURS] / ratios[fastest], "<= 1.3")
    found.goal("its peak memory, to the same", peaks[OURS] / peaks[fastest])
    if options.peers:
        found.goal("build, to polars", ratios[OURS] / ratios["polars"], "< 1")


def _entrants(
    workload: Workload, forms: Sequence[str], ours: dict[str, str], peers: bool
) -> dict[str, Job]:
    entrants: dict[str, Job] = {
        f"{HAND}, {form}": WindowJob(
            runner="duckdb", workload=workload, sql=windows_sql.FORMS[form]()
        )
        for form in forms
    }
    entrants[OURS] = WindowJob(runner="duckdb", workload=workload, sql=ours["windows"])
    if peers:
        entrants["polars"] = WindowJob(runner="polars", workload=workload, sql="rolling")
    return entrants


def _joins(found: _Report, ours: dict[str, str], options: Options) -> None:
    for shape, keys, wanted in ((SPARSE, "sparse", "<= 2"), (DENSE, "dense", "<= 0.2")):
        workload = shape.scaled(options.size)
        windows_data.make(workload, "labels")
        windows_data.make_view(workload, ours["windows"])
        job = WindowJob(runner="duckdb", workload=workload, answer="labels")
        entrants: dict[str, Job] = {
            f"{HAND} range join": msgspec.structs.replace(job, sql=windows_sql.range_join()),
            OURS: msgspec.structs.replace(job, sql=ours["joined"]),
        }
        standing = found.race(f"Labels joined, {keys} keys", entrants)
        _compare(found, f"labels joined, {keys} keys", standing, wanted)


def _grows(found: _Report, options: Options) -> None:
    workload = SPARSE.scaled(options.size)
    windows_data.make(workload)
    print(f"{workload.name}: growing by a day, {options.rounds} rounds", flush=True)
    rounds = list(windows_host.grow(workload, options.rounds, options.package))
    ratio = median(each.day / each.year for each in rounds)
    table = (
        "| | seconds, as dbt says | ratio |\n| --- | ---: | ---: |\n"
        f"| the whole year | {median(each.year for each in rounds):.2f} | 1.00 |\n"
        f"| one more day | {median(each.day for each in rounds):.2f} | {ratio:.2f} |\n"
    )
    found.part("One more day, by dbt", workload, options.rounds, table)
    found.goal("one more day, to a build of the year", ratio, "<= 0.15")


def _on_postgres(found: _Report, options: Options) -> None:
    workload = SPARSE.scaled(options.size * SHARES[1])
    windows_data.make(workload, "windows", "distinct")
    with postgres.server() as server:
        ours = windows_host.compile_views(postgres.profile(server), options.package)
        windows_postgres.load(workload, server.uri)
        for task, form in windows_postgres.FORMS.items():
            job = WindowJob(
                runner="postgres",
                workload=workload,
                address=server.uri,
                answer="distinct" if task == "distinct" else "windows",
                columns=windows_postgres.TASKS[task],
            )
            entrants: dict[str, Job] = {
                HAND: msgspec.structs.replace(job, sql=form()),
                OURS: msgspec.structs.replace(job, sql=ours[task]),
            }
            standing = found.race(f"PostgreSQL, {task}", entrants)
            _compare(found, f"PostgreSQL, {task}", standing)


def _compare(found: _Report, what: str, standing: Standing, wanted: str = "") -> None:
    ratios, _ = _ratios(standing)
    fastest = _fastest(standing)
    found.goal(f"{what}, to the best by hand", ratios[OURS] / ratios[fastest], wanted)


def _fastest(standing: Standing) -> str:
    """The fastest form by hand."""
    ratios, _ = _ratios(standing)
    return min((name for name in ratios if name.startswith(HAND)), key=lambda name: ratios[name])


def _ratios(standing: Standing) -> tuple[dict[str, float], dict[str, float]]:
    return (
        {line.name: line.time_ratio for line in standing.lines},
        {line.name: line.peak_ratio for line in standing.lines},
    )
