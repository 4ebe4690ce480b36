"""The recipes are well-formed, and what they call, and do with exit codes, is what there is."""

import ast
import fcntl
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from dbt.cli.main import cli

from docs_pages import filled
from feature_warehouse import __version__
from feature_warehouse.cli import app
from feature_warehouse.server.routes import OPEN
from feature_warehouse.server.workers import SPARE
from harness.support import ROOT
from recipes.shop import RECIPES, TRIES, workflow_steps

FILES = sorted(
    file for file in RECIPES.rglob("*") if file.is_file() and "__pycache__" not in file.parts
)
WORKFLOWS = sorted((RECIPES / "github-actions").glob("*.yml"))
# Typer has a click of its own, which is not dbt's.
PROGRAMS: dict[str, Any] = {"dbt": cli, "feature-warehouse": typer.main.get_command(app.app)}
CRONJOB: dict[str, Any] = yaml.safe_load((RECIPES / "kubernetes/cronjob.yaml").read_text())
JOB = CRONJOB["spec"]["jobTemplate"]["spec"]
POD = JOB["template"]["spec"]
DEPLOYMENT, SERVICE, _ = yaml.safe_load_all(
    (RECIPES / "kubernetes/feature-server.yaml").read_text()
)
[SERVER] = DEPLOYMENT["spec"]["template"]["spec"]["containers"]


def documented() -> dict[int, str]:
    """Each exit code with what a scheduler does, from the reference."""
    text = (ROOT / "docs/reference/exit-codes.md").read_text()
    rows = re.findall(r"^\| ([\d, ]+) \|.*\| (.*) \|$", text, re.MULTILINE)
    return {int(code): does for codes, does in rows for code in codes.split(", ")}


PASSING = {code for code, does in documented().items() if does.startswith("repeats")}
LASTING = {code for code, does in documented().items() if does.startswith("alerts")}


def test_the_documented_codes() -> None:
    assert {3, 4, 130, 143} == PASSING
    assert {1, 2, 70} == LASTING


def commands(file: Path) -> Iterator[list[str]]:
    """Every call of dbt and of feature-warehouse."""
    lines: list[str] = []
    if file in WORKFLOWS:
        scripts = [step["run"].replace("\\\n", "") for step in workflow_steps(file)]
        lines = [line for script in scripts for line in script.splitlines()]
    elif file.suffix == ".sh":
        lines = file.read_text().splitlines()
    elif file.suffix == ".py":
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.List):
                words = [ast.unparse(each).rpartition(" / ")[2].strip("'") for each in node.elts]
                lines.append(shlex.join(words) if "build" not in words[:1] else f"dbt {words[0]}")
    else:
        lines = commands_of_containers().get(file.name, [])
    for line in lines:
        words = shlex.split(re.split(r" (?:\|\||&&|>) ", line)[0], comments=True)
        if words and words[0] in PROGRAMS:
            yield words


def commands_of_containers() -> dict[str, list[str]]:
    image = (RECIPES / "container/Containerfile").read_text()
    words = re.findall(r"^(?:ENTRYPOINT|CMD) (.*)$", image, re.MULTILINE)
    pods = [*POD["initContainers"], *POD["containers"]]
    return {
        "cronjob.yaml": [shlex.join(container["command"]) for container in pods],
        "feature-server.yaml": [shlex.join(["feature-warehouse", "serve", *SERVER["args"]])],
        "Containerfile": [shlex.join([word for each in words for word in json.loads(each)])],
    }


def test_every_command_and_option_exists() -> None:
    called = set()
    for file in FILES:
        for program, name, *arguments in commands(file):
            command = PROGRAMS[program].commands[name]
            known = {option for each in command.params for option in each.opts}
            options = {word for word in arguments if word.startswith("-")}
            assert options <= known, (file.name, program, name)
            called.add((file.name, program, name))
    assert called >= {
        *((name, "dbt", "build") for name in ("publish.sh", "feature_store.py", "cronjob.yaml")),
        *(
            (name, "feature-warehouse", "materialize")
            for name in ("publish.sh", "feature_store.py", "cronjob.yaml", "definitions.py")
        ),
        ("definitions.py", "dbt", "build"),
        ("pull-request.yml", "dbt", "build"),
        ("pull-request.yml", "feature-warehouse", "plan"),
        ("publish.yml", "dbt", "deps"),
        ("Containerfile", "feature-warehouse", "serve"),
        ("feature-server.yaml", "feature-warehouse", "serve"),
    }


@pytest.mark.parametrize("file", ["airflow/feature_store.py", "dagster/definitions.py"])
def test_python_repeats_what_passes(file: str) -> None:
    tree = ast.parse((RECIPES / file).read_text())
    [repeated] = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "REPEATED"
    ]
    assert isinstance(repeated, ast.Call)
    assert set(ast.literal_eval(repeated.args[0])) == PASSING


def test_the_cron_job_of_kubernetes() -> None:
    [lasting, drained] = JOB["podFailurePolicy"]["rules"]
    assert lasting["action"] == "FailJob"
    assert lasting["onExitCodes"]["operator"] == "In"
    assert set(lasting["onExitCodes"]["values"]) == LASTING
    assert lasting["onExitCodes"]["containerName"] == POD["containers"][0]["name"]
    assert drained["action"] == "Ignore"
    # Kubernetes heeds the policy for such pods only.
    assert POD["restartPolicy"] == "Never"
    assert CRONJOB["spec"]["concurrencyPolicy"] == "Forbid"
    assert JOB["backoffLimit"] == TRIES - 1
    volumes = {volume["name"] for volume in POD["volumes"]}
    for container in [*POD["initContainers"], *POD["containers"]]:
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_the_feature_server_in_kubernetes() -> None:
    spec = DEPLOYMENT["spec"]["template"]["spec"]
    options = dict(zip(SERVER["args"][:-1:2], SERVER["args"][1::2], strict=True))
    needed = float(options["--drain"]) + float(options["--max-seconds"]) + SPARE
    assert spec["terminationGracePeriodSeconds"] > needed
    # Not ready is seen while it drains, whenever a probe came last.
    probe = SERVER["readinessProbe"]
    assert probe["periodSeconds"] * (probe["failureThreshold"] + 1) < float(options["--drain"])
    assert {SERVER[f"{one}Probe"]["httpGet"]["path"] for one in ("readiness", "liveness")} == OPEN
    assert SERVICE["spec"]["selector"] == DEPLOYMENT["spec"]["selector"]["matchLabels"]
    image = (RECIPES / "container/Containerfile").read_text()
    assert SERVER["image"] in image
    [port] = SERVER["ports"]
    assert f'"--port", "{port["containerPort"]}"' in image
    assert f"EXPOSE {port['containerPort']}\n" in image
    assert f"feature-warehouse[server]=={__version__}" in image


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_workflows(file: Path) -> None:
    content = yaml.safe_load(file.read_text())
    # YAML 1.1 takes `on` for true.
    assert {"name", True, "permissions", "concurrency", "jobs"} <= content.keys()
    assert "write-all" not in str(content["permissions"])
    for job in content["jobs"].values():
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), step
            assert re.fullmatch(r"[\w/-]+@v\d+", step.get("uses", "actions/checkout@v4"))
            # What GitHub would put into a script might be somebody's command.
            assert "${{" not in step.get("run", "")
            assert_parsed("bash", step.get("run", ""))


def assert_parsed(shell: str, script: str) -> None:
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_is_one_of_any_shell() -> None:
    script = (RECIPES / "publish.sh").read_text()
    assert script.startswith("#!/bin/sh\n")
    for shell in ("sh", "bash"):
        assert_parsed(shell, script)


def test_the_crontab() -> None:
    lines = [
        line
        for line in (RECIPES / "cron/crontab").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    *variables, job = lines
    assert all(re.fullmatch(r"[A-Z_]+=\S+", line) for line in variables)
    assert re.fullmatch(r"\d+( \*){4} /srv/shop/publish\.sh", job)
    named = {line.partition("=")[0] for line in variables}
    assert {"FEATURE_STORE_PROJECT", "FEATURE_STORE_BIN", "DBT_TARGET", "REDIS_URL"} <= named


class Script:
    """publish.sh with programs that end as they are told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.ends("dbt", 0)

    def ends(self, program: str, *codes: int) -> None:
        """The exit codes of its runs, the last of all that follow."""
        lines = [f"echo {program} >> runs"]
        lines += [
            f"[ $(grep -c {program} runs) = {n} ] && exit {c}" for n, c in enumerate(codes, 1)
        ]
        file = self.bin / program
        file.write_text("\n".join(["#!/bin/sh", *lines, f"exit {codes[-1]}\n"]))
        file.chmod(0o755)

    def run(self) -> tuple[int, list[str]]:
        """The exit code, and which programs were run."""
        env = {"FEATURE_STORE_PROJECT": str(self.folder), "FEATURE_STORE_BIN": str(self.bin)}
        env |= {"FEATURE_STORE_PAUSE": "0", "PATH": os.environ["PATH"]}
        done = subprocess.run([RECIPES / "publish.sh"], env=env, capture_output=True, check=False)
        runs = self.folder / "runs"
        return done.returncode, runs.read_text().split() if runs.exists() else []


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


@pytest.mark.parametrize("code", sorted(documented()))
def test_the_script_repeats_what_passes(script: Script, code: int) -> None:
    script.ends("feature-warehouse", code)
    ended, runs = script.run()
    assert ended == code
    assert runs == ["dbt", *["feature-warehouse"] * (TRIES if code in PASSING else 1)]


def test_the_script_ends_when_it_has_published(script: Script) -> None:
    script.ends("feature-warehouse", 3, 4, 0)
    assert script.run() == (0, ["dbt", *["feature-warehouse"] * 3])
    (script.folder / "runs").unlink()
    script.ends("feature-warehouse", 4, 1)
    assert script.run() == (1, ["dbt", *["feature-warehouse"] * 2])


@pytest.mark.parametrize("code", [1, 2])
def test_the_script_publishes_nothing_after_a_build_that_failed(script: Script, code: int) -> None:
    script.ends("dbt", code)
    script.ends("feature-warehouse", 0)
    assert script.run() == (code, ["dbt"])


def test_the_script_runs_once_at_a_time(script: Script) -> None:
    script.ends("feature-warehouse", 0)
    with (script.folder / ".publish.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert script.run() == (4, [])
    assert script.run() == (0, ["dbt", "feature-warehouse"])


def test_every_recipe_is_shown() -> None:
    page = (ROOT / "docs/how-to/recipes.md").read_text()
    for file in FILES:
        assert f"](../../{file.relative_to(ROOT)})" in page, file
        assert file.read_text() in filled(page), file
