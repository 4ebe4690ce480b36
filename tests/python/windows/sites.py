"""A host project on an engine: its incremental views built without events, and all SQL compiled."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile

from harness.support import dbt, postgres_output
from local_postgres import Postgres
from pit.engines import DuckDB, Engine, PostgreSQL
from windows.growing import GROWING, Site
from windows.project import SCHEMA, environment
from windows.proof import create_events


@contextmanager
def site(host: Path, engine: str, postgres: Postgres) -> Iterator[Site]:
    """DuckDB's file lies in the project; while dbt works on it nobody else can."""
    server = postgres if engine == "postgres" else None
    file = host / "host.duckdb"
    duckdb = {"type": "duckdb", "path": str(file), "schema": SCHEMA, "threads": 1}
    env = environment(host, engine, postgres_output(server, SCHEMA) if server else duckdb)
    with connected(file, server) as connection:
        create_events(connection)
    growing = " ".join(view.name for view in GROWING)
    dbt("--quiet", "run", "--full-refresh", "--select", growing, project=host, env=env)
    incremental, full = (_compile(host, env, full=full) for full in (False, True))
    with connected(file, server) as connection:
        yield Site(connection, incremental, full)


@contextmanager
def connected(file: Path, server: Postgres | None) -> Iterator[Engine]:
    """The server, or else the file of DuckDB."""
    engine = PostgreSQL(server.uri) if server else DuckDB(str(file))
    yield engine
    engine.connection.close()


def _compile(host: Path, env: dict[str, str], *, full: bool) -> Path:
    """What dbt would run, in a target folder; dbt need not parse the project again."""
    parsed = Path(env["DBT_TARGET_PATH"])
    target = Path(f"{parsed} {'full' if full else 'incremental'}")
    target.mkdir()
    copyfile(parsed / "partial_parse.msgpack", target / "partial_parse.msgpack")
    flag = ["--full-refresh"] if full else []
    env = {**env, "DBT_TARGET_PATH": str(target)}
    dbt("--quiet", "--warn-error", "compile", *flag, project=host, env=env)
    return target
