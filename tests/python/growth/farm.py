"""The project `farm` on one engine: rows that come in, dbt, and what its tables hold then."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from growth.project import PEOPLE
from growth.views import GROWING, STAMPED
from harness.dbt_forks import NOWHERE, forks
from harness.support import dbt, dbt_environment, postgres_output
from local_postgres import Postgres
from pit.declarations import Column, Row, Value
from pit.engines import SCHEMA, DuckDB, Engine, PostgreSQL, _insert, answers, create, quote

PATIENCE = 600.0


class Farm:
    """Opens the warehouse only between runs of dbt, which wants the DuckDB file for itself."""

    def __init__(self, project: Path, engine: str, server: Postgres | None = None) -> None:
        self.project = project
        self.engine = engine
        self.target = project / f"target of {engine}"
        self._server = server
        self.env = {
            "DBT_PROFILES_DIR": str(project),
            "DBT_TARGET": engine,
            "DBT_TARGET_PATH": str(self.target),
            "DBT_LOG_PATH": str(project / f"logs of {engine}"),
            # It is a quarter of dbt's work.
            "DBT_WRITE_JSON": "false",
            # dbt writes the time of a deletion by the time zone of its session.
            "PGTZ": "UTC",
        }
        with self.open() as warehouse:
            for growing in GROWING:
                create(warehouse, growing.source, growing.view.columns)
            for view in STAMPED:
                given = tuple(column for column in view.columns if column != view.created)
                create(warehouse, f"raw_{view.name}", given)
            create(warehouse, "raw_people", PEOPLE)

    @contextmanager
    def open(self) -> Iterator[Engine]:
        if self._server is None:
            duckdb = DuckDB(str(self.project / "farm.duckdb"))
            with closing(duckdb.connection):
                yield duckdb
        else:
            postgres = PostgreSQL(self._server.uri)
            with closing(postgres.connection):
                yield postgres

    def dbt(self, *arguments: str, fails: bool = False, **env: str) -> str:
        """Run dbt; what it said."""
        result = dbt(*arguments, project=self.project, env=self.env | env, check=False)
        assert result.returncode == fails, result.stdout + result.stderr
        return result.stdout

    def kill_dbt(self, marker: str, *arguments: str, **env: str) -> None:
        """Run dbt until its log shows the marker, and end it without a chance to tidy up."""
        log = Path(self.env["DBT_LOG_PATH"]) / "dbt.log"
        seen = log.read_text().count(marker)
        environment = dbt_environment(self.env | env)
        process = forks().start(("dbt", *arguments), self.project, environment, NOWHERE, NOWHERE)
        end = time.monotonic() + PATIENCE
        while log.read_text().count(marker) == seen:
            assert time.monotonic() < end, "dbt has not come to where it is killed"
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(process, signal.SIGKILL)
        assert forks().wait() == -signal.SIGKILL

    def load(self, table: str, columns: tuple[Column, ...], rows: list[Row]) -> None:
        with self.open() as warehouse:
            warehouse.ask(_insert(table, columns, rows))

    def replace(self, table: str, columns: tuple[Column, ...], rows: list[Row]) -> None:
        with self.open() as warehouse:
            warehouse.ask(f"delete from {SCHEMA}.{quote(table)}")
            warehouse.ask(_insert(table, columns, rows))

    def rows(self, table: str, columns: tuple[Column, ...]) -> list[list[Value]]:
        with self.open() as warehouse:
            return stored(warehouse, table, columns)

    def compiled(self, model: str) -> str:
        return (self.target / "compiled" / "farm" / "models" / f"{model}.sql").read_text()

    def messages(self) -> dict[str, str]:
        """What the last run of dbt said of each node."""
        content = json.loads((self.target / "run_results.json").read_text())
        return {
            result["unique_id"].split(".")[2]: result["message"] for result in content["results"]
        }


def stored(warehouse: Engine, table: str, columns: tuple[Column, ...]) -> list[list[Value]]:
    (rows,) = answers(warehouse, {}, (f"select * from {SCHEMA}.{quote(table)}", columns))
    return rows


def profiles(project: Path, server: Postgres | None) -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "duckdb": {
            "type": "duckdb",
            "path": str(project / "farm.duckdb"),
            "schema": SCHEMA,
            "threads": 4,
            "settings": {"TimeZone": "UTC"},
        }
    }
    if server:
        outputs["postgres"] = postgres_output(server, SCHEMA, threads=4)
    return {"host": {"target": "duckdb", "outputs": outputs}}
