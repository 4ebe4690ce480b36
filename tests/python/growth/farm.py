"""The project `farm` on one engine: rows that come in, dbt, and what its tables hold then."""

import os
import signal
import time
from pathlib import Path

from growth.project import PEOPLE
from growth.views import GROWING, STAMPED
from harness.engines import Engine, quote
from harness.forks import NOWHERE, forks
from harness.host import Host
from harness.support import dbt_environment
from local_postgres import Postgres
from point_in_time.answers import answers, create, insert
from point_in_time.declarations import Column, Row, Value

PATIENCE = 600.0


class Farm(Host):
    """Opens the warehouse only between runs of dbt, which wants the DuckDB file for itself."""

    def __init__(self, project: Path, engine: str, server: Postgres | None) -> None:
        super().__init__(
            project,
            engine,
            server,
            # It is a quarter of dbt's work.
            DBT_WRITE_JSON="false",
            # dbt writes the time of a deletion by the time zone of its session.
            PGTZ="UTC",
            TZ="UTC",
        )
        with self.open() as session:
            for growing in GROWING:
                create(session, growing.source, growing.view.columns)
            for view in STAMPED:
                given = tuple(column for column in view.columns if column != view.created)
                create(session, f"raw_{view.name}", given)
            create(session, "raw_people", PEOPLE)

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
        with self.open() as session:
            insert(session, table, columns, rows)

    def replace(self, table: str, columns: tuple[Column, ...], rows: list[Row]) -> None:
        self.ask(f"delete from {quote(table)}")
        self.load(table, columns, rows)

    def rows(self, table: str, columns: tuple[Column, ...]) -> list[list[Value]]:
        with self.open() as session:
            return stored(session, table, columns)


def stored(session: Engine, table: str, columns: tuple[Column, ...]) -> list[list[Value]]:
    (rows,) = answers(session, {}, (f"select * from {quote(table)}", columns))
    return rows
