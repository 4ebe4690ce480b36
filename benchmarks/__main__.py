"""Measure joins, windows, publishing and reads: ``make bench``, or ``BENCH_ARGS="small"``."""

import argparse
import os
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import (
    data,
    gate,
    host,
    measure,
    on_demand,
    parsing,
    postgres,
    publishing,
    races,
    reading,
    report,
    request_log,
    server,
    site,
    windows,
    windows_costs,
)
from benchmarks.measure import Standing
from benchmarks.races import Race
from benchmarks.workloads import WORKLOADS, Workload

RESULTS = Path(__file__).parent / "results"
SIZES = (1, 2, 4, 8)
SIZE_UNIT = "size: times 100,000 labels and 3 million rows"
# PostgreSQL has no row of a thousand doubles.
NOT_ON_POSTGRES = "wide"


def main() -> None:
    """Run what was asked for; the tables are written after each race."""
    options = _options()
    workloads = [WORKLOADS[name] for name in options.parts if name in WORKLOADS]
    growing = [WORKLOADS["small"].scaled(size) for size in SIZES if "growth" in options.parts]
    folder = RESULTS if options.save else data.FOLDER / "results"
    folder.mkdir(parents=True, exist_ok=True)
    for workload in [*workloads, *growing]:
        data.make(workload)
    results = folder / f"{'-and-'.join(options.engine)}.md"
    standings: list[Standing] = []
    for race in _races(workloads, growing, options) if workloads or growing else ():
        standings.append(measure.run(race, options.rounds))
        results.write_text(_text(standings), encoding="utf-8")
    _windows(options, folder)
    if "reading" in options.parts:
        found = list(reading.run(options.peers))
        (folder / "reading.md").write_text(_reading_text(found), encoding="utf-8")
    if "server" in options.parts:
        served = list(server.run(options.rounds, options.peers))
        packages = ("starlette", "uvicorn", "msgspec", *(["feast"] if options.peers else []))
        text = f"# Feature server\n\n{_machine(packages)}\n\n{server.table(served)}"
        (folder / "server.md").write_text(text, encoding="utf-8")
    if "publishing" in options.parts:
        figures = list(publishing.run(options.rounds, options.peers))
        (folder / "publishing.md").write_text(_publishing_text(figures), encoding="utf-8")
    _write_figures(options, folder)
    growth = [standing for standing in standings if standing.title == races.GROWTH]
    if growth:
        report.draw_growth(growth, SIZES, folder / "growth.svg", SIZE_UNIT)
    if standings:
        print(f"\n{_text(standings)}")
    print(f"written to {folder}")


def _windows(options: argparse.Namespace, folder: Path) -> None:
    if "windows" in options.parts:
        wanted = windows.Options(
            engines=options.engine,
            rounds=options.rounds,
            peers=options.peers,
            package=options.package,
            size=options.size,
        )
        windows.run(wanted, folder, _machine(("duckdb", "polars")))
    if "costs" in options.parts:
        windows_costs.run(folder, _machine(("duckdb",)), options.rounds, options.package)


def _write_figures(options: argparse.Namespace, folder: Path) -> None:
    """The parts that are a table of figures."""
    rounds, peers = options.rounds, options.peers
    parts = {
        "gate": ("The gate", ("duckdb", "great-expectations", "pandas")),
        "parsing": ("Parsing", ("dbt-core", "dbt-duckdb")),
        "site": ("The site", ("jinja2", "dbt-core")),
        "on_demand": ("On-demand features", ("duckdb", "feast")),
        "request_log": ("Request log", ("redis", "hiredis", "msgspec")),
    }
    runs = {
        "gate": lambda: gate.run(rounds, peers),
        "parsing": lambda: parsing.run(rounds, options.package),
        "site": lambda: site.run(rounds, options.package),
        "on_demand": lambda: on_demand.run(rounds, peers),
        "request_log": lambda: request_log.run(rounds),
    }
    for part, (title, packages) in parts.items():
        if part in options.parts:
            text = publishing.table(list(runs[part]()))
            heading = f"# {title}\n\n{_machine(packages)}\n\n"
            (folder / f"{part}.md").write_text(heading + text, encoding="utf-8")


def _races(
    workloads: list[Workload], growing: list[Workload], options: argparse.Namespace
) -> Iterator[Race]:
    if "duckdb" in options.engine:
        profile: dict[str, Any] = {"type": "duckdb", "path": ":memory:"}
        ours = host.compile_sql([*workloads, *growing], profile, options.package)
        for workload in workloads:
            yield from races.duckdb_races(workload, ours, options.peers)
            if workload.name == "large":
                yield races.memory_race(workload, ours)
        for workload in growing:
            yield races.growth_race(workload, ours)
    fitting = [workload for workload in workloads if workload.name != NOT_ON_POSTGRES]
    if "postgres" in options.engine and fitting:
        with postgres.server() as server:
            ours = host.compile_sql(fitting, postgres.profile(server), options.package)
            for workload in fitting:
                postgres.load(workload, server.uri)
                yield from races.postgres_races(workload, ours, server.uri, options.peers)


def _text(standings: list[Standing]) -> str:
    lines = [
        "# Results\n",
        _machine(("duckdb", "polars", "pandas", "feast", "pyarrow")),
        "Medians; ratios are medians of each round's, to the first line of a table.\n",
    ]
    for standing in standings:
        workload = WORKLOADS.get(standing.workload)
        lines.append(f"## {standing.workload}: {standing.title}\n")
        lines.append(f"{workload or standing.workload}; {standing.rounds} rounds.\n")
        lines.append(report.table(standing))
    return "\n".join(lines)


def _reading_text(readings: Sequence[reading.Reading]) -> str:
    return f"# Reading\n\n{_machine(('redis', 'hiredis', 'msgspec', 'feast'))}\n\n" + (
        "Ratios are medians of each turn's, to the first line of a race.\n\n"
        + reading.table(readings)
    )


def _publishing_text(figures: Sequence[publishing.Figure]) -> str:
    machine = _machine(("duckdb", "redis", "hiredis", "msgspec", "pyarrow", "feast"))
    return f"# Publishing\n\n{machine}\n\n{publishing.table(figures)}"


def _machine(packages: Sequence[str]) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}."
    )


def _options() -> argparse.Namespace:
    parts = [*WORKLOADS, "growth", "windows", "costs", "publishing", "gate", "parsing", "reading"]
    parts += ["on_demand", "request_log", "server", "site"]
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(parts)}; all if none")
    parser.add_argument("--engine", action="append", choices=["duckdb", "postgres"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    parser.add_argument(
        "--package", type=Path, default=host.ROOT, help="checkout whose macros are measured"
    )
    parser.add_argument(
        "--size", type=float, default=windows.SIZE, help="of windows, in million events"
    )
    parser.add_argument(
        "--save", action="store_true", help="write to benchmarks/results instead of .bench"
    )
    options = parser.parse_args()
    options.engine = options.engine or ["duckdb", "postgres"]
    options.parts = options.parts or parts
    if unknown := set(options.parts) - set(parts):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    main()
