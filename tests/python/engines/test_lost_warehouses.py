"""A warehouse that goes away in the middle of a query: one line, exit code 3, nothing is changed.

A view of PostgreSQL's ends the session that reads it; one of DuckDB's reads a file that is gone.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import redis

from feature_warehouse.engines.postgres import PostgresWarehouse
from feature_warehouse.errors import UnreachableError
from harness.command_line import Fw, one_line
from harness.engines import execute
from harness.mini import SCORES, Mini
from harness.publishers import fw, keys_of
from harness.support import credentials_of, postgres_output, write_yaml
from local_postgres import Postgres

__all__ = ["fw"]

AS_OF = ("--as-of", "2026-01-01T12:00:00Z")
ROWS = (
    "select i::bigint as id, timestamp '2026-01-01' as ts, 1.5::double precision as score"
    " from generate_series(1, {last}) as t(i)"
)
# The signal of the first function is heard when the second one begins to wait.
ENDING = (
    f"{ROWS} where case when pg_terminate_backend(pg_backend_pid()) then pg_sleep(60) is null end"
)

Break = Callable[[bool], None]


@pytest.fixture(params=["duckdb", "postgres"])
def breaks(request: pytest.FixtureRequest, mini: Mini, tmp_path: Path) -> Break:
    """Breaks the warehouse of a project with a gated view, or repairs it."""
    if request.param == "duckdb":
        file = tmp_path / "scores.parquet"
        mini.execute(f"copy ({ROWS.format(last=1)}) to '{file}'")
        mini.execute(f"create view scores as from '{file}'")
        mini.view("scores", SCORES, expectations=[])
        mini.write()

        def move(broken: bool) -> None:
            away = file.with_suffix(".away")
            (file if broken else away).rename(away if broken else file)

        return move
    server: Postgres = request.getfixturevalue("postgres")

    def change(broken: bool) -> None:
        rows = ENDING.format(last=2) if broken else ROWS.format(last=1)
        execute(server.uri, f"create or replace view lost.scores as {rows}")

    execute(server.uri, "drop schema if exists lost cascade", "create schema lost")
    change(False)
    output = {"target": "dev", "outputs": {"dev": postgres_output(server, "lost")}}
    write_yaml(mini.folder / "profiles.yml", {"mini": output})
    mini.adapter = "postgres"
    place = {"adapter": "postgres", "database": server.dbname, "schema": "lost", "file": None}
    mini.written_for = {"target": "dev", **place}
    mini.view("scores", SCORES, relation='"lost"."scores"', expectations=[])
    mini.write()
    return change


def test_each_command_says_so(
    breaks: Break, fw: Fw, client: "redis.Redis", request: pytest.FixtureRequest
) -> None:
    assert fw("materialize", *AS_OF)[0] == 0
    before = keys_of(client)
    breaks(True)
    said = "was lost: " if "postgres" in request.node.name else "cannot be read: IO Error"
    for command in (
        ("materialize", *AS_OF),
        ("materialize", *AS_OF, "--dry-run"),
        ("verify",),
        ("validate", *AS_OF),
        ("forget", "id=2"),
    ):
        one_line(fw(*command), 3, said)
    assert keys_of(client) == before
    breaks(False)
    assert fw("verify")[0] == 0
    assert fw("forget", "id=2")[0] == 0
    assert fw("forget", "id=1")[0] == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda warehouse: warehouse.identity(),
        lambda warehouse: warehouse.refresh(),
        lambda warehouse: warehouse.load("labels", pa.table({"id": [1]})),
        lambda warehouse: read(warehouse, "select 1 as one"),
    ],
    ids=["identity", "refresh", "load", "rows"],
)
def test_a_session_that_ended_between_two_queries(
    act: Callable[[PostgresWarehouse], Any], postgres: Postgres
) -> None:
    with lost(postgres) as warehouse:
        for _ in range(2):
            with pytest.raises(UnreachableError, match=r"was lost: .*; run again$") as error:
                act(warehouse)
            assert "\n" not in str(error.value)
            assert f"PostgreSQL at {postgres.host}:{postgres.port}" in str(error.value)


def test_a_session_that_ends_while_rows_are_read(postgres: Postgres) -> None:
    many = "select i, repeat('x', 1000) from generate_series(1, 1000000) as i"
    with warehouse_of(postgres) as warehouse:
        pid = backend(warehouse)
        with pytest.raises(UnreachableError, match="was lost: "):
            read_slowly(warehouse, many, lambda: end(postgres, pid))


def test_a_file_that_cannot_be_written_is_no_lost_warehouse(postgres: Postgres) -> None:
    with (
        warehouse_of(postgres) as warehouse,
        pytest.raises(FileNotFoundError),
        warehouse.rows("select 1 as one", "a row") as reader,
        pa.OSFile("/no/such/folder", "wb"),
    ):
        reader.read_all()


def warehouse_of(server: Postgres) -> PostgresWarehouse:
    credentials = credentials_of(server)
    credentials.schema = "public"
    return PostgresWarehouse(credentials)


def lost(server: Postgres) -> PostgresWarehouse:
    """A connection whose session is over."""
    warehouse = warehouse_of(server)
    end(server, backend(warehouse))
    return warehouse


def end(server: Postgres, pid: int) -> None:
    """End a session, and wait until it is over."""
    execute(server.uri, f"select pg_terminate_backend({pid}, 10000)")


def backend(warehouse: PostgresWarehouse) -> int:
    with warehouse.rows("select pg_backend_pid() as pid", "a number") as reader:
        return int(reader.read_all()["pid"][0].as_py())


def read_slowly(warehouse: PostgresWarehouse, query: str, between: Callable[[], None]) -> None:
    with warehouse.rows(query, "many rows") as reader:
        reader.read_next_batch()
        between()
        reader.read_all()


def read(warehouse: PostgresWarehouse, query: str) -> pa.Table:
    with warehouse.rows(query, "a row") as reader:
        return reader.read_all()
