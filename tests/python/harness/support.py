"""What several test modules use. No expected value comes from here."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from harness.forks import forks
from local_postgres import Postgres

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
# In the environment of scripts/dbt2_env.py, where dbt is dbt 2 and nobody can import dbt-core.
IS_DBT_2 = (BIN.parent / "engine").is_dir()
IS_TRACED = any(name.startswith("COVERAGE_") for name in os.environ)
"""Whether coverage counts the lines that commands run, which forks do not."""


def run(
    *command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None, check: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a program of this virtual environment, with output captured as text."""
    program, *arguments = map(str, command)
    environment = {**_clean_environment(), **(env or {})}
    if program == "feature-warehouse" and not IS_DBT_2 and not IS_TRACED:
        result = forks().run((program, *arguments), cwd, environment)
    else:
        result = subprocess.run(
            [str(BIN / program), *arguments],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    if check and result.returncode:
        raise AssertionError(f"{program} failed:\n{result.stdout}\n{result.stderr}")
    return result


def dbt(
    *arguments: str, project: Path = ROOT, env: dict[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run dbt on a project; without ``check`` also when it fails."""
    if IS_DBT_2:
        _mend(project)
        result = run("dbt", *_lenient(arguments), cwd=project, env=dbt_environment(env or {}))
        result.stdout += result.stderr
    else:
        result = forks().run(("dbt", *arguments), project, dbt_environment(env or {}))
    if check and result.returncode:
        raise AssertionError(f"dbt failed:\n{result.stdout}\n{result.stderr}")
    return result


def _lenient(arguments: tuple[str, ...]) -> Iterator[str]:
    """What dbt 2 alone warns of is no error: constraints of views."""
    for text in arguments:
        if text == "--warn-error":
            yield "--warn-error-options"
            yield '{"error": "all", "warn": ["UnsupportedConstraintMaterialization"]}'
        else:
            yield text


def dbt_environment(env: dict[str, str]) -> dict[str, str]:
    """All that dbt finds in its environment."""
    quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_USE_COLORS": "false"}
    if IS_DBT_2:
        # Its parser of SQL does not know all of DuckDB's, and warns.
        quiet["DBT_STATIC_ANALYSIS"] = "off"
    return {**_clean_environment(), **quiet, **env}


def assert_reads_well(model: Path, engine: str, folder: Path) -> None:
    """Apply the rules of the repository, but for what the declarations decide, to compiled SQL.

    Those are RF04 and RF06: which words are names, and that dbt quotes relations; AM04: a label
    set's columns are all taken; ST06: the features stand in the order of the service. And RF03: a
    lookup says whose key it is, for the labels have one of that name.
    """
    copy = folder / model.name
    copy.write_text(model.read_text() + "\n")  # dbt strips the end of every model
    result = run(
        "sqlfluff",
        "lint",
        "--disable-progress-bar",
        *("--config", ROOT / ".sqlfluff", "--templater", "raw", "--dialect", engine),
        *("--exclude-rules", "RF03,RF04,RF06,AM04,ST06"),
        copy,
    )
    assert result.returncode == 0, result.stdout


def credentials_of(server: Postgres) -> SimpleNamespace:
    """What dbt's profile would give."""
    options = ("sslmode", "sslcert", "sslkey", "sslrootcert", "connect_timeout", "role")
    return SimpleNamespace(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        database=server.dbname,
        **dict.fromkeys(options),
    )


def postgres_output(server: Postgres, schema: str, threads: int = 1) -> dict[str, Any]:
    """An output of a dbt profile."""
    return {
        "type": "postgres",
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "dbname": server.dbname,
        "schema": schema,
        "threads": threads,
    }


def clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away from this process what would point a test at something real."""
    for name in os.environ.keys() - _clean_environment().keys():
        monkeypatch.delenv(name)


def write_yaml(file: Path, content: dict[str, Any]) -> None:
    file.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _mend(project: Path) -> None:
    """dbt 2.0.0rc196 forgets to quote the columns of a contract on DuckDB, which dbt 1 does not."""
    if project != ROOT and (project / "dbt_project.yml").is_file():
        (project / "macros").mkdir(exist_ok=True)
        (project / "macros" / "get_column_names.sql").write_text(_QUOTED)


_QUOTED = """
{% macro get_column_names() %}
    (
    {% for name in model.columns %}{{ adapter.quote(name) }}{{ ', ' if not loop.last }}{% endfor %}
    )
{% endmacro %}
"""


def _clean_environment() -> dict[str, str]:
    """The caller's environment without what would point a test at something real."""
    prefixes = ("DBT_", "FEATURE_WAREHOUSE_", "REDIS_", "PG")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
