"""dbt projects that install the package, as its users' projects do, each on one engine."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from harness.engines import DuckDB, Engine, PostgreSQL
from harness.support import IS_DBT_2, ROOT, clear_environment, dbt
from local_postgres import Postgres

__all__ = ["Built", "Host", "compiled", "macro_call", "write_host"]


def write_host(
    folder: Path,
    models: dict[str, str],
    properties: list[dict[str, Any]],
    more: Mapping[str, list[dict[str, Any]]] | None = None,
    package: Path = ROOT,
) -> Path:
    """Write a project with the package in place, which spares it the time of `dbt deps`.

    ``more`` is what its YAML has beside models, such as ``snapshots``.
    """
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_packages").mkdir()
    (folder / "dbt_packages" / "feature_warehouse").symlink_to(package)
    if not IS_DBT_2:
        # dbt 1.12 counts them; dbt 2 would install them anew.
        packages = {"packages": [{"local": str(package)}]}
        (folder / "packages.yml").write_text(json.dumps(packages))
    project = {"name": folder.name, "version": "1.0.0", "profile": "host"}
    (folder / "dbt_project.yml").write_text(json.dumps(project))
    content = {"version": 2, "models": properties, **(more or {})}
    (folder / "models" / "models.yml").write_text(json.dumps(content))
    for name, query in models.items():
        (folder / "models" / f"{name}.sql").write_text(query)
    return folder


def macro_call(call: str) -> str:
    """A model that is a macro of the package, called."""
    return "{{ feature_warehouse." + call + " }}"


class Host:
    """A project on one engine, by the profile that we ship; ``env`` is added to dbt's environment.

    Its tables lie in DuckDB's schema ``main``, or in a schema of a server that has its name.
    """

    def __init__(
        self, project: Path, engine: str = "duckdb", server: Postgres | None = None, **env: str
    ) -> None:
        self.project = project
        self.engine = engine
        self.server = server
        self.target = project / engine
        self.schema = project.name if server else "main"
        example = (ROOT / "profiles.example.yml").read_text()
        profiles = example.replace("\nfeature_warehouse:\n", "\nhost:\n")
        (project / "profiles.yml").write_text(profiles)
        self.env = {
            "DBT_PROFILES_DIR": str(project),
            "DBT_TARGET": engine,
            "DBT_TARGET_PATH": str(self.target),
            "DBT_LOG_PATH": str(project / "logs"),
            "FEATURE_WAREHOUSE_DUCKDB_PATH": str(project / f"{project.name}.duckdb"),
            "FEATURE_WAREHOUSE_PG_SCHEMA": project.name,
            **(server.env() if server else {}),
            **env,
        }

    def dbt(self, *arguments: str, code: int = 0, env: dict[str, str] | None = None) -> str:
        """Run dbt; what it said. AssertionError if it ends with another exit code."""
        result = dbt(*arguments, project=self.project, env=self.env | (env or {}), check=False)
        # dbt 2 has no code of its own for what stops the parser.
        wanted = min(code, 1) if IS_DBT_2 else code
        assert result.returncode == wanted, result.stdout + result.stderr
        return result.stdout

    def connect(self) -> Engine:
        """A session that the caller closes, for dbt wants DuckDB's file for itself."""
        if self.server:
            return PostgreSQL(self.server.uri, self.schema)
        return DuckDB(self.env["FEATURE_WAREHOUSE_DUCKDB_PATH"])

    @contextmanager
    def open(self) -> Iterator[Engine]:
        with closing(self.connect()) as engine:
            yield engine

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Run statements in a session of their own; the rows of the last one."""
        with self.open() as engine:
            return engine.ask(query)

    def compiled(self, model: str) -> str:
        return compiled(self.target, model)

    def manifest(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.target / "manifest.json").read_text())
        return content

    def results(self) -> dict[str, dict[str, Any]]:
        """What dbt's last run says of each node."""
        content = json.loads((self.target / "run_results.json").read_text())
        return {result["unique_id"].split(".")[2]: result for result in content["results"]}

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take on the environment of dbt, for commands that run in this process."""
        clear_environment(monkeypatch)
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)


class Built(Host):
    """A project that dbt has built, with a session that stays: on DuckDB on a copy of its file."""

    def __init__(self, project: Path, engine: str, server: Postgres | None = None) -> None:
        super().__init__(project, engine, server)
        self.dbt("build")
        if server:
            self.session = self.connect()
        else:
            file = Path(self.env["FEATURE_WAREHOUSE_DUCKDB_PATH"])
            (project / "copy").mkdir()
            self.session = DuckDB(copyfile(file, project / "copy" / file.name))

    def close(self) -> None:
        self.session.close()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.session.ask(query)

    def records(self, query: str) -> list[dict[str, Any]]:
        return self.session.records(query)

    def changed(self, *statements: str) -> AbstractContextManager[None]:
        return self.session.changed(*statements)

    def test(self, name: str) -> str:
        """The compiled SQL of a generic test."""
        [file] = (self.target / "compiled").rglob(f"{name}.sql")
        return file.read_text()

    def failures(self, test: str) -> list[dict[str, Any]]:
        """The rows that a generic test finds now."""
        return self.records(self.test(test))


def compiled(target: Path, model: str) -> str:
    """The SQL that dbt compiled in a target folder."""
    [file] = (target / "compiled").glob(f"*/models/{model}.sql")
    return file.read_text()
