"""The main job on real data, from Parquet files to a served feature vector.

    python scripts/demo.py duckdb|postgres

Builds and tests the demo with dbt, publishes to a bundled Valkey server on the clock of the data's
end, shows one flight's features as served beside the same row computed by the warehouse, and writes
a site of all features. Exits with 1 if they differ, 4 if another demo runs in this folder, else
with what a step ended with.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from shutil import copyfile
from time import perf_counter
from typing import Any, NoReturn

import pyarrow as pa
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from feature_warehouse import FeatureWarehouseError, OnlineStore
from feature_warehouse.dev.servers import local_valkey
from load_postgres import load, uri_of
from local_postgres import local_postgres

ROOT = Path(__file__).parents[1]
STATE = ROOT / ".demo"
BIN = Path(sys.executable).parent
# Folders of models that only prepare what others read.
SOURCES = {"staging", "events"}

# A history needs more than one look: `dbt build` takes a snapshot at the end of the year.
FIRST_SNAPSHOT = "2013-03-31"
AS_OF = "2013-12-31T00:00:00Z"
# A window view has a million rows, and looking them up one by one should find them in memory. dbt's
# two threads keep two processors busy by themselves.
POSTGRES = {
    "shared_buffers": "512MB",
    "work_mem": "64MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}
# Scheduled to leave at that very minute, so its training row is what is served then.
FLIGHT_ID = 110347
# Of an evening of thunderstorms, when there is something to see in every column.
SHOWN_FROM = "2013-07-09 00:55:00"

console = Console(highlight=False, width=None if sys.stdout.isatty() else 118)


def main() -> None:
    """Run all steps; the servers end with the process."""
    engine = sys.argv[1] if len(sys.argv) == 2 else ""
    if engine not in ("duckdb", "postgres"):
        _stop("say which warehouse: scripts/demo.py duckdb or scripts/demo.py postgres", 2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with _only_one(), ExitStack() as stack:
            _demo(engine, stack)
    except FeatureWarehouseError as error:
        _stop(str(error), error.exit_code)
    except KeyboardInterrupt:
        _stop("interrupted; run it again at any time", 130)


def _demo(engine: str, stack: ExitStack) -> None:
    started = perf_counter()
    folder = STATE / engine
    folder.mkdir(exist_ok=True)
    copyfile(ROOT / "profiles.example.yml", folder / "profiles.yml")
    redis_url = stack.enter_context(local_valkey()).url
    # What the user has set for other projects is not meant for this one.
    own = {k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "FEATURE_WAREHOUSE_"))}
    env = {
        **own,
        "DBT_PROFILES_DIR": str(folder),
        "DBT_TARGET": engine,
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_STATIC_ANALYSIS": "off",
        "REDIS_URL": redis_url,
    }
    if engine == "duckdb":
        env["FEATURE_WAREHOUSE_DUCKDB_PATH"] = str(folder / "warehouse.duckdb")
    else:
        console.print("starting PostgreSQL and copying the Parquet files into it ...")
        postgres = stack.enter_context(local_postgres(durable=False, config=POSTGRES))
        env |= postgres.env()
        console.print(f"loaded {load(postgres.uri):,} rows")

    _heading(f"dbt snapshot: the carrier of each aircraft at the end of {FIRST_SNAPSHOT}")
    _take_snapshot(env, folder)
    _heading("dbt build: models, contracts, tests")
    _build(env, folder / "target")
    warehouse = _Warehouse(engine, env)
    _heading("An aircraft that changed its carrier between two snapshots")
    _show_carriers(warehouse)
    _heading("Training set flight_delay_training")
    _show_training_set(warehouse)
    expected = _training_row(warehouse)
    warehouse.close()
    _heading(f"feature-warehouse materialize --as-of {AS_OF}")
    _materialize(env)
    _heading("One flight, as served and as computed")
    equal = _compare(engine, redis_url, expected)
    site = Path(_reported(env, "site", "--to", str(folder / "site"))["index"])
    console.print(f"\nDone in {perf_counter() - started:.0f} s. To look at:")
    state = folder.relative_to(ROOT)
    if engine == "duckdb":
        console.print(f"  {state}/warehouse.duckdb  the warehouse (`make clean` removes it)")
    training_set = "models/demo/training/flight_delay_training.sql"
    console.print(f"  {site.as_uri()}  all features, in a browser", soft_wrap=True)
    console.print(f"  {training_set}  how the training set is written")
    console.print(f"  {state}/target/compiled/feature_warehouse/{training_set}  and its SQL")
    sys.exit(0 if equal else 1)


def _take_snapshot(env: dict[str, str], folder: Path) -> None:
    run = subprocess.run(
        [
            *(BIN / "dbt", "--quiet", "build", "--select", "+aircraft_carriers"),
            "--no-partial-parse",
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            *("--vars", json.dumps({"carriers_as_of": FIRST_SNAPSHOT})),
        ],
        cwd=ROOT,
        # Apart, because dbt parses everything anew where variables have changed.
        env={**env, "DBT_TARGET_PATH": str(folder / "target of the snapshot")},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        _stop("dbt build failed:\n" + (run.stdout or run.stderr), run.returncode)
    console.print("snapshot aircraft_carriers taken")


def _build(env: dict[str, str], target: Path) -> None:
    command = [str(BIN / "dbt"), "build", "--log-format", "json", "--no-use-colors"]
    # With what it parsed before somebody changed the macros, dbt 1.11 can find a test twice.
    command += ["--no-partial-parse"]
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
    )
    errors: list[str] = []
    # dbt writes a traceback to standard error when it is interrupted.
    noise = target.parent / "dbt.stderr"
    with (
        bar,
        noise.open("w") as stderr,
        subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as run,
    ):
        task = bar.add_task("dbt starts", total=None)
        for event in _events(run):
            data = event["data"]
            if event["info"]["level"] == "error":
                errors.append(event["info"]["msg"])
            elif "index" in data and "total" in data and "execution_time" in data:
                bar.update(task, total=data["total"], completed=data["index"])
                bar.update(task, description=data["node_info"]["node_name"][:40])
    if run.returncode:
        _stop("dbt build failed:\n" + ("\n".join(errors) or noise.read_text()), run.returncode)
    results = json.loads((target / "run_results.json").read_text())
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    kinds = Counter(result["unique_id"].split(".")[0] for result in results["results"])
    for result in results["results"]:
        node = nodes.get(result["unique_id"])
        if node and node["resource_type"] == "model" and not SOURCES & set(node["fqn"]):
            console.print(
                f"  {node['config']['materialized']:6} {node['name']:24}"
                f" {result['execution_time']:5.2f} s"
            )
    console.print(
        f"[green]{kinds['model']} models built, {kinds['test']} data tests and"
        f" {kinds['unit_test']} unit tests passed[/] in {results['elapsed_time']:.1f} s"
    )


def _events(run: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert run.stdout is not None
    for line in run.stdout:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            console.print(line.rstrip(), markup=False)


class _Warehouse:
    """Plain SQL, for showing."""

    def __init__(self, engine: str, env: dict[str, str]) -> None:
        self.query: Callable[[str], pa.Table]
        if engine == "duckdb":
            import duckdb

            connection = duckdb.connect(env["FEATURE_WAREHOUSE_DUCKDB_PATH"], read_only=True)
            self.query = lambda text: connection.sql(text).to_arrow_table()
            self.close: Callable[[], None] = connection.close
        else:
            self._open_postgres(uri_of(env))

    def _open_postgres(self, uri: str) -> None:
        import adbc_driver_postgresql.dbapi

        connection = adbc_driver_postgresql.dbapi.connect(uri)
        cursor = connection.cursor()
        cursor.execute("set search_path to feature_warehouse")

        def query(text: str) -> pa.Table:
            cursor.execute(text)
            return cursor.fetch_arrow_table()

        def close() -> None:
            cursor.close()
            connection.close()

        self.query, self.close = query, close


def _show_carriers(warehouse: _Warehouse) -> None:
    rows = warehouse.query(
        "select tailnum, carrier, carrier_since, known_at from aircraft_carrier"
        " where tailnum = 'N146PQ' order by carrier_since"
    )
    _print_table(rows.column_names, [map(_short, row.values()) for row in rows.to_pylist()])


def _show_training_set(warehouse: _Warehouse) -> None:
    [totals] = warehouse.query(
        "select count(*) as n, count(is_late) as known, sum(case when is_late then 1 else 0 end)"
        " as late from flight_delay_training"
    ).to_pylist()
    rate = 100 * int(totals["late"]) / totals["known"]
    console.print(
        f"{totals['n']:,} flights; of {totals['known']:,} that arrived {rate:.2f} % were late."
        " Five of them:"
    )
    rows = warehouse.query(
        "select flight_id, origin, sched_dep_ts, is_late, temp, last_leg_arr_delay as last_leg,"
        " aircraft_flights_7d as flights_7d, aircraft_mean_delay_7d as delay_7d,"
        " origin_cancellations_1d as cancelled_1d from flight_delay_training"
        f" where sched_dep_ts >= timestamp '{SHOWN_FROM}' order by sched_dep_ts, flight_id limit 5"
    )
    _print_table(rows.column_names, [map(_short, row.values()) for row in rows.to_pylist()])


def _short(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:.1f}" if isinstance(value, float) else value


def _training_row(warehouse: _Warehouse) -> dict[str, Any]:
    [row] = warehouse.query(
        f"select * from flight_delay_training where flight_id = {FLIGHT_ID}"
    ).to_pylist()
    found: dict[str, Any] = row
    return found


def _materialize(env: dict[str, str]) -> None:
    report = _reported(env, "materialize", "--as-of", AS_OF)
    for view in report["results"]:
        console.print(
            f"  {view['view']:24} {view['rows_written']:6,} rows in {view['seconds']:.2f} s,"
            f" out of {view['rows_in_warehouse']:,}"
        )
    for view in report["results"]:
        if gate := view["gate"]:
            console.print(
                f"  gate {view['view']}: {len(gate['checks'])} expectations of"
                f" {gate['rows']:,} rows {gate['status']} in {gate['seconds']:.2f} s,"
                f" {len(gate['warnings'])} warnings"
            )
    for service in report["services"]:
        console.print(f"  service {service['service']}, fingerprint {service['fingerprint']}")
    console.print(f"  what the gate found: {Path(report['validation']).relative_to(ROOT)}")


def _reported(env: dict[str, str], *command: str) -> dict[str, Any]:
    """What a command of ours reports as JSON; exits with its code if it fails."""
    run = subprocess.run(
        [BIN / "feature-warehouse", *command, "--json"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if run.returncode:
        sys.exit(run.returncode)
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def _compare(engine: str, redis_url: str, expected: dict[str, Any]) -> bool:
    with OnlineStore.from_url(redis_url, project="feature_warehouse", environment=engine) as store:
        entity = {key: expected[key] for key in store.entity_keys("flight_delay")}
        vector = store.get("flight_delay", entity)
        console.print(
            f"{expected['carrier']} {expected['flight_number']} from {expected['origin']} to"
            f" {expected['dest']}, aircraft {expected['tailnum']}, scheduled to leave at"
            f" {expected['sched_dep_ts']} UTC"
        )
        rows = []
        for name, value in vector.items():
            same = type(value) is type(expected[name]) and value == expected[name]
            since = vector.event_timestamp(name)
            rows.append(
                (
                    name,
                    value,
                    expected[name],
                    "[green]equal[/]" if same else "[red]DIFFERS[/]",
                    f"{since:%Y-%m-%d %H:%M}" if since else "",
                    vector.status(name),
                )
            )
    _print_table(
        ("feature", "served by Redis", "in the warehouse", "", "true since", "status"), rows
    )
    equal = all("equal" in row[3] for row in rows)
    if not equal:
        console.print("[red]what is served differs from what the model was trained on[/]")
    return equal


def _print_table(headings: Any, rows: Any) -> None:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*["" if value is None else str(value) for value in row])
    console.print(table)


def _heading(text: str) -> None:
    console.print(f"\n[bold]{text}[/]")


@contextmanager
def _only_one() -> Iterator[None]:
    STATE.mkdir(exist_ok=True)
    with (STATE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _stop("another demo is running in this folder; try again when it has finished", 4)
        yield


def _stop(message: str, code: int) -> NoReturn:
    print(f"demo: {message}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
