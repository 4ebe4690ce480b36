"""A user's project without a model, on each engine, and the command, run in this process."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

import duckdb
import pytest

from conftest import ServerOf
from feature_warehouse import dbt_project
from harness.command_line import Fw, in_process
from harness.engines import ENGINES
from harness.forks import forks
from harness.host import Host, write_host
from harness.support import IS_DBT_2, IS_TRACED, ROOT

MakeHost = Callable[..., Host]


@pytest.fixture(scope="session")
def make_host(tmp_path_factory: pytest.TempPathFactory, server_of: ServerOf) -> MakeHost:
    """A project, whose warehouse has a table; ``package`` is what it has installed."""

    def make(engine: str, package: Path = ROOT) -> Host:
        folder = tmp_path_factory.mktemp("proved")
        host = Host(write_host(folder / "shop", {}, [], package=package), engine, server_of(engine))
        if engine == "duckdb":
            duckdb.connect(host.env["FEATURE_WAREHOUSE_DUCKDB_PATH"]).close()
        return host

    return make


@pytest.fixture(scope="session", params=ENGINES)
def host(request: pytest.FixtureRequest, make_host: MakeHost) -> Host:
    return make_host(request.param)


@pytest.fixture(autouse=True)
def _dbt_in_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our package runs dbt without the seconds of its start."""
    if IS_DBT_2 or IS_TRACED:
        return
    ready = forks()  # before a test's environment is that of a host

    def run(
        command: Sequence[str], *, cwd: Path, env: Mapping[str, str]
    ) -> "CompletedProcess[str]":
        return ready.run(("python", *command[1:]), cwd, env)

    monkeypatch.setattr(dbt_project, "run", run)


@pytest.fixture
def conformance(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Host], Fw]:
    """The command in a host's folder."""

    def of(host: Host) -> Fw:
        host.enter(monkeypatch)
        monkeypatch.chdir(host.project)
        return in_process(monkeypatch, capsys, "conformance")

    return of
