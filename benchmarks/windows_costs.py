"""What an event costs a window view, by aggregate and number of windows; and one wide view."""

import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from benchmarks import data, host, windows_data
from benchmarks.clocks import Clock

__all__ = ["Cost", "run"]

EVENTS = 20_000
LENGTHS = (1, 7, 30, 90, 180, 2, 14, 60, 120, 365)
"""Days, of which the first so many are taken."""

COUNTS = (1, 3, 5, 10)
KINDS: dict[str, dict[str, str]] = {
    "count": {"count": "*"},
    "count_distinct": {"count_distinct": "product_id"},
    "sum": {"sum": "quantity"},
    "avg": {"avg": "price"},
    "avg of doubles": {"avg": "price", "type": "double precision"},
    "min": {"min": "price"},
    "max": {"max": "price"},
    "stddev": {"stddev": "quantity"},
    "first": {"first": "price"},
    "last": {"last": "price"},
    "share": {"share": "quantity > 12", "as": "large_share"},
}
SHAPES = {
    "apart": "Each event at an instant of its own",
    "together": "About twenty events at an instant",
    "late": "Each at an instant of its own, with created timestamps, a fifth of them days late",
}

WIDE_EVENTS = 400_000
WIDE: list[dict[str, str]] = [
    {"count": "*"},
    {"count_distinct": "order_id"},
    {"count_distinct": "product_id"},
    {"count_distinct": "category_id"},
    {"sum": "quantity"},
    {"avg": "price"},
    {"last": "price"},
]
WIDE_WINDOWS = ["1 day", "7 days", "30 days", "90 days", "all time"]
TYPES = {
    "customer_id": "bigint",
    "order_id": "bigint",
    "ordered_at": "timestamp",
    "loaded_at": "timestamp",
    "product_id": "integer",
    "category_id": "integer",
    "quantity": "integer",
    "price": "decimal(10,2)",
}


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """One build: seconds of CPU, peak memory of the process in bytes, rows of the view."""

    seconds: float
    peak: int
    rows: int


def run(folder: Path, machine: str, rounds: int, package: Path) -> None:
    """Write ``windows-costs.md``: the least of ``rounds`` builds each."""
    compiled = _compile(package)
    parts = [f"# What an event costs\n\n{machine} Microseconds of CPU an event, DuckDB.\n"]
    for shape, title in SHAPES.items():
        print(f"costs of windows: {title}", flush=True)
        parts.append(f"## {title}\n\n{_table(shape, compiled, rounds)}")
    print("costs of windows: a wide view", flush=True)
    parts.append(f"## Seven aggregates over five windows\n\n{_wide(compiled['wide'])}")
    (folder / "windows-costs.md").write_text("\n".join(parts), encoding="utf-8")


def _table(shape: str, compiled: dict[str, str], rounds: int) -> str:
    lines = [
        f"{EVENTS:,} events.\n",
        f"| windows | {' | '.join(map(str, COUNTS))} |",
        f"| --- |{' ---: |' * len(COUNTS)}",
    ]
    with duckdb.connect() as connection:
        connection.execute(windows_data.order_lines(EVENTS, apart=shape != "together"))
        for kind in KINDS:
            cells = []
            for count in COUNTS:
                sql = compiled[_name(kind, count, shape == "late")]
                seconds = min(_seconds(connection, sql) for _ in range(rounds))
                cells.append(f"{seconds * 1e6 / EVENTS:.1f}")
            lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _wide(sql: str) -> str:
    lines = [
        f"{WIDE_EVENTS:,} order lines of 4,400 customers, of whom few have most; 35 features.\n",
        "| | rows of the view | CPU seconds | µs an event | peak GB |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for shape in ("together", "apart"):
        file = data.FOLDER / f"order-lines-{shape}.duckdb"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        with duckdb.connect(file) as connection:
            connection.execute(windows_data.order_lines(WIDE_EVENTS, apart=shape == "apart"))
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
            cost = pool.submit(_build, file, sql).result()
        lines.append(
            f"| {SHAPES[shape].lower()} | {cost.rows:,} | {cost.seconds:.1f}"
            f" | {cost.seconds * 1e6 / WIDE_EVENTS:.0f} | {cost.peak / 1e9:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _build(file: Path, sql: str) -> Cost:
    with duckdb.connect(file, read_only=True) as connection:
        with Clock() as clock:
            seconds = _seconds(connection, sql)
        [(rows,)] = connection.execute("select count(*) from result").fetchall()
    return Cost(seconds=seconds, peak=clock.peak, rows=rows)


def _seconds(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    """CPU of this process, all threads."""
    started = time.process_time()
    connection.execute(f"create or replace temp table result as {sql}")
    return time.process_time() - started


def _name(kind: str, count: int, late: bool) -> str:
    return f"{kind.replace(' ', '_')}_{count}{'_late' if late else ''}"


def _compile(package: Path) -> dict[str, str]:
    """The SQL of each view, over a table ``order_lines``."""
    profile: dict[str, Any] = {"type": "duckdb", "path": ":memory:"}
    views = {"wide": _call(WIDE, WIDE_WINDOWS, late=False)}
    for kind, aggregate in KINDS.items():
        for count in COUNTS:
            windows = [f"{days} days" for days in LENGTHS[:count]]
            for late in (False, True):
                views[_name(kind, count, late)] = _call([aggregate], windows, late=late)
    with tempfile.TemporaryDirectory(prefix="feature-warehouse-bench-") as temporary:
        folder = Path(temporary)
        models = folder / "models"
        properties = [host.write_model(models, "my_order_lines", TYPES, {})]
        for name, call in views.items():
            (models / f"{name}.sql").write_text(call)
        host.make_project(folder, profile, package, properties)
        host.run_dbt(folder, "compile")
        compiled = folder / "target/compiled/host/models"
        return {name: host.bare((compiled / f"{name}.sql").read_text(), "my") for name in views}


def _call(aggregates: list[dict[str, str]], windows: list[str], *, late: bool) -> str:
    created = " created_timestamp='loaded_at'," if late else ""
    return (
        "{{ config(materialized='table') }}\n"
        "{{ feature_warehouse.window_features(events=ref('my_order_lines'),"
        f" join_keys=['customer_id'], event_timestamp='ordered_at',{created}"
        f" aggregates={aggregates}, windows={windows}) }}}}\n"
    )
