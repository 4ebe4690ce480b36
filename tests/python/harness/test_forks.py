"""A command in a fork is what a new interpreter would be, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feature_warehouse import dbt_project
from feature_warehouse.dbt_project import DbtProject
from feature_warehouse.errors import UsageError
from harness.forks import NOWHERE, forks
from harness.redis_servers import eventually
from harness.support import BIN, clear_environment, dbt, dbt_environment

HANGING = """
{% macro hang() %}
  {{ log(env_var('WORD') ~ modules.datetime.datetime.now().astimezone().tzname(), info=true) }}
  {{ run_query("select count(*) from range(1e15::bigint)") if env_var('HANG', '') }}
{% endmacro %}
"""
GONE = """
import os, sys
from harness.forks import Forks, NOWHERE
forks = Forks(prepared=False)
run = forks.start(("dbt", "run-operation", "hang"), sys.argv[1], dict(os.environ), NOWHERE, NOWHERE)
print(forks.pid, run, flush=True)
os._exit(0)
"""
HERE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forks")
    output = {"type": "duckdb", "path": ":memory:"}
    profile = {"target": "dev", "outputs": {"dev": output}}
    (folder / "dbt_project.yml").write_text('{"name": "hanging", "profile": "hanging"}')
    (folder / "profiles.yml").write_text(json.dumps({"hanging": profile}))
    (folder / "macros").mkdir()
    (folder / "macros" / "hang.sql").write_text(HANGING)
    (folder / "models").mkdir()
    (folder / "models" / "one.sql").write_text("select 1 as id")
    return folder


def test_each_run_has_its_own_environment_folder_and_exit_code(project: Path) -> None:
    call = ("run-operation", "hang")
    first = dbt(*call, project=project, env={"WORD": "one ", "TZ": "Asia/Tokyo"})
    assert "one JST" in first.stdout
    second = dbt(*call, project=project, env={"WORD": "two ", "TZ": "UTC"}, check=False)
    assert "two UTC" in second.stdout
    assert "one" not in second.stdout
    with pytest.raises(AssertionError, match="Env var required but not provided: 'WORD'"):
        dbt(*call, project=project)
    unknown = dbt("--no-such-option", project=project, check=False)
    assert unknown.returncode == 2
    assert unknown.stdout == ""
    assert unknown.stderr.startswith("Usage: dbt ")
    assert "reference" not in unknown.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("get", "--no-such-option"),
        ("status", "--redis-url", "redis://127.0.0.1:1"),
        ("validate", "--profiles-dir", "nowhere"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_our_command_line_says_what_it_says_in_an_interpreter(
    arguments: tuple[str, ...], project: Path
) -> None:
    command = ("feature-warehouse", *arguments)
    found = forks().run(command, project, dbt_environment({}))
    alone = subprocess.run(
        [BIN / command[0], *arguments],
        cwd=project,
        env=dbt_environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    said = (alone.returncode, alone.stdout, alone.stderr)
    assert (found.returncode, found.stdout, found.stderr) == said
    assert alone.stdout + alone.stderr


@pytest.mark.dbt_1
def test_a_question_of_the_package_has_the_same_answer_without_a_fork(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear_environment(monkeypatch)
    dbt("parse", project=project)
    asked: list[tuple[str, ...]] = []

    def seen(command: tuple[str, ...], *rest: Any) -> "subprocess.CompletedProcess[str]":
        asked.append(command)
        return forks_run(command, *rest)

    forks_run = forks().run
    monkeypatch.setattr(forks(), "run", seen)
    for _ in range(2):
        assert DbtProject(project).select(["one"], []) == {"model.hanging.one"}
        with pytest.raises(UsageError, match="is not a valid method name"):
            DbtProject(project, target="dev").select(["nonsense:two"], [])
        monkeypatch.setattr(dbt_project, "subprocess", subprocess)
    assert len(asked) == 2
    assert {command[:2] for command in asked} == {("python", "-m")}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_a_run_as_it_would_the_command(project: Path, number: int) -> None:
    hanging = dbt_environment({"WORD": "", "HANG": "yes"})
    command = ("dbt", "run-operation", "hang")
    os.kill(forks().start(command, project, hanging, NOWHERE, NOWHERE), number)
    assert forks().wait() == -number


def test_nothing_outlives_the_tests(project: Path) -> None:
    command = [sys.executable, "-c", GONE, str(project)]
    environment = dbt_environment({"WORD": "", "HANG": "yes"})
    answer = subprocess.run(command, cwd=HERE, env=environment, stdout=subprocess.PIPE, check=True)
    server, run = map(int, answer.stdout.split())
    eventually(lambda: _is_gone(server) and _is_gone(run), "an end")


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
