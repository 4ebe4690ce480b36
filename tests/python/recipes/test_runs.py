"""The recipes run for real, in the tools they are written for: ``make test-recipes``."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any

import pytest
import yaml

from harness.support import ROOT
from recipes.shop import CASES, RECIPES, Case, Shop, shop, workflow_steps

__all__ = ["shop"]

TOOLS = ROOT / ".venv-recipes"
HERE = Path(__file__).parent
WORKFLOWS = RECIPES / "github-actions"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (TOOLS / "ready").is_file(),
        reason="Airflow, Dagster and the checkers are not here: `make test-recipes` installs them",
    ),
]

Client = Any
Outcome = Callable[[Case], Any]
"""Runs a pipeline of a scheduler once, and returns what it says."""


def tool(*command: str | Path, stdin: str = "") -> None:
    """Run a program of the tools' environment, which must find nothing wrong."""
    program, *arguments = command
    done = subprocess.run(
        [TOOLS / "bin" / program, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_have_the_schema_of_github() -> None:
    files = sorted(WORKFLOWS.glob("*.yml"))
    assert files
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)


@pytest.mark.parametrize("file", ["cronjob.yaml", "feature-server.yaml"])
def test_manifests_have_the_schema_of_kubernetes(file: str) -> None:
    tool("kubernetes-validate", "--strict", RECIPES / "kubernetes" / file)


def test_the_containerfile_is_sound() -> None:
    tool("hadolint", RECIPES / "container/Containerfile")


def test_shell_scripts_are_sound() -> None:
    tool("shellcheck", RECIPES / "publish.sh")
    for file in WORKFLOWS.glob("*.yml"):
        for step in workflow_steps(file):
            tool("shellcheck", "--shell=bash", "-", stdin=step["run"])


@pytest.mark.parametrize("name", CASES)
def test_publish_sh(shop: Shop, client: Client, name: str) -> None:
    case = CASES[name]
    shop.prepare(case, client)
    env = shop.env(case) | {"FEATURE_STORE_PAUSE": "0"}
    done = subprocess.run([RECIPES / "publish.sh"], env=env, capture_output=True, check=False)
    assert done.returncode == case.codes[-1]
    shop.assert_ended(case, client)


def test_airflow(shop: Shop, client: Client, tmp_path: Path) -> None:
    home = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(RECIPES / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
    }
    subprocess.run(
        [TOOLS / "bin/airflow", "db", "migrate"],
        env=shop.env(CASES["done"]) | home,
        check=True,
        capture_output=True,
    )
    with scheduler("run_airflow.py", RECIPES / "airflow", shop, client, home) as outcome:
        for case in CASES.values():
            state = "failed" if case.codes[-1] else "success"
            assert outcome(case) == {
                "build": ["success", 1],
                "publish": [state, len(case.codes)],
            }
            shop.assert_ended(case, client)


def test_dagster(shop: Shop, client: Client, tmp_path: Path) -> None:
    env = shop.env(CASES["done"])
    subprocess.run(
        [shop.bin / "dbt", "parse"], cwd=shop.project, env=env, check=True, capture_output=True
    )
    home = {"DAGSTER_HOME": str(tmp_path), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    built = {"labels", "orders", "visits", "churn"}
    gates = {"done": {"orders": True, "visits": True}}
    gates["the gate failed"] = {"orders": False, "visits": True}
    with scheduler("run_dagster.py", RECIPES / "dagster", shop, client, home) as outcome:
        for name, case in CASES.items():
            succeeded, made, checks = outcome(case)
            passed = gates.get(name, {})
            assert succeeded == (name == "done")
            assert set(made) == built | {f"online/{view}" for view, good in passed.items() if good}
            gate_checks = {key: good for key, good in checks.items() if key.endswith(":gate")}
            assert gate_checks == {f"online/{view}:gate": good for view, good in passed.items()}
            # dbt's own tests are checks too.
            assert checks["churn:not_null_churn_y"] is True
            shop.assert_ended(case, client)


@contextmanager
def scheduler(
    script: str, recipe: Path, shop: Shop, client: Client, home: dict[str, str]
) -> Iterator[Outcome]:
    """A process in the tools' environment, which runs a recipe's pipeline once for each case."""
    log = shop.folder / "scheduler.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [TOOLS / "bin/python", HERE / script, recipe],
            env=shop.env(CASES["done"]) | home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        sent, said = process.stdin, process.stdout

        def outcome(case: Case) -> Any:
            shop.prepare(case, client)
            sent.write(json.dumps(shop.env(case)) + "\n")
            sent.flush()
            printed = []
            for line in said:
                if line.startswith("OUTCOME "):
                    return json.loads(line.removeprefix("OUTCOME "))
                printed.append(line)
            raise AssertionError("".join(printed) + log.read_text())

        yield outcome
        sent.close()
    assert process.returncode == 0, log.read_text()


class GitHub:
    """Runs the steps of workflows as its runners do, with stand-ins for `gh` and `pip`."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.said = ""
        self.checkout = Path()
        shop.stand_in("pip", "true")
        # What the last run of publish.yml has uploaded, if there is one.
        self.uploaded = shop.folder / "uploaded"
        shop.stand_in(
            "gh",
            f'case "$1 $2" in "run list") echo 17 ;;'
            f' "run download") mkdir production && cp "{self.uploaded}"/* production ;; esac',
        )
        (shop.project / "scripts").mkdir()
        copyfile(RECIPES / "publish.sh", shop.project / "scripts/publish.sh")

    def run(self, workflow: str, job: str) -> dict[str, int]:
        """Run a job in a fresh checkout; the exit code of each step up to the one that fails."""
        content = yaml.safe_load((WORKFLOWS / workflow).read_text())
        number = len(list(self.shop.folder.glob("checkout*")))
        checkout = self.shop.folder / f"checkout{number}"
        copytree(self.shop.project, checkout, symlinks=True)
        env = self.shop.env(CASES["done"])
        del env["FEATURE_STORE_BIN"], env["DBT_TARGET_PATH"], env["DBT_PROFILES_DIR"]
        env["PATH"] = f"{self.shop.bin}{os.pathsep}{env['PATH']}"
        env["FEATURE_STORE_PAUSE"] = "0"
        env |= plain(content["env"])
        codes = {}
        for step in content["jobs"][job]["steps"]:
            if step.get("uses", "").startswith("actions/upload-artifact"):
                self.uploaded.mkdir(exist_ok=True)
                for path in step["with"]["path"].split():
                    copyfile(checkout / path, self.uploaded / Path(path).name)
            if "run" not in step:
                continue
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=checkout,
                env=env | plain(step.get("env", {})) | {"PULL_REQUEST": "5"},
                capture_output=True,
                text=True,
                check=False,
            )
            codes[step.get("name", step["run"])] = done.returncode
            if done.returncode:
                self.said = done.stdout + done.stderr
                break
        self.checkout = checkout
        return codes


def plain(variables: dict[str, str]) -> dict[str, str]:
    """Without those that GitHub fills in."""
    return {name: text for name, text in variables.items() if "${{" not in text}


def test_github_actions(shop: Shop, client: Client) -> None:
    github = GitHub(shop)
    shop.prepare(CASES["done"], client)
    assert github.run("publish.yml", "publish")["Build and publish"] == 0, github.said
    assert client.exists(shop.names.pointer("orders"))

    # A change that breaks nobody: what it needs and does not change is read from production.
    churn = shop.project / "models/churn.sql"
    churn.write_text(f"-- as before\n{churn.read_text()}")
    codes = github.run("pull-request.yml", "plan")
    assert codes["Comment the plan"] == 0, github.said
    comment = (github.checkout / "comment.md").read_text()
    assert "1 republish" in comment or "safe" in comment
    codes = github.run("pull-request.yml", "build")
    assert set(codes.values()) == {0}, github.said
    built = [command for command, _ in shop.runs() if command.startswith("dbt build --")]
    assert len(built) == 2

    # A feature that the service has is gone: the comment is written, and then the job fails.
    (shop.project / "models/orders.sql").write_text(
        (shop.project / "models/orders.sql").read_text().replace("as amount", "as total")
    )
    models = shop.project / "models/models.yml"
    models.write_text(
        models.read_text().replace('"amount", "data_type"', '"total", "data_type"', 1)
    )
    models.write_text(models.read_text().replace('"column": "amount"', '"column": "total"'))
    codes = github.run("pull-request.yml", "plan")
    assert codes["Comment the plan"] == 1, github.said
    assert "churn" in (github.checkout / "comment.md").read_text()
    comment = "gh pr comment 5 --body-file comment.md --edit-last --create-if-none"
    assert shop.runs()[-1] == (comment, 0)
