"""A host project on an engine: its incremental views built without events, and all SQL compiled."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

from harness.host import Host
from local_postgres import Postgres
from windows.growing import GROWING, Site
from windows.proof import create_events


@contextmanager
def site(project: Path, engine: str, server: Postgres | None) -> Iterator[Site]:
    host = Host(project, engine, server)
    with host.open() as session:
        create_events(session)
    growing = ("--select", *(view.name for view in GROWING))
    host.dbt("--quiet", "run", "--full-refresh", *growing)
    host.dbt("--quiet", "--warn-error", "compile", "--full-refresh")
    # In another target folder dbt would parse everything anew.
    full = copytree(host.target, project / f"{engine} full")
    host.dbt("--quiet", "--warn-error", "compile", *growing)
    with host.open() as session:
        yield Site(session, host.target, full)
